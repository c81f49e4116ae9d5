#include "ctl/ladder_parties.h"

#include "ctl/show_value.h"

#include <stdio.h>
#include <string.h>

static bool is_left(const json_t *party)
{
	return strcmp(show_word(party, "leg"), "a") == 0;
}

static void count_repeats(struct ladder_parties *parties, const json_t *messages)
{
	const json_t *message;
	json_int_t at;
	size_t i;

	json_array_foreach(messages, i, message)
	{
		const json_t *first = json_object_get(message, "repeats");

		at = json_is_integer(first) ? json_integer_value(first) : (json_int_t)i;
		if (at >= 0 && at <= (json_int_t)i && at < LADDER_ROWS_MAX)
			parties->repeats[at]++;
	}
}

void ladder_parties_read(struct ladder_parties *ret, const json_t *ladder)
{
	const json_t *party;
	unsigned left = 0, right;
	size_t i;

	*ret = (struct ladder_parties){.list = json_object_get(ladder, "parties")};
	ret->count = (unsigned)json_array_size(ret->list);
	json_array_foreach(ret->list, i, party)
	{
		ret->left += is_left(party);
	}
	right = ret->left + 1;
	json_array_foreach(ret->list, i, party)
	{
		if (i < LADDER_LANES_MAX)
			ret->lane_of[i] = is_left(party) ? left++ : right++;
	}
	count_repeats(ret, json_object_get(ladder, "messages"));
}

unsigned ladder_parties_of(const struct ladder_parties *parties, const json_t *message)
{
	const json_t *party = json_object_get(message, "party");
	const json_int_t index = json_integer_value(party);

	return json_is_integer(party) && index >= 0 && index < parties->count
		       ? (unsigned)index
		       : parties->count;
}

unsigned ladder_parties_lane(const struct ladder_parties *parties, const json_t *message)
{
	const unsigned index = ladder_parties_of(parties, message);

	return index < parties->count && index < LADDER_LANES_MAX
		       ? parties->lane_of[index]
		       : parties->left;
}

const char *ladder_parties_key(const struct ladder_parties *parties, unsigned index,
	char ret[static LADDER_KEY_SIZE])
{
	const char *leg = show_word(json_array_get(parties->list, index), "leg");
	unsigned nth = 1;

	for (unsigned i = 0; i < index; i++)
		nth += strcmp(show_word(json_array_get(parties->list, i), "leg"), leg) ==
		       0;
	if (nth > 1)
		snprintf(ret, LADDER_KEY_SIZE, "%.8s%u", leg, nth);
	else
		snprintf(ret, LADDER_KEY_SIZE, "%.8s", leg);
	return ret;
}
