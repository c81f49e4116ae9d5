#include "bridge/drill.h"

static const struct testcall_kind kind = {
	.purpose = "drill",
	.event = "event=drill",
	.refusal = "this call is a drill, which ends by itself",
	.emergency = true,
	.ring_ms = 60000,
	.talk_ms = 5000,
};

int drill_start(struct bridge *bridge, struct trunk *trunk,
	const struct testcall_user *user, struct testcall **ret, struct err_text *text)
{
	const struct config_gateway *gateway = trunk->gateway;

	if (!gateway || !gateway->emergency_test_number[0])
		return err_set(text, ERR_STATE,
			"it has no number for drills: set emergency-test-number");
	return testcall_start(bridge,
		&(struct testcall_params){.kind = &kind,
			.trunk = trunk,
			.called = gateway->emergency_test_number,
			.caller = gateway->emergency_test_caller,
			.headers = "",
			.user = *user},
		ret, text);
}
