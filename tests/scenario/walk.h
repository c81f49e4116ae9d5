/* One random flow: made from a seed, or played again from its steps; and what the judge says. */
#pragma once

#include "known.h"
#include "steps.h"

#include "base/err.h"

#include <stdint.h>

struct walk_params {
	uint64_t seed;
	unsigned events; /* at least so many steps; 0: as the seed says */
	/* instead of those of the seed, which random numbers come from all the same; NULL: none */
	const struct steps *steps;
	const struct known_set *known;
	struct outside *outside; /* a Tandem that is not in this process; NULL: none */
	bool lenient;            /* only what is left over in the end counts */
	/* Each step before it is played, so that it is known when the process dies. */
	void (*step_h)(void *arg, const char *text);
	void *arg;
};

struct walk_result {
	const char *rule; /* what was broken; NULL: nothing */
	char text[600];
	unsigned events;
	struct buf scenario; /* the steps, with what came of them as `expect` */
	struct buf ladder;
};

void walk_run(const struct walk_params *params, struct walk_result *ret);
/* STEPS become those of the scenario at PATH, but what it expects. 0, or negative with TEXT. */
int walk_read(struct steps *steps, const char *path, struct err_text *text);
void walk_result_free(struct walk_result *result);
