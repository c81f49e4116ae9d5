#include "admin/hep_json.h"

#include "admin/api.h"

json_t *hep_json(const struct hep *hep)
{
	const struct hep_settings *settings = hep ? hep_in_use(hep) : NULL;
	const struct collector_place *place;
	char name[COLLECTOR_NAME_SIZE];
	struct hep_state state;

	if (!settings)
		return json_null();
	place = &settings->target.place;
	hep_state(hep, &state);
	return json_pack("{s:s, s:s, s:b, s:o, s:I, s:I, s:I, s:I}", "collector",
		collector_name(place, name), "calls",
		settings->calls == CONFIG_HEP_ALL ? "all" : "captured", "open",
		(int)state.sender.open, "why", api_text(state.sender.why), "sent",
		(json_int_t)state.sender.sent, "lost", (json_int_t)state.sender.lost,
		"cut", (json_int_t)state.cut, "waiting_bytes",
		(json_int_t)state.sender.waiting_bytes);
}
