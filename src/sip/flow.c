#include "sip/flow.h"

#include "base/err.h"

void flow_init(struct flow *flow, const struct flow_ops *ops, enum transport_kind kind,
	const struct addr *remote)
{
	static uint64_t last_id; /* flows are made in the loop thread alone */

	flow->ops = ops;
	flow->refs = 1;
	flow->kind = kind;
	flow->id = ++last_id;
	flow->remote = *remote;
	flow->version = "";
	flow->cipher = "";
	flow->peer_names = "";
	flow->server_name = "";
	flow->ours = "";
	flow->exception = "";
	for (unsigned use = 0; use < FLOW_USES; use++)
		list_init(&flow->held[use]);
}

struct flow *flow_ref(struct flow *flow)
{
	flow->refs++;
	return flow;
}

void flow_unref(struct flow *flow)
{
	if (flow && --flow->refs == 0)
		flow->ops->free(flow);
}

void flow_hold(struct flow *flow, enum flow_use use, struct list *node)
{
	flow_ref(flow);
	flow->users++;
	list_append(&flow->held[use], node);
}

void flow_release(struct flow *flow, struct list *node)
{
	list_remove(node);
	flow->users--;
	flow_unref(flow);
}

int flow_send(struct flow *flow, uint64_t owner, const char *data, size_t len)
{
	if (flow->closed)
		return ERR_CLOSED;
	flow->tap_owner = owner;
	return flow->ops->send(flow, data, len);
}

int flow_keep_alive(struct flow *flow)
{
	if (flow->closed)
		return ERR_CLOSED;
	return flow->ops->keep_alive ? flow->ops->keep_alive(flow) : 0;
}

bool flow_is_reliable(const struct flow *flow)
{
	return flow->kind != TRANSPORT_UDP;
}

const char *transport_kind_name(enum transport_kind kind)
{
	static const char *const names[] = {[TRANSPORT_UDP] = "UDP",
		[TRANSPORT_TCP] = "TCP",
		[TRANSPORT_TLS] = "TLS"};

	return names[kind];
}

const char *transport_kind_param(enum transport_kind kind)
{
	static const char *const params[] = {[TRANSPORT_UDP] = "udp",
		[TRANSPORT_TCP] = "tcp",
		[TRANSPORT_TLS] = "tls"};

	return params[kind];
}
