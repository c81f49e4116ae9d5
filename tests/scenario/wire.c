#include "wire.h"

#include "base/log.h"

#include <errno.h>
#include <stdlib.h>

#define WIRE_UNREACHABLE_MAX 8

struct transport {
	struct transport_handlers handlers;
	struct list flows;    /* struct wire_flow, each a reference of ours */
	struct addr local[3]; /* by kind */
	struct addr unreachable[WIRE_UNREACHABLE_MAX];
	unsigned unreachable_count;
	wire_sent_h *sent_h;
	void *sent_arg;
};

struct wire_flow {
	struct flow flow;
	struct list node;
	struct transport *transport;
	struct peer_set *peers; /* a reference: the set that judged it */
	struct buf last;        /* what was sent last */
};

/* ---- transport.h, as far as the layers above use it ---- */

int transport_new(struct transport **ret, const struct transport_params *params)
{
	struct transport *transport = calloc(1, sizeof(*transport));

	if (!transport)
		return -ENOMEM;
	transport->handlers = params->handlers;
	list_init(&transport->flows);
	*ret = transport;
	return 0;
}

void transport_free(struct transport *transport)
{
	if (!transport)
		return;
	LIST_FOREACH (&transport->flows, node, next) {
		struct wire_flow *wired = LIST_ENTRY(node, struct wire_flow, node);

		list_remove(node);
		wired->flow.closed = true;
		flow_unref(&wired->flow);
	}
	free(transport);
}

int transport_flow(struct transport *transport, const struct transport_target *target,
	struct flow **ret, struct err_text *text)
{
	for (unsigned i = 0; i < transport->unreachable_count; i++)
		if (addr_equal(&transport->unreachable[i], &target->remote))
			return err_set(text, -EHOSTUNREACH, "no route to host");
	*ret = flow_ref(
		wire_flow(transport, target->kind, &target->remote, target->peer));
	return 0;
}

void transport_close_flow(struct flow *flow, const char *why)
{
	wire_close(flow, why);
}

/* ---- flows ---- */

static int send_out(struct flow *flow, const char *data, size_t len)
{
	struct wire_flow *wired = (struct wire_flow *)flow;
	struct transport *transport = wired->transport;

	buf_clear(&wired->last);
	buf_add(&wired->last, data, len);
	transport->sent_h(transport->sent_arg, flow, flow->tap_call, data, len);
	return 0;
}

static void free_flow(struct flow *flow)
{
	struct wire_flow *wired = (struct wire_flow *)flow;

	peer_set_unref(wired->peers);
	buf_free(&wired->last);
	free(wired);
}

static const struct flow_ops wire_ops = {.send = send_out, .free = free_flow};

struct flow *wire_flow(struct transport *transport, enum transport_kind kind,
	const struct addr *remote, const struct peer *peer)
{
	struct wire_flow *wired;

	LIST_FOREACH (&transport->flows, node, next) {
		wired = LIST_ENTRY(node, struct wire_flow, node);
		if (wired->flow.kind == kind && addr_equal(&wired->flow.remote, remote))
			return &wired->flow;
	}
	wired = calloc(1, sizeof(*wired));
	if (!wired)
		abort();
	wired->transport = transport;
	wired->peers = peer ? peer_set_ref(peer->set) : NULL;
	flow_init(&wired->flow, &wire_ops, kind, remote);
	buf_init(&wired->last, 0);
	wired->flow.local = transport->local[kind];
	wired->flow.peer = peer;
	wired->flow.version = kind == TRANSPORT_TLS ? "TLS1.3" : "";
	wired->flow.cipher = kind == TRANSPORT_TLS ? "AES-256-GCM" : "";
	list_append(&transport->flows, &wired->node);
	return &wired->flow;
}

void wire_reach(struct transport *transport, const struct addr *remote, bool reachable)
{
	if (!reachable && transport->unreachable_count < WIRE_UNREACHABLE_MAX) {
		transport->unreachable[transport->unreachable_count++] = *remote;
		return;
	}
	for (unsigned i = 0; i < transport->unreachable_count; i++)
		if (addr_equal(&transport->unreachable[i], remote))
			transport->unreachable[i] =
				transport->unreachable[--transport->unreachable_count];
}

void wire_close(struct flow *flow, const char *why)
{
	struct wire_flow *wired = (struct wire_flow *)flow;
	struct transport *transport = wired->transport;

	if (flow->closed)
		return;
	flow->closed = true;
	list_remove(&wired->node);
	transport->handlers.closed_h(transport->handlers.arg, flow, why);
	flow_unref(flow);
}

void wire_bounce(struct flow *flow)
{
	struct wire_flow *wired = (struct wire_flow *)flow;
	const struct transport_handlers *handlers = &wired->transport->handlers;

	handlers->unreachable_h(
		handlers->arg, flow, buf_span(&wired->last), -ECONNREFUSED);
}

bool wire_receive(struct flow *flow, const char *data, size_t len)
{
	struct wire_flow *wired = (struct wire_flow *)flow;
	const struct transport_handlers *handlers = &wired->transport->handlers;
	struct message_fault fault = {.status = 0};
	struct message *message = NULL;
	char host[ADDR_TEXT_SIZE];

	if (flow->kind != TRANSPORT_TLS &&
		!handlers->allowed_h(handlers->arg, flow->kind, &flow->remote))
		return false;
	if (message_parse(&message, data, len, &fault))
		return false;
	handlers->call_h(handlers->arg, flow, message);
	if (message_is_request(message))
		message_set_received(message, addr_host_text(&flow->remote, host),
			addr_port(&flow->remote));
	handlers->message_h(handlers->arg, flow, message, &fault);
	message_unref(message);
	return true;
}

void wire_listen(struct transport *transport, enum relay_side side, const char *address,
	wire_sent_h *h, void *arg)
{
	static const uint16_t ports[2][3] = {{5060, 5060, 5061}, {5060, 5060, 5062}};

	for (unsigned kind = 0; kind < 3; kind++)
		if (addr_parse(&transport->local[kind], address, ports[side][kind]))
			abort();
	transport->sent_h = h;
	transport->sent_arg = arg;
}

const struct flow *wire_leak(const struct transport *transport)
{
	LIST_FOREACH (&transport->flows, node, next) {
		const struct wire_flow *wired = LIST_ENTRY(node, struct wire_flow, node);

		if (wired->flow.users || wired->flow.refs != 1)
			return &wired->flow;
	}
	return NULL;
}
