#include "bridge/call_log.h"
#include "bridge/call_priv.h"
#include "bridge/registry.h"

static void setup_too_long_h(void *arg)
{
	call_end(arg, CALL_BY_TANDEM, "no-answer", 408, "not answered in time");
}

void call_begin(struct bridge_side *home, struct txn_server *invite, struct trunk *trunk,
	struct sdp *sdp, enum emergency emergency)
{
	struct bridge *bridge = home->bridge;
	struct call *call = call_new(bridge);
	int err;

	if (!call) {
		sdp_free(sdp);
		txn_server_reply(invite, 503, NULL, NULL, NULL);
		return;
	}
	call->emergency = emergency;
	call_number(call);
	err = call_prepare(call, home, invite, trunk, sdp);
	if (err) {
		call_refuse_unprepared(invite, err);
		call_free(call);
		return;
	}
	registry_add(call);
	leg_charge(call->a);
	call_capture_begin(call);
	call_emergency_begin(call);
	call_log_begin(call);
	txn_server_reply(invite, 100, NULL, NULL, NULL);
	timer_start(bridge->timers, &call->setup_timer, call->config->limits.setup_ms,
		setup_too_long_h, call);
	call_hunt(call);
}
