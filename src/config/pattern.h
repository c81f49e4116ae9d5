/*
 * Beginnings of numbers, as prefixes and callers have them: what each place of a number may be, and
 * whether the number ends behind. A pattern is at most as long as a number is read, so that whatever is
 * configured, a match takes one look at each place: nothing is tried again, as regular expressions do.
 * Pure. Any thread.
 *
 *   0-9 + * # and all else   that character
 *   X  Z  N                  a digit: 0-9, 1-9, 2-9
 *   [2-57]                   one of these; a - between two digits is a range
 *   $  (at the end)          the number ends here
 */
#pragma once

#include "base/span.h"

/* Places in a pattern, its end not counted. */
#define PATTERN_MAX 64

/* What one place may be: a bit for each character of ASCII. */
struct pattern_set {
	uint64_t bits[2];
};

struct pattern {
	struct pattern_set places[PATTERN_MAX];
	unsigned count;
	bool ends; /* nothing may follow */
};

/* How well a number fits. The longer, then the more exact pattern is the better one. */
struct pattern_fit {
	unsigned length; /* places; the end counts as one */
	unsigned exact;  /* those of them that are one character alone, and the end */
};

/* Reads TEXT, which is not empty. 0; ERR_FORMAT, with *RET_BAD, the part of TEXT from the fault on. */
int pattern_parse(struct pattern *ret, struct span text, struct span *ret_bad);
/* Whether NUMBER begins as PATTERN says, or is it as a whole where that ends. */
bool pattern_matches(const struct pattern *pattern, struct span number);
struct pattern_fit pattern_fit(const struct pattern *pattern);
/* Below 0: A is the better one; above: B is. */
int pattern_fit_compare(struct pattern_fit a, struct pattern_fit b);

static inline bool pattern_set_has(const struct pattern_set *set, char c)
{
	const unsigned char at = (unsigned char)c;

	return at < 128 && (set->bits[at / 64] >> at % 64 & 1);
}
/* Whether it is one character alone. */
bool pattern_set_is_exact(const struct pattern_set *set);
