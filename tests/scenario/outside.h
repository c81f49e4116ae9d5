/*
 * The seam of the stage: a Tandem that is not part of this process. Without one the stage has the
 * bridge inside, on a virtual clock (stage.c); with one, live.c, what is played goes to a tandemd
 * of its own. Parties, endpoints, letters and judges are the same.
 */
#pragma once

#include "stage.h"

/* The step is none of Tandem's surroundings: the stage plays it. */
#define OUTSIDE_NOT_MINE 1

struct outside_ops {
	/* The settings of the stage become those of a running Tandem. 0, or negative with TEXT. */
	int (*start)(struct outside *outside, struct err_text *text);
	int (*reload)(struct outside *outside, struct err_text *text);
	/* An open flow from PARTY to Tandem; NULL: it cannot be had. */
	struct flow *(*flow)(struct outside *outside, struct party *party);
	/* Whether the flow of that id is open, and whether its party reads nothing. */
	bool (*is_open)(struct outside *outside, uint64_t flow);
	bool (*stalls)(struct outside *outside, const struct flow *flow);
	/* TEXT goes to Tandem over FLOW; stage_came() is called where it was taken. */
	bool (*deliver)(struct outside *outside, const struct stage_passed *passed,
		const char *text);
	/* Lets MS pass, 0: only until nothing moves any more. */
	void (*advance)(struct outside *outside, uint64_t ms);
	/* A step of the world, of an operator or of a connection. 0, negative with ERROR, or
	 * OUTSIDE_NOT_MINE. */
	int (*play)(
		struct outside *outside, const struct step *step, struct err_text *error);
	/* Nothing may be left. 0, or negative with ERROR. */
	int (*end)(struct outside *outside, struct err_text *error);
};

struct outside {
	const struct outside_ops *ops;
	struct stage *stage; /* set by whoever makes the stage */
	bool running;
	uint64_t slack_us; /* what it does is seen so much later at most */
};
