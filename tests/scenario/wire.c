#include "wire.h"

#include "inside.h"

#include "base/log.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define WIRE_HOSTS_MAX 8

/* How a host takes connections, where it is not simply there. */
struct wire_host {
	struct addr addr;
	enum wire_reach reach;
};

struct transport {
	struct loop *loop;
	struct transport_handlers handlers;
	struct transport_limits limits;
	const struct tap *tap;
	struct peer_set *peers; /* a reference: who may connect now */
	struct list flows;      /* struct wire_flow, each a reference of ours */
	struct list closing;    /* the same, closed, which closed_h was not told yet */
	struct addr local[3];   /* by kind */
	struct wire_host hosts[WIRE_HOSTS_MAX];
	unsigned host_count;
	struct addr shaking; /* shakes hands with us; len 0: nobody does */
	struct list waiting; /* struct transport_wait */
	wire_sent_h *sent_h;
	void *sent_arg;
};

struct wire_flow {
	struct flow flow;
	struct list node;
	struct transport *transport;
	struct peer_set *peers; /* a reference: the set that judged it */
	struct buf last;        /* what was sent last */
	bool accepted;          /* the far end began it */
	bool dead;              /* what is sent over it is lost */
	size_t stalled; /* the far end does not read: so many bytes may wait; 0: it does */
	size_t queued;  /* bytes that wait */
	const char *why; /* CLOSING: static */
};

/* ---- transport.h, as far as the layers above use it ---- */

int transport_new(struct transport **ret, const struct transport_params *params)
{
	struct transport *transport = calloc(1, sizeof(*transport));

	if (!transport)
		return -ENOMEM;
	transport->loop = params->loop;
	transport->handlers = params->handlers;
	transport->limits = params->limits;
	transport->tap = params->tap;
	list_init(&transport->flows);
	list_init(&transport->closing);
	list_init(&transport->waiting);
	*ret = transport;
	return 0;
}

static void drop_flows(struct list *flows)
{
	LIST_FOREACH (flows, node, next) {
		struct wire_flow *wired = LIST_ENTRY(node, struct wire_flow, node);

		list_remove(node);
		wired->flow.closed = true;
		flow_unref(&wired->flow);
	}
}

void transport_free(struct transport *transport)
{
	if (!transport)
		return;
	drop_flows(&transport->flows);
	drop_flows(&transport->closing);
	peer_set_unref(transport->peers);
	free(transport);
}

void transport_set_tls(
	struct transport *transport, struct cred *cred, struct peer_set *peers)
{
	struct peer_set *old = transport->peers;

	(void)cred;
	transport->peers = peers ? peer_set_ref(peers) : NULL;
	peer_set_unref(old);
}

/* The peer of now that has the id and name of PEER, or NULL. */
static const struct peer *find_peer(
	const struct transport *transport, const struct peer *peer)
{
	if (!transport->peers)
		return NULL;
	LIST_FOREACH (&transport->peers->peers, node, next) {
		const struct peer *candidate = LIST_ENTRY(node, struct peer, node);

		if (!strcmp(candidate->id, peer->id) &&
			!strcmp(candidate->name, peer->name))
			return candidate;
	}
	return NULL;
}

/* A far end that is no peer any more is refused where it connected to us; to where we connected
 * goes on as it was judged. */
void transport_judge_again(struct transport *transport)
{
	LIST_FOREACH (&transport->flows, node, next) {
		struct wire_flow *wired = LIST_ENTRY(node, struct wire_flow, node);
		const struct peer *peer;
		struct peer_set *old = wired->peers;

		if (wired->flow.kind != TRANSPORT_TLS || !wired->flow.peer)
			continue;
		peer = find_peer(transport, wired->flow.peer);
		if (peer) {
			wired->peers = peer_set_ref(peer->set);
			wired->flow.peer = peer;
			peer_set_unref(old);
		} else if (wired->accepted) {
			wired->flow.refused = true;
			wire_cut(&wired->flow, "tls refused by=us rule=name");
		}
	}
}

static bool same_peer(const struct peer *a, const struct peer *b)
{
	return a == b || (a && b && !strcmp(a->id, b->id));
}

static struct wire_flow *find_flow(struct transport *transport, enum transport_kind kind,
	const struct addr *remote, const struct peer *peer)
{
	LIST_FOREACH (&transport->flows, node, next) {
		struct wire_flow *wired = LIST_ENTRY(node, struct wire_flow, node);

		if (wired->flow.kind == kind && addr_equal(&wired->flow.remote, remote) &&
			(!peer || same_peer(wired->flow.peer, peer)))
			return wired;
	}
	return NULL;
}

