#include "admin/health_json.h"

#include "admin/moment.h"
#include "admin/verbs.h"
#include "base/clock.h"
#include "base/loop.h"
#include "trunk/trunk.h"

/* When a rest is over by the wall clock, where it is not yet. */
static time_t until_of(
	const struct verbs_context *context, const struct health_machine *machine)
{
	const uint64_t now_ms = timers_now_ms(loop_timers(context->loop));
	const bool waits =
		machine->state == HEALTH_RESTING || machine->state == HEALTH_DOWN;
	const uint64_t wall_us = clock_real()->wall_us(clock_real());

	if (!waits || machine->until_ms <= now_ms)
		return 0;
	return (time_t)(wall_us / 1000000 + (machine->until_ms - now_ms + 999) / 1000);
}

static json_t *layer_json(const struct health_record *record, enum health_layer layer)
{
	static const char *const words[] = {[HEALTH_NOT_SEEN] = "unknown",
		[HEALTH_GOOD] = "good",
		[HEALTH_BAD] = "bad"};

	return json_string(words[record->layers[layer].verdict]);
}

/* ADDRESS is the caller's reference, taken. */
static json_t *row_json(const struct verbs_context *context, const char *name,
	json_t *address, const struct health_record *record)
{
	json_t *row = json_pack("{s:s, s:o, s:s, s:o, s:o, s:o}", "name", name, "address",
		address, "state", health_state_name(record->machine.state), "since",
		moment_json(record->since), "until",
		moment_json(until_of(context, &record->machine)), "why",
		api_text(record->why ? record->why : ""));

	json_object_set_new(row, "last_status",
		record->last_status ? json_integer(record->last_status) : json_null());
	json_object_set_new(row, "last_answer", moment_json(record->last_answer));
	json_object_set_new(row, "round_trip_us",
		record->round_trip_us ? json_integer((json_int_t)record->round_trip_us)
				      : json_null());
	for (unsigned layer = HEALTH_TRANSPORT; layer < HEALTH_LAYERS; layer++)
		json_object_set_new(row, health_layer_name((enum health_layer)layer),
			layer_json(record, (enum health_layer)layer));
	return row;
}

json_t *health_json(const struct verbs_context *context, const struct trunk *trunk)
{
	const struct trunk_health *health = &trunk->health;
	json_t *rows = json_array();
	char text[ADDR_TEXT_SIZE];

	for (unsigned name = 0; name < health->name_count; name++) {
		bool any = false;

		for (unsigned i = 0; i < health->count; i++) {
			const struct health_address *address = &health->addresses[i];

			if (address->name != name || !address->named)
				continue;
			any = true;
			json_array_append_new(rows,
				row_json(context, trunk_host_at(trunk, name),
					json_string(addr_text(&address->addr, text)),
					&address->record));
		}
		if (!any)
			json_array_append_new(
				rows, row_json(context, trunk_host_at(trunk, name),
					      json_null(), &health->names[name]));
	}
	return rows;
}
