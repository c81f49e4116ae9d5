/*
 * A plan as files: the configuration of its words, and what the far ends need. tandemctl's only thread.
 */
#pragma once

#include "base/buf.h"
#include "setup/args.h"
#include "setup/plan.h"
#include "setup/sides.h"

struct layout_params {
	const struct plan *plan;
	const struct sides *sides;      /* where its files will be */
	const char *share;              /* templates in SHARE/setup; NULL: as installed */
	const struct args_values *sets; /* SECTION.KEY=VALUE */
	bool crl;                       /* both sides have lists */
};

struct layout {
	struct buf main, gateway;        /* tandem.conf, gateways.d/ID.conf */
	struct buf pbx_side, trunk_side; /* for the programs there */
	char run_dir[PATH_MAX];          /* "": the one of the package */
};

/* Whether each of SETS is SECTION.KEY=VALUE, as the schema has it. 0, or ERR_FORMAT with TEXT. */
int layout_check_sets(const struct args_values *sets, struct err_text *text);
/* Fills RET, which layout_drop() frees, also on failure. 0, or negative with TEXT. */
int layout_make(
	struct layout *ret, const struct layout_params *params, struct err_text *text);
void layout_drop(struct layout *layout);
/* Reads MAIN and GATEWAY as the server will, in a folder of their own; mistakes go to standard error. 0, or
 * negative with TEXT. */
int layout_check(
	const struct layout *layout, const struct plan *plan, struct err_text *text);
