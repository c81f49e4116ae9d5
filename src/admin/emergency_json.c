#include "admin/emergency_json.h"

#include "bridge/bridge.h"

json_t *emergency_json(const struct bridge_emergencies *counts)
{
	return json_pack("{s:I, s:I, s:I, s:I, s:I}", "now", (json_int_t)counts->now,
		"started", (json_int_t)counts->started, "answered",
		(json_int_t)counts->answered, "given_up", (json_int_t)counts->given_up,
		"failed", (json_int_t)counts->failed);
}
