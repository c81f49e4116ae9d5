#include "bridge/dismiss.h"

#include "sip/transport.h"

#include <stdio.h>
#include <stdlib.h>

/* The transaction and the leg that it came for let go of it within a turn or two, the call when its caller has
 * acknowledged. */
#define DISMISS_LOOK_MS 100

struct dismissal {
	struct list node; /* in the bridge's `dismissed` */
	struct bridge *bridge;
	struct flow *flow; /* owned reference; in the list once */
	struct timer timer;
	uint64_t until_ms; /* monotonic */
	char why[ERR_REASON_SIZE];
};

static void free_dismissal(struct dismissal *dismissal)
{
	timer_stop(&dismissal->timer);
	list_remove(&dismissal->node);
	flow_unref(dismissal->flow);
	free(dismissal);
}

static void look_h(void *arg)
{
	struct dismissal *dismissal = arg;
	struct timers *timers = dismissal->bridge->timers;
	struct flow *flow = dismissal->flow;

	if (!flow->closed && flow->users && timers_now_ms(timers) < dismissal->until_ms) {
		timer_start(
			timers, &dismissal->timer, DISMISS_LOOK_MS, look_h, dismissal);
		return;
	}
	if (!flow->users)
		transport_close_flow(flow, dismissal->why);
	free_dismissal(dismissal);
}

static bool is_dismissed(const struct bridge *bridge, const struct flow *flow)
{
	LIST_FOREACH (&bridge->dismissed, node, next)
		if (LIST_ENTRY(node, struct dismissal, node)->flow == flow)
			return true;
	return false;
}

void dismiss_flow(struct bridge_side *side, struct flow *flow, const char *why)
{
	struct bridge *bridge = side->bridge;
	struct dismissal *dismissal;

	if (!flow_is_reliable(flow) || flow->closed || is_dismissed(bridge, flow))
		return;
	dismissal = calloc(1, sizeof(*dismissal));
	if (!dismissal)
		return;
	dismissal->bridge = bridge;
	dismissal->flow = flow_ref(flow);
	dismissal->until_ms =
		timers_now_ms(bridge->timers) + 64 * bridge->config->sip.t1_ms;
	err_reason(dismissal->why, why);
	list_append(&bridge->dismissed, &dismissal->node);
	timer_start(
		bridge->timers, &dismissal->timer, DISMISS_LOOK_MS, look_h, dismissal);
}

void dismiss_free_all(struct bridge *bridge)
{
	LIST_FOREACH (&bridge->dismissed, node, next)
		free_dismissal(LIST_ENTRY(node, struct dismissal, node));
}
