/* A flow in a process of its own, so that a crash or a hang is a verdict like others. */
#pragma once

#include "walk.h"

struct trial {
	char *rule;     /* NULL: it passed; "crash", "hang", or the judge's */
	char *text;     /* how */
	char *scenario; /* the steps and what came of them; not after a crash */
	char *ladder;
	struct steps steps; /* all that were played */
};

/* QUIET: what a dying process says (sanitizers) is not shown. */
void trial_run(const struct walk_params *params, bool quiet, struct trial *ret);
void trial_free(struct trial *trial);
/* Fewest steps, played as LIKE says but for its own, that break the same rule: *STEPS is replaced. */
void trial_shrink(struct steps *steps, const struct walk_params *like, const char *rule);
