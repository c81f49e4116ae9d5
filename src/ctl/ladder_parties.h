/*
 * Who is in a ladder, and in which column each of them is drawn: who called to the left of us, the others to the right.
 * Pure; tandemctl's only thread.
 */
#pragma once

#include <jansson.h>

/* Columns at most: a ladder has no more parties (admin/ladder.h), and us. */
#define LADDER_LANES_MAX 17
/* Messages of one ladder that are drawn. */
#define LADDER_ROWS_MAX 1000
#define LADDER_KEY_SIZE 24

struct ladder_parties {
	const json_t *list; /* "parties"; borrowed */
	unsigned count, left;
	unsigned lane_of[LADDER_LANES_MAX]; /* the column of each, from 0; ours is LEFT */
	unsigned repeats
		[LADDER_ROWS_MAX]; /* how often each message came; 0: it was shown before */
};

/* Of LADDER, of call-show.json. */
void ladder_parties_read(struct ladder_parties *ret, const json_t *ladder);
/* Which of them MESSAGE is of; COUNT: of nobody that is known. */
unsigned ladder_parties_of(const struct ladder_parties *parties, const json_t *message);
/* The column of MESSAGE; that of nobody is ours. */
unsigned ladder_parties_lane(const struct ladder_parties *parties, const json_t *message);
/* "a", "b", "b2": the leg, and which of several that is. Returns RET. */
const char *ladder_parties_key(const struct ladder_parties *parties, unsigned index,
	char ret[static LADDER_KEY_SIZE]);
