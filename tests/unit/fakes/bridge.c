#include "bridge/bridge.h"

#include "fakes.h"

#include <errno.h>
#include <string.h>

void bridge_each_call(struct bridge *bridge,
	void (*h)(void *arg, const struct record *record, const char *state), void *arg)
{
	(void)bridge;
	if (fakes.call)
		h(arg, fakes.call, "talking");
}

bool bridge_show_call(struct bridge *bridge, const char *id,
	void (*h)(void *arg, const struct record *record, const char *state), void *arg)
{
	(void)bridge;
	if (!fakes.call || strcmp(id, fakes.call->id) != 0)
		return false;
	h(arg, fakes.call, "talking");
	return true;
}

int bridge_hangup(struct bridge *bridge, const char *id)
{
	(void)bridge;
	if (!fakes.call || strcmp(id, fakes.call->id) != 0)
		return -ENOENT;
	fakes.hangups++;
	return 0;
}

void bridge_totals(const struct bridge *bridge, struct bridge_totals *ret)
{
	(void)bridge;
	*ret = (struct bridge_totals){.calls = 1, .started = 9, .ended = 8};
}

unsigned bridge_call_count(const struct bridge *bridge)
{
	(void)bridge;
	return 1;
}

bool bridge_refused(const struct bridge *bridge, enum side side, unsigned nth,
	const char **ret_reason, uint64_t *ret_count)
{
	(void)bridge;
	if (side != SIDE_EXTERNAL || nth > 0)
		return false;
	*ret_reason = "bad-via";
	*ret_count = 5;
	return true;
}
