#include "bridge/shed.h"

#include "bridge/admit.h"
#include "bridge/overload.h"
#include "sip/stateless.h"
#include "trunk/emergency.h"
#include "trunk/obstacle.h"

/* As long as an ACK may be under way: 64*T1 of RFC 3261. */
#define ACK_MS 32000

/* Overload alone is shed here: a drain, or a limit, keeps little away, and may be looked at. */
static bool is_to_be_shed(const struct bridge_side *side, const struct flow *flow,
	const struct stateless *invite)
{
	const struct bridge *bridge = side->bridge;

	return !bridge->draining &&
	       !emergency_may_be(bridge->config, invite->uri, invite->has_priority) &&
	       !txn_has_invite(side->txns, flow, invite);
}

static bool shed_invite(
	struct bridge_side *side, struct flow *flow, const struct stateless *invite)
{
	const struct obstacle obstacle = {.kind = OBSTACLE_OVERLOAD};
	struct bridge *bridge = side->bridge;
	struct trunk *trunk;
	char extra[BRIDGE_RETRY_SIZE];

	if (!is_to_be_shed(side, flow, invite))
		return false;
	trunk = trunks_of_flow(bridge->trunks, flow,
		side->which == SIDE_INTERNAL ? TRUNK_SERVER : TRUNK_GATEWAY);
	/* one that is not refused is noted where it is admitted */
	if (!trunk || !overload_refuses(bridge, trunk))
		return false;
	overload_note(bridge, trunk);
	bridge->shed_until_ms = timers_now_ms(bridge->timers) + ACK_MS;
	admit_refused(bridge, trunk, &obstacle);
	txn_refuse_unread(side->txns, flow, invite, 503,
		bridge_retry_line(obstacle.retry_s, extra));
	return true;
}

bool shed_message(struct bridge_side *side, struct flow *flow, struct span text)
{
	struct bridge *bridge = side->bridge;
	struct stateless message;

	/* nearly always it ends here */
	if (text.len && text.p[0] == 'I' && bridge->handlers.overloaded_h &&
		bridge->handlers.overloaded_h(bridge->handlers.arg))
		return stateless_read(&message, text) &&
		       message.kind == STATELESS_INVITE &&
		       shed_invite(side, flow, &message);
	if (text.len && text.p[0] == 'A' &&
		timers_now_ms(bridge->timers) < bridge->shed_until_ms)
		return stateless_read(&message, text) &&
		       stateless_is_owed_nothing(&message);
	return false;
}
