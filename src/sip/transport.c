/* The transport of one side: the way up for messages, and what all kinds share. */
#include "sip/transport.h"

#include "sip/transport_priv.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Lines about strangers, a second. */

/* ---- credentials and peers ---- */

void transport_set_tls(
	struct transport *transport, struct cred *cred, struct peer_set *peers)
{
	struct cred *old_cred = transport->cred;
	struct peer_set *old_peers = transport->peers;

	transport->cred = cred ? cred_ref(cred) : NULL;
	transport->peers = peers ? peer_set_ref(peers) : NULL;
	cred_unref(old_cred);
	peer_set_unref(old_peers);
}

void transport_watch_judged(struct transport *transport,
	void (*h)(void *arg, const struct flow *flow), void *arg)
{
	transport->judged_h = h;
	transport->judged_arg = arg;
}

void transport_judged(const struct transport *transport, const struct flow *flow)
{
	if (transport->judged_h)
		transport->judged_h(transport->judged_arg, flow);
}

/*
 * A call that began before a reload may ask for a peer of then: new connections are judged
 * by the rules of today. Where PEER has no namesake its own rules hold.
 */
const struct peer *transport_present_peer(
	const struct transport *transport, const struct peer *peer)
{
	if (!transport->peers || peer->set == transport->peers)
		return peer;
	LIST_FOREACH (&transport->peers->peers, node, next) {
		const struct peer *candidate = LIST_ENTRY(node, struct peer, node);

		if (strcmp(candidate->id, peer->id) == 0 &&
			strcmp(candidate->name, peer->name) == 0)
			return candidate;
	}
	return peer;
}

/* ---- start and end ---- */

int transport_new(struct transport **ret, const struct transport_params *params)
{
	struct transport *transport = calloc(1, sizeof(*transport));

	if (!transport)
		return -ENOMEM;
	transport->loop = params->loop;
	transport->limits = params->limits;
	transport->handlers = params->handlers;
	transport->tap = params->tap;
	transport->witness = params->witness;
	transport->quiet = params->quiet;
	transport->dscp = params->dscp;
	list_init(&transport->listeners);
	list_init(&transport->udp_sockets);
	list_init(&transport->streams);
	list_init(&transport->handshakes.all);
	list_init(&transport->handshakes.ready);
	transport->name = strdup(params->name);
	if (!transport->name)
		goto out_transport;
	if (hash_init(&transport->reusable) < 0)
		goto out_name;
	if (hash_init(&transport->udp_flows) < 0)
		goto out_reusable;
	*ret = transport;
	return 0;

out_reusable:
	hash_free(&transport->reusable);
out_name:
	free(transport->name);
out_transport:
	free(transport);
	return -ENOMEM;
}

void transport_free(struct transport *transport)
{
	if (!transport)
		return;
	timer_stop(&transport->resume);
	timer_stop(&transport->handshakes.timer);
	loop_cancel(&transport->handshakes.task);
	timer_stop(&transport->expiry);
	LIST_FOREACH (&transport->streams, node, next)
		stream_abandon(LIST_ENTRY(node, struct stream, node));
	LIST_FOREACH (&transport->listeners, node, next)
		listener_free(LIST_ENTRY(node, struct listener, node));
	udp_free(transport);
	cred_unref(transport->cred);
	peer_set_unref(transport->peers);
	hash_free(&transport->udp_flows);
	hash_free(&transport->reusable);
	free(transport->name);
	free(transport);
}

int transport_bind(const struct addr *address, int type)
{
	const int on = 1;
	int fd = socket(address->sa.sa_family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int err;

	if (fd < 0)
		return -errno;
	/* A UDP port must not be shared by accident, and needs no waiting after a restart. */
	if (type == SOCK_STREAM &&
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0)
		goto out;
	/* An IPv4 far end is always an IPv4 address to us, never ::ffff:192.0.2.1. */
	if (addr_is_v6(address) &&
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on)) < 0)
		goto out;
	if (bind(fd, &address->sa, address->len) < 0)
		goto out;
	return fd;

out:
	err = -errno;
	close(fd);
	return err;
}

int transport_listen(struct transport *transport, enum transport_kind kind,
	const struct addr *address, struct addr *ret_bound, struct err_text *text)
{
	char where[ADDR_TEXT_SIZE];
	struct addr bound = {.len = 0};
	int err;

	if (kind == TRANSPORT_UDP)
		err = udp_listen(transport, address, &bound, text);
	else
		err = listener_open(transport, kind, address, &bound, text);
	if (err < 0)
		return err;
	log_info("transport", "listening side=%s transport=%s local=%s", transport->name,
		transport_kind_name(kind), addr_text(&bound, where));
	if (ret_bound)
		*ret_bound = bound;
	return 0;
}

/* ---- messages ---- */

static enum tap_transport tap_kind(enum transport_kind kind)
{
	switch (kind) {
	case TRANSPORT_UDP:
		return TAP_UDP;
	case TRANSPORT_TCP:
		return TAP_TCP;
	case TRANSPORT_TLS:
		break;
	}
	return TAP_TLS;
}

static void transport_tap(struct transport *transport, const struct flow *flow, bool sent,
	uint64_t call, struct span text)
{
	struct clock *clock = loop_clock(transport->loop);
	struct tap_message message;

	if (!transport->tap || !transport->tap->message_h)
		return;
	message = (struct tap_message){
		.call = call,
		.wall_us = clock->wall_us(clock),
		.transport = tap_kind(flow->kind),
		.sent = sent,
		.source = sent ? flow->local : flow->remote,
		.destination = sent ? flow->remote : flow->local,
		.data = text.p,
		.len = text.len,
	};
	transport->tap->message_h(transport->tap->arg, &message);
}

