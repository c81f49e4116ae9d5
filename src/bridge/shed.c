#include "bridge/shed.h"

#include "bridge/admit.h"
#include "bridge/overload.h"
#include "sip/stateless.h"
#include "trunk/emergency.h"
#include "trunk/obstacle.h"

#include <stdlib.h>

/* As long as an ACK, or a repetition, may be under way: 64*T1 of RFC 3261. */
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

/* Without memory it is not kept. */
static void keep(struct bridge *bridge, const struct stateless *invite)
{
	const uint64_t id = stateless_id(invite);

	if (!bridge->shed)
		bridge->shed = calloc(SHED_KEPT, sizeof(*bridge->shed));
	if (bridge->shed)
		bridge->shed[id % SHED_KEPT] = id;
	bridge->shed_until_ms = timers_now_ms(bridge->timers) + ACK_MS;
}

static bool is_kept(const struct bridge *bridge, const struct stateless *invite)
{
	const uint64_t id = stateless_id(invite);

	return bridge->shed && bridge->shed[id % SHED_KEPT] == id;
}

static void refuse(
	struct bridge_side *side, struct flow *flow, const struct stateless *invite)
{
	char extra[BRIDGE_RETRY_SIZE];

	txn_refuse_unread(side->txns, flow, invite, 503, bridge_retry_line(0, extra));
}

static bool shed_invite(
	struct bridge_side *side, struct flow *flow, const struct stateless *invite)
{
	const struct obstacle obstacle = {.kind = OBSTACLE_OVERLOAD};
	struct bridge *bridge = side->bridge;
	struct trunk *trunk;

	if (!is_to_be_shed(side, flow, invite))
		return false;
	trunk = trunks_of_flow(bridge->trunks, flow,
		side->which == SIDE_INTERNAL ? TRUNK_SERVER : TRUNK_GATEWAY);
	/* one that is not refused is noted where it is admitted */
	if (!trunk || !overload_refuses(bridge, trunk))
		return false;
	overload_note(bridge, trunk);
	keep(bridge, invite);
	admit_refused(bridge, trunk, &obstacle);
	refuse(side, flow, invite);
	return true;
}

static bool is_overloaded(const struct bridge *bridge)
{
	return bridge->handlers.overloaded_h &&
	       bridge->handlers.overloaded_h(bridge->handlers.arg);
}

static bool receive_invite(
	struct bridge_side *side, struct flow *flow, struct span text, bool overloaded)
{
	struct stateless invite;

	if (!stateless_read(&invite, text) || invite.kind != STATELESS_INVITE)
		return false;
	if (!is_kept(side->bridge, &invite))
		return overloaded && shed_invite(side, flow, &invite);
	refuse(side, flow, &invite);
	return true;
}

static bool receive_ack(struct span text)
{
	struct stateless ack;

	return stateless_read(&ack, text) && stateless_is_owed_nothing(&ack);
}

bool shed_message(struct bridge_side *side, struct flow *flow, struct span text)
{
	const struct bridge *bridge = side->bridge;
	const char first = text.len ? text.p[0] : '\0';
	bool overloaded, lately;

	if (first != 'I' && first != 'A')
		return false;
	overloaded = first == 'I' && is_overloaded(bridge);
	lately = bridge->shed_until_ms &&
		 timers_now_ms(bridge->timers) < bridge->shed_until_ms;
	if (!overloaded && !lately)
		return false; /* nearly always */
	return first == 'I' ? receive_invite(side, flow, text, overloaded)
			    : receive_ack(text);
}

void shed_free(struct bridge *bridge)
{
	free(bridge->shed);
	bridge->shed = NULL;
}
