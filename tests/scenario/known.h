/*
 * What random flows leave out for now: faults that are known, each with what it waits for.
 * One table, known.c; empty is the aim.
 */
#pragma once

#include <stdbool.h>

enum known {
	KNOWN_NOTHING,
	KNOWN_COUNT,
};

/* Which of them are left out. */
struct known_set {
	bool out[KNOWN_COUNT];
};

/* As the table says; ALL_IN: nothing is left out. */
void known_init(struct known_set *set, bool all_in);
bool known_is_out(const struct known_set *set, enum known known);