static struct flow *new_flow(struct transport *transport, enum transport_kind kind,
	const struct addr *remote, const struct peer *peer);

static int find_or_make(struct transport *transport,
	const struct transport_target *target, struct flow **ret, struct err_text *text)
{
	enum wire_reach reach = WIRE_HERE;
	struct wire_flow *standing;
	const struct peer *peer;
	struct flow *flow;

	for (unsigned i = 0; i < transport->host_count; i++)
		if (addr_equal(&transport->hosts[i].addr, &target->remote))
			reach = transport->hosts[i].reach;
	if (reach == WIRE_GONE)
		return err_set(text, -EHOSTUNREACH, "no route to host");
	if (target->kind == TRANSPORT_TLS && !target->peer)
		return err_set(text, ERR_STATE, "TLS needs a peer to expect");
	peer = target->kind == TRANSPORT_TLS ? target->peer : NULL;
	standing = target->reuse == TRANSPORT_REUSE_NONE
			   ? NULL
			   : find_flow(transport, target->kind, &target->remote, peer);
	flow = flow_ref(
		standing ? &standing->flow
			 : new_flow(transport, target->kind, &target->remote, peer));
	if (!standing && reach == WIRE_REFUSES && target->kind != TRANSPORT_UDP) {
		flow->opened = false;
		flow->version = flow->cipher = "";
		flow->no_listener = true;
		wire_cut(flow, "Connection refused");
	}
	*ret = flow;
	return 0;
}

void transport_each(
	struct transport *transport, void (*h)(void *arg, struct flow *flow), void *arg)
{
	LIST_FOREACH (&transport->flows, node, next)
		h(arg, &LIST_ENTRY(node, struct wire_flow, node)->flow);
}

int transport_flow(struct transport *transport, const struct transport_target *target,
	struct flow **ret, struct err_text *text)
{
	bool was = inside_set(false);
	int err = find_or_make(transport, target, ret, text);

	inside_set(was);
	return err;
}

bool transport_is_open(struct transport *transport, const struct transport_target *target)
{
	const struct wire_flow *wired =
		find_flow(transport, target->kind, &target->remote, target->peer);

	return wired && wired->flow.opened;
}

void transport_each_open(struct transport *transport,
	const struct transport_target *target, void (*h)(void *arg, struct flow *flow),
	void *arg)
{
	LIST_FOREACH (&transport->flows, node, next) {
		struct wire_flow *wired = LIST_ENTRY(node, struct wire_flow, node);

		if (wired->flow.kind == target->kind && target->kind != TRANSPORT_UDP &&
			(target->kind == TRANSPORT_TLS
					? same_peer(wired->flow.peer, target->peer)
					: addr_equal(
						  &wired->flow.remote, &target->remote)))
			h(arg, &wired->flow);
	}
}

bool transport_await_handshake(struct transport *transport, const struct addr *remote,
	struct transport_wait *wait)
{
	if (!transport->shaking.len || !addr_equal_host(&transport->shaking, remote))
		return false;
	transport_stop_waiting(wait);
	list_append(&transport->waiting, &wait->node);
	return true;
}

void transport_stop_waiting(struct transport_wait *wait)
{
	if (wait->node.next)
		list_remove(&wait->node);
}

void wire_inherit(struct transport *to, const struct transport *from)
{
	memcpy(to->hosts, from->hosts, sizeof(to->hosts));
	to->host_count = from->host_count;
}

void wire_shake(struct transport *transport, const struct addr *remote)
{
	transport->shaking = *remote;
}

void wire_end_shaking(struct transport *transport)
{
	bool was = inside_set(true);

	transport->shaking.len = 0;
	while (!list_empty(&transport->waiting)) {
		struct transport_wait *wait =
			LIST_ENTRY(transport->waiting.next, struct transport_wait, node);

		list_remove(&wait->node);
		wait->h(wait->arg);
	}
	inside_set(was);
}

void transport_close_flow(struct flow *flow, const char *why)
{
	wire_close(flow, why);
}

void transport_cut_flow(struct flow *flow, const char *why)
{
	wire_close(flow, why);
}

/* ---- flows ---- */

