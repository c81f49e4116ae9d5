/* One dialog of a subscription, and the connection that carries it. */
#include "bridge/subscription_priv.h"

#include "bridge/dial.h"
#include "bridge/identity.h"
#include "bridge/redial.h"
#include "sip/compose.h"

#include <errno.h>

void subscription_half_use(struct subscription_dialog *half, struct flow *flow)
{
	if (half->flow == flow)
		return;
	if (flow && !redial_is(flow)) {
		flow_ref(flow);
		flow_unref(half->real);
		half->real = flow;
	}
	if (half->flow)
		flow_release(half->flow, &half->watch.node);
	half->flow = flow;
	if (flow)
		flow_hold(flow, FLOW_WATCH, &half->watch.node);
}

void subscription_half_heard(struct subscription_dialog *half, struct flow *flow)
{
	struct flow *before = half->flow;

	/* over TLS of one in plain: served, but it goes on as it began */
	if (before == flow || !target_takes_flow(half->target, flow))
		return;
	if (before) {
		flow_ref(before);
		redial_take(before, flow);
	}
	subscription_half_use(half, flow);
	flow_unref(before);
}

/* The far end's route, where it leads to another address of it. */
static void follow_route(struct subscription_dialog *half)
{
	struct flow *flow =
		dial_hop(half->side, half->flow, dialog_next_hop(&half->dialog));

	if (!flow)
		return;
	subscription_half_use(half, flow);
	flow_unref(flow);
}

void subscription_half_ready(struct subscription_dialog *half)
{
	struct flow *flow;

	if (half->flow && !half->flow->closed) {
		follow_route(half);
		return;
	}
	flow = redial_new(&(struct redial_params){
		.side = half->side, .target = half->target, .lost = half->real});
	subscription_half_use(half, flow);
	if (flow)
		redial_start(flow);
	flow_unref(flow);
}

void subscription_half_add_contact(
	const struct subscription_dialog *half, struct buf *out)
{
	char contact[IDENTITY_SIZE];

	identity_contact(half->side, half->flow ? half->flow : half->real,
		half->target->settings->contact_host, contact);
	identity_register(half->target->trunk, contact);
	compose_header_str(out, "Contact", contact);
}

/* Whoever subscribed named it; toward whoever notifies there is one in its dialog, and no name. */
static void add_event(const struct subscription_dialog *half, struct buf *out)
{
	const struct subscription *subscription = half->subscription;
	const char *id =
		half->half == SUBSCRIPTION_SUBSCRIBER ? subscription->event_id : NULL;

	buf_printf(out, "Event: %s%s%s\r\n", subscription->package, id ? ";id=" : "",
		id ? id : "");
}

int subscription_half_begin(
	struct subscription_dialog *half, enum message_method method, struct request *ret)
{
	if (!half->flow)
		return -ENOMEM;
	*ret = (struct request){.txns = half->side->txns,
		.flow = half->flow,
		.method = method,
		.owner = subscription_half_owner(half),
		.account = trunk_account(half->target->trunk, half->flow)};
	request_begin(ret, &half->dialog);
	subscription_half_add_contact(half, &ret->text);
	add_event(half, &ret->text);
	return 0;
}

const struct config_messages *subscription_half_messages(
	const struct subscription_dialog *half)
{
	return &trunk_settings(half->target->trunk)->messages;
}

void subscription_half_drop(struct subscription_dialog *half)
{
	subscription_half_use(half, NULL);
	flow_unref(half->real);
	half->real = NULL;
	dialog_free(&half->dialog);
	half->known = false;
	if (half->target)
		half->target->trunk->messages.subscriptions--;
	target_unref(half->target);
	half->target = NULL;
}
