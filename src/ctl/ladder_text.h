/*
 * A call's ladder as lines of ASCII: a column for each party, an arrow for each message. What peers sent is shown by
 * printable characters alone. Pure; tandemctl's only thread.
 */
#pragma once

#include "base/buf.h"
#include "ctl/ladder_parties.h"

#include <jansson.h>
#include <stdbool.h>

/* Where columns are. */
struct ladder_lanes {
	unsigned count;                /* 0: there is no room for them */
	unsigned us;                   /* which of them is ours */
	unsigned at[LADDER_LANES_MAX]; /* how far from the left */
	unsigned width;                /* of a line */
};

/* LEFT and RIGHT: parties on each side of us; TIMES: what stands before; TAIL: what is kept free behind. WIDTH 0: as wide as is
 * well. False: it is too narrow for that many. */
bool ladder_lanes_make(struct ladder_lanes *ret, unsigned left, unsigned right,
	unsigned width, unsigned times, unsigned tail);

/* Appends one message, "messages" of call-show.json, whose party has column LANE, as an arrow, and below it what its body says. TIME
 * stands before it, TAIL behind; REPEATS: how often it came. */
struct ladder_arrow {
	const json_t *message;
	unsigned lane;
	const char *time, *tail;
	unsigned repeats;
};
void ladder_arrow(const struct ladder_lanes *lanes, const struct ladder_arrow *arrow,
	struct buf *out);

/* Appends all of LADDER, of call-show.json, as WIDTH columns show it; 0: as many as are well. */
void ladder_text(const json_t *ladder, unsigned width, struct buf *out);