static void tap(const struct transport *transport, const struct flow *flow, bool sent,
	uint64_t owner, struct span text)
{
	const struct tap_message message = {.call = tap_owner_call(owner),
		.party = tap_owner_party(owner),
		.transport = (enum tap_transport)flow->kind,
		.sent = sent,
		.source = sent ? flow->local : flow->remote,
		.destination = sent ? flow->remote : flow->local,
		.data = text.p,
		.len = text.len};

	transport->tap->message_h(transport->tap->arg, &message);
}

static int send_out(struct flow *flow, const char *data, size_t len)
{
	struct wire_flow *wired = (struct wire_flow *)flow;
	struct transport *transport = wired->transport;
	bool was;

	if (wired->stalled && wired->queued && wired->queued + len > wired->stalled) {
		wire_cut(flow, "reads too slowly");
		return ERR_LIMIT;
	}
	if (wired->dead)
		return 0;
	if (wired->stalled)
		wired->queued += len;
	was = inside_set(false);
	buf_clear(&wired->last);
	buf_add(&wired->last, data, len);
	transport->sent_h(
		transport->sent_arg, flow, tap_owner_call(flow->tap_owner), data, len);
	inside_set(was);
	tap(transport, flow, true, flow->tap_owner, (struct span){data, len});
	return 0;
}

static int keep_alive(struct flow *flow)
{
	struct wire_flow *wired = (struct wire_flow *)flow;
	struct transport *transport = wired->transport;
	bool was = inside_set(false);

	if (!wired->dead)
		transport->sent_h(transport->sent_arg, flow, 0, WIRE_KEEPALIVE,
			strlen(WIRE_KEEPALIVE));
	inside_set(was);
	return 0;
}

void wire_pong(struct flow *flow)
{
	struct wire_flow *wired = (struct wire_flow *)flow;

	flow->heard_ms = timers_now_ms(loop_timers(wired->transport->loop));
}

void wire_die(struct flow *flow)
{
	((struct wire_flow *)flow)->dead = true;
}

void wire_stall(struct flow *flow, size_t bytes)
{
	struct wire_flow *wired = (struct wire_flow *)flow;
	struct transport *transport = wired->transport;

	wired->queued = 0;
	wired->stalled = bytes < transport->limits.queue_bytes
				 ? bytes
				 : transport->limits.queue_bytes;
}

bool wire_stalls(const struct flow *flow)
{
	return ((const struct wire_flow *)flow)->stalled > 0;
}

static void free_flow(struct flow *flow)
{
	struct wire_flow *wired = (struct wire_flow *)flow;

	peer_set_unref(wired->peers);
	buf_free(&wired->last);
	free(wired);
}

static const struct flow_ops wire_ops = {
	.send = send_out, .free = free_flow, .keep_alive = keep_alive};

static struct flow *new_flow(struct transport *transport, enum transport_kind kind,
	const struct addr *remote, const struct peer *peer)
{
	struct wire_flow *wired = calloc(1, sizeof(*wired));

	if (!wired)
		abort();
	wired->transport = transport;
	wired->peers = peer ? peer_set_ref(peer->set) : NULL;
	flow_init(&wired->flow, &wire_ops, kind, remote);
	buf_init(&wired->last, 0);
	wired->flow.opened = true;
	wired->flow.local = transport->local[kind];
	wired->flow.peer = peer;
	wired->flow.version = kind == TRANSPORT_TLS ? "TLS1.3" : "";
	wired->flow.cipher = kind == TRANSPORT_TLS ? "AES-256-GCM" : "";
	list_append(&transport->flows, &wired->node);
	return &wired->flow;
}

struct flow *wire_flow(struct transport *transport, enum transport_kind kind,
	const struct addr *remote, const struct peer *peer)
{
	struct wire_flow *wired = find_flow(transport, kind, remote, peer);

	return wired ? &wired->flow : new_flow(transport, kind, remote, peer);
}

/* The connection that REMOTE has with us, as it knows. */
static struct wire_flow *find_alive(
	struct transport *transport, enum transport_kind kind, const struct addr *remote)
{
	LIST_FOREACH (&transport->flows, node, next) {
		struct wire_flow *wired = LIST_ENTRY(node, struct wire_flow, node);

		if (wired->flow.kind == kind && !wired->dead &&
			addr_equal(&wired->flow.remote, remote))
			return wired;
	}
	return NULL;
}

