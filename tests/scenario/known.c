#include "known.h"

#include <string.h>

static const struct {
	enum known known;
	const char *waits_for;
} table[] = {
	{KNOWN_WIDER_ANSWER, "an answer whose direction is wider than the offer's opens "
			     "the way in the "
			     "relay"},
};

void known_init(struct known_set *set, bool all_in)
{
	memset(set, 0, sizeof(*set));
	for (unsigned i = 0; !all_in && i < sizeof(table) / sizeof(table[0]); i++)
		set->out[table[i].known] = true;
}

bool known_is_out(const struct known_set *set, enum known known)
{
	return set->out[known];
}
