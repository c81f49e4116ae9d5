/* What all kinds of transport share: the way up for messages, peers of today, sockets, log lines. */
#include "sip/transport_priv.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* ---- peers ---- */

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

		if (peer_is_same(candidate, peer))
			return candidate;
	}
	return peer;
}

/* ---- sockets ---- */

void transport_room_changed(struct transport *transport)
{
	transport->room_h(transport);
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
	uint64_t owner, struct span text)
{
	struct clock *clock = loop_clock(transport->loop);
	struct tap_message message;

	if (!transport->tap || !transport->tap->message_h)
		return;
	message = (struct tap_message){
		.call = tap_owner_call(owner),
		.party = tap_owner_party(owner),
		.mono_us = clock->mono_us(clock),
		.transport = tap_kind(flow->kind),
		.sent = sent,
		.waits = sent && !flow->opened,
		.source = sent ? flow->local : flow->remote,
		.destination = sent ? flow->remote : flow->local,
		.version = flow->version,
		.cipher = flow->cipher,
		.peer_names = flow->peer_names,
		.chain_h = flow->ops->chain,
		.peer = flow,
		.data = text.p,
		.len = text.len,
	};
	transport->tap->message_h(transport->tap->arg, &message);
}

void transport_sent(
	struct transport *transport, struct flow *flow, const char *data, size_t len)
{
	transport->totals.messages_out++;
	transport_tap(transport, flow, true, flow->tap_owner,
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
	uint64_t owner = 0;
	int err;

	transport->totals.messages_in++;
	if (fit == TRANSPORT_WHOLE && handlers->unread_h &&
		handlers->unread_h(handlers->arg, flow, text))
		return 0;
	err = message_parse(&message, text.p, text.len, &fault);
	if (err < 0) {
		transport_tap(transport, flow, false, 0, text);
		return err;
	}
	if (handlers->owner_of_h)
		owner = handlers->owner_of_h(handlers->arg, flow, message);
	transport_tap(transport, flow, false, owner, text);
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
	transport_log_flow_refused(transport, flow, words);
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

/* ---- helpers ---- */

uint64_t transport_addr_hash(const struct addr *addr)
{
	uint64_t port = addr_port(addr);

	if (addr_is_v6(addr))
		return hash_bytes(&addr->v6.sin6_addr, sizeof(addr->v6.sin6_addr), port);
	return hash_bytes(&addr->v4.sin_addr, sizeof(addr->v4.sin_addr), port);
}

static void log_refused(struct transport *transport, const struct addr *remote,
	const char *words, const char *flow)
{
	char where[ADDR_TEXT_SIZE], hidden_text[40] = "";
	unsigned hidden;

	if (!log_limit_pass(&transport->log_limit, &hidden))
		return;
	if (hidden)
		snprintf(hidden_text, sizeof(hidden_text), " suppressed=%u", hidden);
	log_write(transport_level(transport, LOG_LEVEL_WARNING), "transport",
		"%s side=%s remote=%s%s%s", words, transport->name,
		addr_text(remote, where), flow, hidden_text);
}

void transport_log_refused(
	struct transport *transport, const struct addr *remote, const char *words)
{
	log_refused(transport, remote, words, "");
}

void transport_log_flow_refused(
	struct transport *transport, const struct flow *flow, const char *words)
{
	char text[40];

	snprintf(text, sizeof(text), " flow=%llu", (unsigned long long)flow->id);
	log_refused(transport, &flow->remote, words, text);
}
