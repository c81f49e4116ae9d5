/* A bridge whose calls go on in another process. */
#include "bridge/bridge.h"

#include "bridge/bridge_priv.h"
#include "bridge/call.h"
#include "trunk/elin.h"

/* Another one is not read. */
#define VERSION 1

struct header {
	unsigned version;
	uint64_t wall_us; /* when it was written */
	uint64_t next_number;
};

static const struct saved_field header_fields[] = {
	SAVED_FIELD(struct header, version),
	SAVED_FIELD(struct header, wall_us),
	SAVED_FIELD(struct header, next_number),
	SAVED_END,
};

static uint64_t wall_us(const struct bridge *bridge)
{
	struct clock *clock = timers_clock(bridge->timers);

	return clock->wall_us(clock);
}

int bridge_save(struct bridge *bridge, struct saved to, unsigned *ret)
{
	const struct header header = {.version = VERSION,
		.wall_us = wall_us(bridge),
		.next_number = bridge->next_number};
	int err = saved_put(to, header_fields, &header);

	*ret = 0;
	if (!err)
		err = elins_save(bridge->elins, to);
	LIST_FOREACH (&bridge->calls, node, next) {
		struct call *call = LIST_ENTRY(node, struct call, node);
		struct saved object;

		if (err || !call_is_quiet(call) || saved_append(to, "calls", &object))
			continue;
		call->saved = !call_save(call, object);
		*ret += call->saved;
		if (!call->saved)
			saved_drop(to, "calls");
	}
	return err;
}

/* Time went on between the two: what is written as ages is older by that. */
static uint64_t reading_us(const struct bridge *bridge, const struct header *header)
{
	struct clock *clock = timers_clock(bridge->timers);
	const uint64_t now_us = clock->mono_us(clock);
	const uint64_t wall = wall_us(bridge);
	const uint64_t gap_us = wall > header->wall_us ? wall - header->wall_us : 0;

	return gap_us < now_us ? now_us - gap_us : 1;
}

int bridge_load(
	struct bridge *bridge, struct saved from, unsigned *ret, struct err_text *error)
{
	struct header header = {.version = 0};
	struct saved object;
	int err = saved_take(from, header_fields, &header, error);

	*ret = 0;
	if (!err && header.version != VERSION)
		err = err_set(error, ERR_FORMAT,
			"it is version %u of saved calls, and this server reads %u",
			header.version, VERSION);
	if (err)
		return err;
	if (header.next_number > bridge->next_number)
		bridge->next_number = header.next_number;
	from.now_us = reading_us(bridge, &header);
	elins_load(bridge->elins, from);
	for (unsigned i = 0; saved_at(from, "calls", i, &object); i++)
		*ret += call_load(bridge, object);
	return 0;
}
