#include "ends.h"

#include "bridge/call.h"
#include "bridge/registry.h"

#include <string.h>

enum relay_end ends_find(
	struct bridge *bridge, const struct relay *relay, const char *word)
{
	const struct call *call = registry_find(bridge, told_newest_call(relay));
	enum side caller = call ? call->a->home->which : SIDE_INTERNAL;

	if (!strcmp(word, "a") || !strcmp(word, "b"))
		return *word == 'a' ? RELAY_A : RELAY_B;
	return strcmp(word, side_name(caller)) ? RELAY_B : RELAY_A;
}
