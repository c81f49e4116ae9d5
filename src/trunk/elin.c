#include "trunk/elin.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct elins {
	struct elin list[ELINS_MAX];
	unsigned count;
};

int elins_new(struct elins **ret)
{
	*ret = calloc(1, sizeof(**ret));
	return *ret ? 0 : -ENOMEM;
}

void elins_free(struct elins *elins)
{
	free(elins);
}

/* The row of NUMBER; ELINS_MAX: it has none. */
static unsigned find(const struct elins *elins, struct span number)
{
	for (unsigned i = 0; i < elins->count; i++)
		if (span_equal_str(number, elins->list[i].number))
			return i;
	return ELINS_MAX;
}

static struct elin *row_at(struct elins *elins, unsigned index)
{
	return index < ELINS_MAX ? &elins->list[index] : NULL;
}

static bool is_held(const struct elin *elin, uint64_t now_us, uint64_t keep_us)
{
	return elin->calls || now_us - elin->used_us < keep_us;
}

static bool is_of(const struct elin *elin, const struct elin_caller *caller)
{
	return elin->kind == caller->kind && !strcmp(elin->trunk, caller->trunk) &&
	       span_equal_str(caller->number, elin->caller);
}

/* Whether A is rather to be taken from its caller than B. */
static bool is_older(const struct elin *a, const struct elin *b)
{
	if (!a->calls != !b->calls)
		return !a->calls;
	return a->used_us < b->used_us;
}

/* A row for a number that has none: a new one, or that of the oldest. */
static struct elin *make_row(struct elins *elins)
{
	struct elin *oldest = &elins->list[0];

	if (elins->count < ELINS_MAX)
		return &elins->list[elins->count++];
	for (unsigned i = 1; i < elins->count; i++)
		if (is_older(&elins->list[i], oldest))
			oldest = &elins->list[i];
	return oldest;
}

/* Of NUMBERS: the one to be taken, how in *RET_TAKEN, and its row in *RET_ROW; NULL: it has none. */
static unsigned choose(struct elins *elins, const struct span *numbers, unsigned count,
	const struct elin_caller *caller, const uint64_t times[static 2],
	struct elin **ret_row, enum elin_taken *ret_taken)
{
	unsigned best = 0;
	struct elin *oldest = NULL;

	*ret_taken = ELIN_REUSED;
	*ret_row = NULL;
	for (unsigned i = 0; i < count; i++) {
		struct elin *row = row_at(elins, find(elins, numbers[i]));
		bool held = row && is_held(row, times[0], times[1]);

		if (held && is_of(row, caller)) {
			*ret_taken = ELIN_OWN;
			*ret_row = row;
			return i;
		}
		if (!held && *ret_taken != ELIN_FREE) {
			*ret_taken = ELIN_FREE;
			*ret_row = row;
			best = i;
		} else if (*ret_taken == ELIN_REUSED &&
			   (!oldest || is_older(row, oldest))) {
			*ret_row = oldest = row;
			best = i;
		}
	}
	return best;
}

int elins_take(struct elins *elins, const struct span *numbers, unsigned count,
	const struct elin_caller *caller, uint64_t now_us, uint64_t keep_us,
	const struct elin **ret, enum elin_taken *ret_taken)
{
	const uint64_t times[2] = {now_us, keep_us};
	struct elin *row;
	unsigned chosen;

	for (unsigned i = 0; i < count; i++)
		if (numbers[i].len >= ELIN_SIZE)
			return ERR_LIMIT;
	if (!count || caller->number.len >= ELIN_SIZE ||
		strlen(caller->trunk) >= sizeof(row->trunk))
		return ERR_LIMIT;
	chosen = choose(elins, numbers, count, caller, times, &row, ret_taken);
	if (!row)
		row = make_row(elins);
	if (*ret_taken != ELIN_OWN) {
		*row = (struct elin){.kind = caller->kind};
		span_copy(numbers[chosen], row->number, sizeof(row->number));
		span_copy(caller->number, row->caller, sizeof(row->caller));
		strcpy(row->trunk, caller->trunk);
	}
	row->calls++;
	row->used_us = now_us;
	*ret = row;
	return 0;
}