void transport_sent(
	struct transport *transport, struct flow *flow, const char *data, size_t len)
{
	transport->totals.messages_out++;
	transport_tap(transport, flow, true, flow->tap_call,
		(struct span){.p = data, .len = len});
}

/* What the layer above is told of a request that did not come whole. */
static void note_fit(enum transport_fit fit, struct message_fault *fault)
{
	if (fit == TRANSPORT_TOO_BIG)
		*fault = (struct message_fault){.status = 513};
	else if (fit == TRANSPORT_SHORT && fault->status == 0)
		*fault = (struct message_fault){
			400, "Body Shorter Than Content-Length", "Content-Length"};
}

int transport_deliver(struct transport *transport, struct flow *flow, struct span text,
	enum transport_fit fit)
{
	const struct transport_handlers *handlers = &transport->handlers;
	struct message_fault fault = {.status = 0};
	struct message *message = NULL;
	char host[ADDR_TEXT_SIZE];
	uint64_t call = 0;
	int err = message_parse(&message, text.p, text.len, &fault);

	transport->totals.messages_in++;
	if (err < 0) {
		transport_tap(transport, flow, false, 0, text);
		return err;
	}
	if (handlers->call_h)
		call = handlers->call_h(handlers->arg, flow, message);
	transport_tap(transport, flow, false, call, text);
	if (message_is_request(message)) {
		message_set_received(message, addr_host_text(&flow->remote, host),
			addr_port(&flow->remote));
	} else if (fit != TRANSPORT_WHOLE) {
		message_unref(message);
		return fit == TRANSPORT_SHORT ? ERR_FORMAT : 0;
	}
	note_fit(fit, &fault);
	handlers->message_h(handlers->arg, flow, message, &fault);
	message_unref(message);
	return 0;
}

int transport_deliver_too_big(struct transport *transport, struct flow *flow,
	struct span text, const char *reason)
{
	struct buf head;
	char words[120];
	int err;

	transport->totals.too_big++;
	snprintf(words, sizeof(words), "message skipped reason=\"%s\"", reason);
	transport_log_refused(transport, &flow->remote, words);
	buf_init(&head, 0);
	buf_add_span(&head, text);
	/* The lines before the limit are headers without an end. */
	if (text.len < 4 || memcmp(text.p + text.len - 4, "\r\n\r\n", 4) != 0)
		buf_add_str(&head, "\r\n");
	err = head.err;
	if (!err)
		err = transport_deliver(
			transport, flow, buf_span(&head), TRANSPORT_TOO_BIG);
	buf_free(&head);
	return err;
}

/* ---- connections ---- */

int transport_flow(struct transport *transport, const struct transport_target *target,
	struct flow **ret, struct err_text *text)
{
	struct transport_target wanted = *target;
	struct stream *stream;
	int err;

	if (target->kind == TRANSPORT_UDP)
		return udp_flow_to(transport, &target->remote, ret, text);
	if (target->kind == TRANSPORT_TLS) {
		if (!wanted.cred)
			wanted.cred = transport->cred;
		if (!wanted.peer || !wanted.cred)
			return err_set(text, ERR_STATE,
				"TLS needs a peer to expect and a certificate to "
				"present");
		wanted.peer = transport_present_peer(transport, wanted.peer);
	}
	stream = stream_find(transport, &wanted);
	if (!stream) {
		err = stream_connect(transport, &wanted, &stream, text);
		if (err < 0)
			return err;
	}
	*ret = flow_ref(&stream->flow);
	return 0;
}

void transport_close_peer(
	struct transport *transport, const struct peer *peer, const char *why)
{
	LIST_FOREACH (&transport->streams, node, next) {
		struct stream *stream = LIST_ENTRY(node, struct stream, node);

		if (stream->flow.peer == peer || stream->expected == peer)
			stream_close(stream, why);
	}
}

void transport_each(
	struct transport *transport, void (*h)(void *arg, struct flow *flow), void *arg)
{
	LIST_FOREACH (&transport->streams, node, next) {
		struct stream *stream = LIST_ENTRY(node, struct stream, node);

		/* One that we accepted is nobody before it was judged. */
		if (!stream->flow.closed && (stream->flow.opened || !stream->accepted))
			h(arg, &stream->flow);
	}
}

void transport_totals(const struct transport *transport, struct transport_totals *ret)
{
	*ret = transport->totals;
}

/* ---- helpers ---- */

uint64_t transport_addr_hash(const struct addr *addr)
{
	uint64_t port = addr_port(addr);

	if (addr_is_v6(addr))
		return hash_bytes(&addr->v6.sin6_addr, sizeof(addr->v6.sin6_addr), port);
	return hash_bytes(&addr->v4.sin_addr, sizeof(addr->v4.sin_addr), port);
}

void transport_log_refused(
	struct transport *transport, const struct addr *remote, const char *words)
{
	char where[ADDR_TEXT_SIZE];
	unsigned hidden;

	if (!log_limit_pass(&transport->log_limit,
		    timers_now_ms(transport_timers(transport)), &hidden))
		return;
	addr_text(remote, where);
	if (hidden)
		log_warning("transport", "%s side=%s remote=%s not_logged=%u", words,
			transport->name, where, hidden);
	else
		log_write(transport_level(transport, LOG_LEVEL_WARNING), "transport",
			"%s side=%s remote=%s", words, transport->name, where);
}
