/*
 * "Did you mean": the known word nearest to one that is not known. Any thread.
 */
#pragma once

#include <stddef.h>

struct nearest {
	const char *to;   /* the unknown word; borrowed */
	const char *word; /* the best so far; NULL: none is near enough */
	size_t distance;
};

/* Near is at most 2 letters changed, added or left out, or a third of TO's. */
struct nearest nearest_to(const char *to);
/* WORD is borrowed while it is the best. */
void nearest_try(struct nearest *nearest, const char *word);
