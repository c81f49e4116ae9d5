#include "known.h"

#include <string.h>

static const struct {
	enum known known;
	const char *waits_for;
} table[] = {
	{KNOWN_NOTHING, NULL}, /* ends it */
};

void known_init(struct known_set *set, bool all_in)
{
	memset(set, 0, sizeof(*set));
	for (unsigned i = 0; !all_in && table[i].waits_for; i++)
		set->out[table[i].known] = true;
}

bool known_is_out(const struct known_set *set, enum known known)
{
	return set->out[known];
}
