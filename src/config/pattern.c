#include "config/pattern.h"

#include "base/err.h"

static void set_add(struct pattern_set *set, char c)
{
	const unsigned char at = (unsigned char)c;

	set->bits[at / 64] |= UINT64_C(1) << at % 64;
}

static void set_range(struct pattern_set *set, char first, char last)
{
	for (char c = first; c <= last; c++)
		set_add(set, c);
}

bool pattern_set_is_exact(const struct pattern_set *set)
{
	return __builtin_popcountll(set->bits[0]) + __builtin_popcountll(set->bits[1]) ==
	       1;
}

/* What parts a word, quotes or ends it is no part of a number. */
static bool is_place(char c)
{
	return c > ' ' && c < 127 && c != ']' && c != '"' && c != ',' && c != '$';
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* REST begins behind "[": one character, or a range of digits, is taken off it. */
static bool take_item(struct pattern_set *set, struct span *rest)
{
	const char first = rest->p[0];

	if (!is_place(first) || first == '[')
		return false;
	if (rest->len >= 3 && rest->p[1] == '-' && rest->p[2] != ']') {
		if (!is_digit(first) || !is_digit(rest->p[2]) || rest->p[2] < first)
			return false;
		set_range(set, first, rest->p[2]);
		rest->p += 3;
		rest->len -= 3;
		return true;
	}
	set_add(set, first);
	rest->p++;
	rest->len--;
	return true;
}

static bool take_class(struct pattern_set *set, struct span *rest)
{
	struct span inner = {.p = rest->p + 1, .len = rest->len - 1};

	if (!inner.len || inner.p[0] == ']')
		return false;
	while (inner.len && inner.p[0] != ']') {
		if (!take_item(set, &inner)) {
			*rest = inner;
			return false;
		}
	}
	if (!inner.len)
		return false; /* it has no end: the fault is where it begins */
	rest->p = inner.p + 1;
	rest->len = inner.len - 1;
	return true;
}

/* One place is taken off REST. False: REST begins with the fault. */
static bool take_place(struct pattern_set *set, struct span *rest)
{
	static const struct {
		char letter, first;
	} digits[] = {{'X', '0'}, {'Z', '1'}, {'N', '2'}};
	const char c = rest->p[0];

	if (c == '[')
		return take_class(set, rest);
	if (!is_place(c))
		return false;
	for (size_t i = 0; i < sizeof(digits) / sizeof(digits[0]); i++)
		if (digits[i].letter == c)
			set_range(set, digits[i].first, '9');
	if (!set->bits[0] && !set->bits[1])
		set_add(set, c);
	rest->p++;
	rest->len--;
	return true;
}

int pattern_parse(struct pattern *ret, struct span text, struct span *ret_bad)
{
	struct pattern pattern = {.count = 0};
	struct span rest = text;

	while (rest.len) {
		if (rest.len == 1 && rest.p[0] == '$' && pattern.count) {
			pattern.ends = true;
			break;
		}
		if (pattern.count == PATTERN_MAX ||
			!take_place(&pattern.places[pattern.count], &rest)) {
			*ret_bad = rest;
			return ERR_FORMAT;
		}
		pattern.count++;
	}
	if (!pattern.count) {
		*ret_bad = text;
		return ERR_FORMAT;
	}
	*ret = pattern;
	return 0;
}

bool pattern_matches(const struct pattern *pattern, struct span number)
{
	if (number.len < pattern->count || (pattern->ends && number.len > pattern->count))
		return false;
	for (unsigned i = 0; i < pattern->count; i++)
		if (!pattern_set_has(&pattern->places[i], number.p[i]))
			return false;
	return true;
}

struct pattern_fit pattern_fit(const struct pattern *pattern)
{
	const unsigned end = pattern->ends ? 1 : 0;
	struct pattern_fit fit = {.length = pattern->count + end, .exact = end};

	for (unsigned i = 0; i < pattern->count; i++)
		fit.exact += pattern_set_is_exact(&pattern->places[i]) ? 1 : 0;
	return fit;
}

int pattern_fit_compare(struct pattern_fit a, struct pattern_fit b)
{
	if (a.length != b.length)
		return a.length > b.length ? -1 : 1;
	if (a.exact != b.exact)
		return a.exact > b.exact ? -1 : 1;
	return 0;
}
