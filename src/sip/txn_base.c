/* What client and server transactions have in common. */
#include "sip/txn_priv.h"

#include <string.h>

void txn_base_free_ended(struct txn_layer *layer)
{
	LIST_FOREACH (&layer->dead, node, next) {
		struct txn_base *base = LIST_ENTRY(node, struct txn_base, dead_node);

		list_remove(node);
		base->free_h(base);
	}
}

static void reap_h(void *arg)
{
	txn_base_free_ended(arg);
}

void txn_base_init(struct txn_base *base, struct txn_layer *layer, struct flow *flow,
	enum message_method method)
{
	list_init(&base->dead_node);
	list_init(&base->closing_node);
	base->layer = layer;
	base->flow = flow;
	flow_hold(flow, FLOW_TXN, &base->flow_node);
	base->method = method;
	layer->count++;
}

void txn_base_move(struct txn_base *base, struct flow *flow)
{
	flow_release(base->flow, &base->flow_node);
	base->flow = flow;
	flow_hold(flow, FLOW_TXN, &base->flow_node);
}

void txn_base_end(struct txn_base *base)
{
	struct txn_layer *layer = base->layer;

	base->ended = true;
	timer_stop(&base->retransmit);
	timer_stop(&base->timeout);
	list_remove(&base->closing_node);
	flow_release(base->flow, &base->flow_node);
	base->flow = NULL;
	layer->count--;
	list_append(&layer->dead, &base->dead_node);
	if (!timer_running(&layer->reaper))
		timer_start(layer->timers, &layer->reaper, 0, reap_h, layer);
}

static void put(char buf[static TXN_VIA_SIZE], size_t *len, const char *text)
{
	span_append(buf, TXN_VIA_SIZE, len, text);
}

const char *txn_via(const struct txn_layer *layer, const struct flow *flow,
	const char *host, const char *branch, char buf[static TXN_VIA_SIZE])
{
	const struct txn_handlers *handlers = &layer->handlers;
	char name[TXN_NAME_SIZE];
	size_t len = 0;

	put(buf, &len, "SIP/2.0/");
	put(buf, &len, transport_kind_name(flow->kind));
	put(buf, &len, " ");
	put(buf, &len,
		handlers->sent_by_h ? handlers->sent_by_h(handlers->arg, flow, host, name)
				    : addr_text(&flow->local, name));
	put(buf, &len, ";branch=");
	put(buf, &len, branch);
	put(buf, &len, ";rport");
	return buf;
}

int txn_base_send(struct txn_base *base, struct span text)
{
	return flow_send(base->flow, base->owner, text.p, text.len);
}

struct flow *txn_response_flow(struct flow *flow, const struct message *request)
{
	const struct message_via *via = message_via(request);
	uint16_t port = via->port ? via->port : 5060;
	struct flow *result = NULL;

	if (flow->ops->at_port && !via->rport && port != addr_port(&flow->remote))
		result = flow->ops->at_port(flow, port);
	return result ? result : flow_ref(flow);
}

bool txn_base_is_with(const struct txn_base *base, const struct flow *flow)
{
	const struct txn_handlers *handlers = &base->layer->handlers;
	const struct peer *peer = base->flow->peer;

	if (base->flow == flow)
		return true;
	if (handlers->same_h)
		return handlers->same_h(handlers->arg, flow, base->flow);
	return peer == flow->peer ||
	       (peer && flow->peer && !strcmp(peer->id, flow->peer->id));
}
