#include "config/statuses.h"

#include "base/err.h"

#include <stdio.h>

/* Another word than a list: the set is empty. */
static const char none[] = "none";

static void add(struct config_statuses *statuses, uint64_t status)
{
	const uint64_t at = status - STATUSES_MIN;

	statuses->bits[at / 64] |= UINT64_C(1) << at % 64;
}

bool statuses_have(const struct config_statuses *statuses, int status)
{
	const unsigned at = (unsigned)(status - STATUSES_MIN);

	return status >= STATUSES_MIN && status <= STATUSES_MAX &&
	       (statuses->bits[at / 64] >> at % 64 & 1);
}

/* WORD is "503" or "502-504", and none of it is in STATUSES. */
static bool add_word(struct config_statuses *statuses, struct span word)
{
	struct span last = word, first;
	uint64_t from, to;

	if (!span_next(&last, '-', &first) ||
		span_uint(span_trim(first), STATUSES_MAX, &from))
		return false;
	to = from;
	if (last.p && span_uint(span_trim(last), STATUSES_MAX, &to))
		return false;
	if (from < STATUSES_MIN || to < from || (last.p && to == from))
		return false;
	for (uint64_t status = from; status <= to; status++) {
		if (statuses_have(statuses, (int)status))
			return false;
		add(statuses, status);
	}
	return true;
}

int statuses_read(struct config_statuses *ret, const char *text, struct span *ret_bad)
{
	struct config_statuses statuses = {{0}};
	struct span rest = span_of(text);
	struct span word;

	if (span_equal_str(rest, none))
		rest.p = NULL;
	while (rest.p && span_next(&rest, ',', &word)) {
		word = span_trim(word);
		if (!add_word(&statuses, word)) {
			*ret_bad = word;
			return ERR_FORMAT;
		}
	}
	*ret = statuses;
	return 0;
}

void statuses_print(const struct config_statuses *statuses, struct buf *out)
{
	bool any = false;

	for (int status = STATUSES_MIN; status <= STATUSES_MAX; status++) {
		int last = status;

		if (!statuses_have(statuses, status))
			continue;
		while (statuses_have(statuses, last + 1))
			last++;
		buf_printf(out, "%s%d", any ? ", " : "", status);
		if (last > status)
			buf_printf(out, "-%d", last);
		any = true;
		status = last;
	}
	if (!any)
		buf_add_str(out, none);
}
