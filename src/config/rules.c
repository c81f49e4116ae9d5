#include "config/rules.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct rules {
	struct rule **list; /* in order */
	size_t count, room;
	uint32_t *index;  /* places in LIST, by prefix, then in order */
	uint64_t lengths; /* a bit for each that a prefix has */
};

void rules_free(struct rules *list)
{
	if (!list)
		return;
	for (size_t i = 0; i < list->count; i++)
		rule_free(list->list[i]);
	free(list->list);
	free(list->index);
	free(list);
}

static int make_room(struct rules *list)
{
	const size_t room = list->room ? 2 * list->room : 4;
	struct rule **grown;

	if (list->count < list->room)
		return 0;
	grown = reallocarray(list->list, room, sizeof(struct rule *));
	if (!grown)
		return -ENOMEM;
	list->list = grown;
	list->room = room;
	return 0;
}

int rules_add(struct rules **list, const char *text, struct span *ret_bad)
{
	struct rules *to = *list;
	struct rule *rule;
	int err;

	*ret_bad = span_of(text);
	if (to && to->count == RULES_MAX)
		return ERR_LIMIT;
	err = rule_parse(&rule, text, ret_bad, NULL);
	if (err)
		return err;
	if (!to)
		to = calloc(1, sizeof(*to));
	err = to ? make_room(to) : -ENOMEM;
	if (err) {
		rule_free(rule);
		if (!*list)
			rules_free(to);
		return err;
	}
	to->list[to->count++] = rule;
	*list = to;
	return 0;
}

size_t rules_count(const struct rules *list)
{
	return list ? list->count : 0;
}

const struct rule *rules_at(const struct rules *list, size_t nth)
{
	return list->list[nth];
}

bool rules_equal(const struct rules *a, const struct rules *b)
{
	if (rules_count(a) != rules_count(b))
		return false;
	for (size_t i = 0; i < rules_count(a); i++)
		if (strcmp(rule_text(a->list[i]), rule_text(b->list[i])) != 0)
			return false;
	return true;
}

/* ---- the index ---- */

static int compare_spans(struct span a, struct span b)
{
	const size_t len = a.len < b.len ? a.len : b.len;
	const int order = len ? memcmp(a.p, b.p, len) : 0;

	if (order)
		return order;
	return a.len == b.len ? 0 : a.len < b.len ? -1 : 1;
}

static struct span prefix_at(const struct rules *list, uint32_t place)
{
	return rule_prefix(list->list[place]);
}

static int compare_places(const void *a, const void *b, void *arg)
{
	const uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
	const int order = compare_spans(prefix_at(arg, x), prefix_at(arg, y));

	if (order)
		return order;
	return x < y ? -1 : 1;
}

int rules_settle(struct rules *list)
{
	uint32_t *index;

	if (!list)
		return 0;
	index = malloc(list->count * sizeof(*index));
	if (!index)
		return -ENOMEM;
	free(list->index);
	list->index = index;
	list->lengths = 0;
	for (uint32_t i = 0; i < list->count; i++) {
		index[i] = i;
		list->lengths |= UINT64_C(1) << prefix_at(list, i).len;
	}
	qsort_r(index, list->count, sizeof(*index), compare_places, list);
	return 0;
}

/* The first place of the index whose prefix is PREFIX or, ABOVE, stands behind it. */
static size_t bound(const struct rules *list, struct span prefix, bool above)
{
	size_t low = 0, high = list->count;

	while (low < high) {
		const size_t middle = low + (high - low) / 2;
		const int order =
			compare_spans(prefix_at(list, list->index[middle]), prefix);

		if (order < 0 || (above && order == 0))
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* ---- matching ---- */

/* Those of one prefix, in order. */
struct cursor {
	const uint32_t *at, *end;
};

/* The rules that NUMBER can match, by their prefixes: how many lists. */
static unsigned find_lists(const struct rules *list, struct span number,
	struct cursor ret[static RULE_NUMBER_SIZE])
{
	unsigned count = 0;

	for (size_t len = 0; len <= number.len && len <= RULE_PREFIX_MAX; len++) {
		const struct span prefix = {number.p, len};
		struct cursor cursor;

		if (!(list->lengths >> len & 1))
			continue;
		cursor.at = list->index + bound(list, prefix, false);
		cursor.end = list->index + bound(list, prefix, true);
		if (cursor.at < cursor.end)
			ret[count++] = cursor;
	}
	return count;
}

/* The next rule in order is taken off CURSORS. False: there is none. */
static bool next(struct cursor *cursors, unsigned count, uint32_t *ret)
{
	struct cursor *least = NULL;

	for (unsigned i = 0; i < count; i++)
		if (cursors[i].at < cursors[i].end &&
			(!least || *cursors[i].at < *least->at))
			least = &cursors[i];
	if (!least)
		return false;
	*ret = *least->at++;
	return true;
}

void rules_apply(const struct rules *list, struct rule_scratch *scratch,
	struct span number, struct rules_found *ret)
{
	struct cursor cursors[RULE_NUMBER_SIZE];
	unsigned count;
	uint32_t at;

	ret->rule = ret->failed = NULL;
	if (!rules_count(list) || number.len >= RULE_NUMBER_SIZE)
		return;
	count = find_lists(list, number, cursors);
	while (next(cursors, count, &at)) {
		const struct rule *rule = list->list[at];
		const enum rule_result result =
			rule_apply(rule, scratch, number, ret->number);

		if (result == RULE_MATCHES) {
			ret->rule = rule;
			return;
		}
		if (result != RULE_DIFFERS && !ret->failed) {
			ret->failed = rule;
			ret->failed_by = result;
		}
	}
}