void elins_leave(struct elins *elins, const char *number, uint64_t now_us)
{
	struct elin *row = row_at(elins, find(elins, span_of(number)));

	if (!row)
		return;
	if (row->calls)
		row->calls--;
	row->used_us = now_us;
}

const struct elin *elins_find(
	const struct elins *elins, struct span number, uint64_t now_us, uint64_t keep_us)
{
	const unsigned index = find(elins, number);
	const struct elin *row = index < ELINS_MAX ? &elins->list[index] : NULL;

	return row && is_held(row, now_us, keep_us) ? row : NULL;
}

/* Takes the last digit off *TEXT; '\0': there is none. */
static char last_digit(struct span *text)
{
	while (text->len) {
		char c = text->p[--text->len];

		if (c >= '0' && c <= '9')
			return c;
	}
	return '\0';
}

/* All that is left are zeros, and what is no digit. */
static bool is_spent(struct span text)
{
	char c;

	while ((c = last_digit(&text)) != '\0')
		if (c != '0')
			return false;
	return true;
}

/* From behind, since what differs is in front: a country's code, a trunk prefix. */
static bool is_called(struct span number, const char *elin)
{
	struct span other = span_of(elin);
	unsigned same = 0;

	while (!is_spent(number) && !is_spent(other)) {
		if (last_digit(&number) != last_digit(&other))
			return false;
		same++;
	}
	return (is_spent(number) && is_spent(other) && same) || same >= 7;
}

const struct elin *elins_called(
	const struct elins *elins, struct span number, uint64_t now_us, uint64_t keep_us)
{
	const struct elin *found = elins_find(elins, number, now_us, keep_us);

	for (unsigned i = 0; i < elins->count && !found; i++)
		if (is_called(number, elins->list[i].number) &&
			is_held(&elins->list[i], now_us, keep_us))
			found = &elins->list[i];
	return found;
}

const struct elin *elins_at(
	const struct elins *elins, unsigned index, uint64_t now_us, uint64_t keep_us)
{
	for (unsigned i = 0; i < elins->count; i++)
		if (is_held(&elins->list[i], now_us, keep_us) && index-- == 0)
			return &elins->list[i];
	return NULL;
}

/* ---- what is configured ---- */

unsigned elins_configured(const struct config *config, struct span caller,
	struct span ret[static ELIN_CHOICE])
{
	const struct config_words *rows = &config->emergency.elin;
	size_t longest = 0;
	unsigned count = 0;

	for (size_t i = 0; i < rows->count; i++) {
		struct span number = span_of(rows->words[i]);
		struct span callers;

		span_next(&number, ':', &callers);
		if (callers.len < longest || callers.len > caller.len ||
			memcmp(callers.p, caller.p, callers.len) != 0)
			continue;
		if (callers.len > longest)
			count = 0;
		longest = callers.len;
		if (count < ELIN_CHOICE)
			ret[count++] = number;
	}
	return count;
}

/* ---- what outlives the process ---- */

/* Not written of struct elin: calls (they take theirs again). */
static const struct saved_field elin_fields[] = {
	SAVED_TEXT(struct elin, number),
	SAVED_TEXT(struct elin, caller),
	SAVED_BELOW(struct elin, kind, TRUNK_GATEWAY + 1),
	SAVED_TEXT(struct elin, trunk),
	SAVED_SINCE(struct elin, used_us),
	SAVED_END,
};

int elins_save(const struct elins *elins, struct saved to)
{
	struct saved object;
	int err = 0;

	for (unsigned i = 0; i < elins->count && !err; i++) {
		err = saved_append(to, "elins", &object);
		if (!err)
			err = saved_put(object, elin_fields, &elins->list[i]);
	}
	return err;
}

void elins_load(struct elins *elins, struct saved from)
{
	struct saved object;

	for (unsigned i = 0;
		elins->count < ELINS_MAX && saved_at(from, "elins", i, &object); i++) {
		struct elin row = {.calls = 0};

		if (!saved_take(object, elin_fields, &row, NULL) && row.number[0] &&
			row.caller[0])
			elins->list[elins->count++] = row;
	}
}

void elins_resume(struct elins *elins, const char *number)
{
	struct elin *row = row_at(elins, find(elins, span_of(number)));

	if (row)
		row->calls++;
}
