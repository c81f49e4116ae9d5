/* Which connection, or address, a leg is spoken to by. */
#include "bridge/leg_priv.h"

#include "base/log.h"
#include "bridge/dial.h"
#include "bridge/uas.h"

void leg_set_flow(struct leg *leg, struct flow *flow)
{
	if (leg->flow == flow)
		return;
	if (flow && !target_takes_flow(leg->target, flow)) {
		log_error("leg", "call=%llu leg=%s event=flow-refused transport=%s",
			(unsigned long long)leg->call, leg->name,
			transport_kind_name(flow->kind));
		return;
	}
	if (leg->flow)
		flow_release(leg->flow, &leg->flow_node);
	leg->flow = flow;
	if (!flow)
		return;
	flow_hold(flow, FLOW_LEG, &leg->flow_node);
	if (leg->uas)
		uas_set_flow(leg->uas, flow);
}

void leg_follow_route(struct leg *leg)
{
	struct flow *flow = dial_hop(leg->home, leg->flow, leg->dialog.next_hop);

	if (!flow)
		return;
	leg_set_flow(leg, flow);
	flow_unref(flow);
}
