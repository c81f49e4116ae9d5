#include "known.h"

#include <string.h>

static const struct {
	enum known known;
	const char *waits_for;
} table[] = {
	{KNOWN_ACK_LATE, "INVITEs as objects that live until 64*T1 after their 2xx: one "
			 "that comes "
			 "once a later INVITE or a BYE passed is not acknowledged"},
	{KNOWN_BYE_EARLY,
		"INVITEs as objects: a BYE goes to a caller whose ACK is still awaited"},
	{KNOWN_FORK_BYE, "INVITEs as objects: each 2xx of a fork that lost starts a BYE "
			 "of its own"},
	{KNOWN_REINVITE_RINGS,
		"INVITEs as objects: a re-INVITE that only rings is never given up"},
	{KNOWN_FORMATS,
		"formats of an answer that were not offered are left out: with digits by "
		"INFO on one side the other gets a format twice"},
	{KNOWN_WIDER_ANSWER, "an answer whose direction is wider than the offer's opens "
			     "the way in the "
			     "relay"},
	{KNOWN_GLARE,
		"one offer/answer a call: a re-INVITE goes to who still owes an ACK"},
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
