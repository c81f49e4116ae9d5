#include "bridge/overload.h"

#define SECOND_US 1000000

/* The present second. What was counted in the one before it counts from now on. */
static uint64_t begin_second(struct bridge *bridge)
{
	struct overload *overload = &bridge->overload;
	const uint64_t second = trunks_now_us(bridge->trunks) / SECOND_US + 1;
	const bool next = second == overload->second + 1;

	if (second == overload->second)
		return second;
	overload->taken = next ? bridge->started - overload->started : 0;
	overload->callers = next ? overload->callers_now : 0;
	overload->second = second;
	overload->started = bridge->started;
	overload->callers_now = 0;
	return second;
}

bool overload_refuses(struct bridge *bridge, const struct trunk *trunk)
{
	const struct overload *overload = &bridge->overload;
	uint64_t second;

	if (!bridge->handlers.overloaded_h ||
		!bridge->handlers.overloaded_h(bridge->handlers.arg))
		return false;
	second = begin_second(bridge);
	/* alone, it has all that there is, and there is nobody to be fair to */
	return overload->callers < 2 ||
	       (trunk->asked_second == second ? trunk->asked : 0) >=
		       overload->taken / overload->callers / 2;
}

void overload_note(struct bridge *bridge, struct trunk *trunk)
{
	const uint64_t second = begin_second(bridge);

	if (trunk->asked_second != second) {
		trunk->asked_second = second;
		trunk->asked = 0;
		bridge->overload.callers_now++;
	}
	trunk->asked++;
}