struct flow *wire_accept(struct transport *transport, enum transport_kind kind,
	const struct addr *remote, const struct peer *peer)
{
	struct wire_flow *wired = find_alive(transport, kind, remote);
	struct flow *flow;

	if (wired)
		return &wired->flow;
	if (kind == TRANSPORT_TLS && !peer)
		return NULL;
	flow = new_flow(transport, kind, remote, peer);
	((struct wire_flow *)flow)->accepted = true;
	return flow;
}

void wire_reach(
	struct transport *transport, const struct addr *remote, enum wire_reach reach)
{
	struct wire_host *host = NULL;

	for (unsigned i = 0; i < transport->host_count && !host; i++)
		if (addr_equal(&transport->hosts[i].addr, remote))
			host = &transport->hosts[i];
	if (!host && transport->host_count < WIRE_HOSTS_MAX)
		host = &transport->hosts[transport->host_count++];
	if (!host)
		abort();
	*host = (struct wire_host){.addr = *remote, .reach = reach};
}

void wire_cut(struct flow *flow, const char *why)
{
	struct wire_flow *wired = (struct wire_flow *)flow;

	if (flow->closed)
		return;
	flow->closed = true;
	wired->why = why;
	list_remove(&wired->node);
	list_append(&wired->transport->closing, &wired->node);
}

bool wire_settle(struct transport *transport)
{
	struct wire_flow *wired;
	bool was;

	if (list_empty(&transport->closing))
		return false;
	wired = LIST_ENTRY(transport->closing.next, struct wire_flow, node);
	list_remove(&wired->node);
	was = inside_set(true);
	transport->handlers.closed_h(transport->handlers.arg, &wired->flow, wired->why);
	inside_set(was);
	flow_unref(&wired->flow);
	return true;
}

void wire_close(struct flow *flow, const char *why)
{
	struct transport *transport = ((struct wire_flow *)flow)->transport;

	wire_cut(flow, why);
	while (wire_settle(transport))
		;
}

unsigned wire_connections(const struct transport *transport, const struct addr *remote)
{
	unsigned count = 0;

	LIST_FOREACH (&transport->flows, node, next) {
		const struct flow *flow = &LIST_ENTRY(node, struct wire_flow, node)->flow;

		count += flow->kind != TRANSPORT_UDP && addr_equal(&flow->remote, remote);
	}
	return count;
}

bool wire_is_open(const struct transport *transport, uint64_t id)
{
	LIST_FOREACH (&transport->flows, node, next) {
		const struct wire_flow *wired = LIST_ENTRY(node, struct wire_flow, node);

		if (wired->flow.id == id)
			return !wired->dead;
	}
	return false;
}

bool wire_takes(const struct flow *flow)
{
	const struct wire_flow *wired = (const struct wire_flow *)flow;
	const struct transport_handlers *handlers = &wired->transport->handlers;

	return flow->kind == TRANSPORT_TLS ||
	       handlers->allowed_h(handlers->arg, flow->kind, &flow->remote);
}

void wire_bounce(struct flow *flow)
{
	struct wire_flow *wired = (struct wire_flow *)flow;
	const struct transport_handlers *handlers = &wired->transport->handlers;
	bool was;

	was = inside_set(true);
	handlers->unreachable_h(
		handlers->arg, flow, buf_span(&wired->last), -ECONNREFUSED);
	inside_set(was);
}

/* Inside. */
static bool receive(struct flow *flow, const char *data, size_t len)
{
	struct wire_flow *wired = (struct wire_flow *)flow;
	const struct transport_handlers *handlers = &wired->transport->handlers;
	struct message_fault fault = {.status = 0};
	struct message *message = NULL;
	char host[ADDR_TEXT_SIZE];

	flow->heard_ms = timers_now_ms(loop_timers(wired->transport->loop));
	if (handlers->unread_h &&
		handlers->unread_h(handlers->arg, flow, (struct span){data, len}))
		return true;
	if (message_parse(&message, data, len, &fault))
		return false;
	tap(wired->transport, flow, false,
		handlers->owner_of_h(handlers->arg, flow, message),
		(struct span){data, len});
	if (message_is_request(message))
		message_set_received(message, addr_host_text(&flow->remote, host),
			addr_port(&flow->remote));
	handlers->message_h(handlers->arg, flow, message, &fault);
	message_unref(message);
	return true;
}

bool wire_receive(struct flow *flow, const char *data, size_t len)
{
	bool was, taken;

	if (!wire_takes(flow))
		return false;
	was = inside_set(true);
	taken = receive(flow, data, len);
	inside_set(was);
	return taken;
}

void wire_listen(struct transport *transport, enum side side, const char *address,
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
