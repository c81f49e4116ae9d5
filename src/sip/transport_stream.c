/*
 * A stream connection, TCP or TLS: framing what comes, queueing what goes, and ending. How
 * it opens is in transport_open.c; which bytes pass the socket is up to its stream_ops.
 *
 * It never calls up from a function that the layer above called: an end that is found in
 * flow_send() is told at the end of the loop turn, like every other.
 */
#include "sip/failure.h"
#include "sip/transport_priv.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

/* What one connection may read in one turn, so that one that floods leaves time for others. */
#define READS_A_TURN 16
#define BYTES_A_TURN (64 * 1024)
/* How long a connection that is to be closed may take over its last output. */
#define DRAIN_MS 2000
/* One that ends so soon after its handshake, without a message, may have been refused. */
#define SOON_MS 5000

static const char *const state_names[] = {
	[STREAM_CONNECTING] = "connecting",
	[STREAM_HANDSHAKE] = "handshake",
	[STREAM_OPEN] = "open",
	[STREAM_DRAINING] = "draining",
	[STREAM_CLOSED] = "closed",
};

/* The states that may follow each one, as bits. */
static const unsigned state_next[] = {
	[STREAM_CONNECTING] =
		1U << STREAM_HANDSHAKE | 1U << STREAM_OPEN | 1U << STREAM_CLOSED,
	[STREAM_HANDSHAKE] = 1U << STREAM_OPEN | 1U << STREAM_CLOSED,
	[STREAM_OPEN] = 1U << STREAM_DRAINING | 1U << STREAM_CLOSED,
	[STREAM_DRAINING] = 1U << STREAM_CLOSED,
	[STREAM_CLOSED] = 0,
};

static struct stream *stream_of(struct flow *flow)
{
	return (struct stream *)(void *)((char *)flow - offsetof(struct stream, flow));
}

void stream_count(const struct stream *stream, int step)
{
	struct transport *transport = stream->transport;

	if (stream->state == STREAM_CLOSED)
		return;
	if (stream->accepted) {
		transport->accepted += (unsigned)step;
		transport->of_source[stream->source] += (unsigned)step;
	}
	if (stream->state == STREAM_OPEN || stream->state == STREAM_DRAINING) {
		transport->totals.connections += (unsigned)step;
		return;
	}
	transport->totals.handshakes += (unsigned)step;
	if (stream->accepted)
		transport->accepted_opening += (unsigned)step;
}

void stream_set_state(struct stream *stream, enum stream_state next)
{
	if (!(state_next[stream->state] & 1U << next)) {
		log_error("transport", "event=illegal-move flow=%llu from=%s to=%s",
			(unsigned long long)stream->flow.id, state_names[stream->state],
			state_names[next]);
		return;
	}
	log_debug("transport", "event=state flow=%llu from=%s to=%s",
		(unsigned long long)stream->flow.id, state_names[stream->state],
		state_names[next]);
	stream_count(stream, -1);
	stream->state = next;
	stream_count(stream, 1);
	if (stream->accepted)
		transport_room_changed(stream->transport);
}

void stream_want(struct stream *stream, uint32_t events)
{
	if (stream->watch.events == events)
		return;
	if (loop_rewatch(&stream->watch, events) < 0)
		stream_cut(stream, LOG_LEVEL_ERROR, "cannot be watched");
}

/* A socket that can be written makes the next turn begin at once, which is also how bytes
 * that were read ahead get their turn. What is to be written at the end of this turn needs none:
 * mostly the socket takes it. */
static void stream_poll(struct stream *stream)
{
	bool wants_out = (stream->out.len && !stream->flush.queued) || stream->more;

	stream_want(stream, wants_out ? EPOLLIN | EPOLLOUT : EPOLLIN);
}

void stream_stop_shaking(struct stream *stream)
{
	struct handshakes *handshakes = &stream->transport->handshakes;

	if (list_empty(&stream->shaking_node))
		return;
	handshakes->of_source[stream->source]--;
	list_remove(&stream->shaking_node);
	list_remove(&stream->ready_node);
	if (!list_empty(&handshakes->waiting))
		loop_defer(stream->transport->loop, &handshakes->told, handshakes->told_h,
			stream->transport);
}

/* ---- the end ---- */

/* Gives back everything but the flow, which others may hold. */
static void stream_release(struct stream *stream)
{
	stream_stop_shaking(stream);
	loop_unwatch(&stream->watch);
	loop_cancel(&stream->flush);
	timer_stop(&stream->timer);
	if (stream->reusable)
		hash_remove(&stream->transport->reusable, &stream->reuse_node);
	stream->reusable = false;
	channel_free(stream->channel);
	stream->channel = NULL;
	if (stream->fd >= 0)
		close(stream->fd);
	stream->fd = -1;
	buf_free(&stream->in);
	buf_free(&stream->out);
}

static void stream_free(struct flow *flow)
{
	struct stream *stream = stream_of(flow);

	cred_unref(stream->cred);
	peer_set_unref(stream->peers);
	free(stream->peer_names);
	free(stream->host);
	free(stream->server_name);
	free(stream->exception);
	free(stream->report);
	free(stream->why);
	free(stream);
}

static void stream_tell(void *arg)
{
	struct stream *stream = arg;
	const struct transport_handlers *handlers = &stream->transport->handlers;

	list_remove(&stream->node);
	/* One that we accepted and that never opened was never shown to the layer above. */
	if (handlers->closed_h && (stream->flow.opened || !stream->accepted))
		handlers->closed_h(handlers->arg, &stream->flow,
			stream->why ? stream->why : "closed");
	stream->transport = NULL;
	flow_unref(&stream->flow);
}

void stream_end(struct stream *stream, const char *why)
{
	char *copy = strdup(why); /* WHY may be that of the draining stream */

	free(stream->why);
	stream->why = copy;
	stream->flow.closed = true;
	stream_set_state(stream, STREAM_CLOSED);
	stream_release(stream);
	loop_defer(stream->transport->loop, &stream->tell, stream_tell, stream);
}

/* The line that answers `opened`: WORDS are escaped. */
static void stream_log_end(struct stream *stream, enum log_level level, const char *words)
{
	char remote[ADDR_TEXT_SIZE];

	log_write(transport_level(stream->transport, level), "transport",
		"%s flow=%llu side=%s transport=%s remote=%s", words,
		(unsigned long long)stream->flow.id, stream->transport->name,
		transport_kind_name(stream->ops->kind),
		addr_text(&stream->flow.remote, remote));
}

void stream_cut(struct stream *stream, enum log_level level, const char *why)
{
	struct buf words;

	if (stream->state == STREAM_CLOSED)
		return;
	buf_init(&words, 0);
	buf_printf(&words, "event=closed reason=\"%s\"", why);
	stream_log_end(stream, level, words.err ? "event=closed" : buf_str(&words));
	stream_end(stream, why);
	buf_free(&words);
}

/* Writes what the socket takes. 0 when that was all; -EAGAIN; otherwise negative, final. */
static int stream_write_out(struct stream *stream)
{
	size_t at = 0;
	ssize_t n = 0;

	while (at < stream->out.len) {
		size_t len = stream->out.len - at;

		if (len > stream->ops->write_max)
			len = stream->ops->write_max;
		if (stream->offered)
			len = stream->offered;
		n = stream->ops->write(stream, stream->out.data + at, len);
		stream->offered = n == -EAGAIN ? len : 0;
		if (n < 0)
			break;
		at += (size_t)n;
	}
	buf_consume(&stream->out, at);
	return n < 0 ? (int)n : 0;
}

void stream_abandon(struct stream *stream)
{
	if (stream->state == STREAM_OPEN || stream->state == STREAM_DRAINING) {
		(void)stream_write_out(stream);
		stream->ops->close(stream);
	}
	stream->flow.closed = true;
	stream_release(stream);
	loop_cancel(&stream->tell);
	list_remove(&stream->node);
	stream->state = STREAM_CLOSED;
	stream->transport = NULL;
	flow_unref(&stream->flow);
}

/* The channel ends before those who want to know are told. */
static void stream_keep_report(struct stream *stream)
{
	struct explain_report *report = malloc(sizeof(*report));

	if (!report)
		return;
	explain_report(report, stream->channel);
	free(stream->report);
	stream->report = report;
	stream->flow.report = report;
}

/*
 * A far end may judge our certificate when the handshake is over for us: a server of TLS 1.3 does so, and
 * products that look at it themselves, as Asterisk does, in any version and role. Some then close without
 * an alert.
 */
static bool stream_ended_soon(const struct stream *stream)
{
	return stream->channel && !stream->heard &&
	       timers_now_ms(transport_timers(stream->transport)) - stream->opened_ms <
		       SOON_MS;
}

/* The far end ended an open stream: by ERR_CLOSED in order, or by -ECONNRESET. */
static void stream_ended_by_peer(struct stream *stream, int err)
{
	const char *how = err == ERR_CLOSED ? "closed" : "reset";
	char why[320];

	if (!stream_ended_soon(stream)) {
		snprintf(why, sizeof(why), "%s by peer", how);
		stream_cut(stream, err == ERR_CLOSED ? LOG_LEVEL_INFO : LOG_LEVEL_WARNING,
			why);
		return;
	}
	snprintf(why, sizeof(why),
		"%s by peer %llu ms after the handshake, without a SIP message: so does "
		"a far "
		"end that refuses our certificate; look at its log, and whether it "
		"trusts "
		"the CA of %s",
		how,
		(unsigned long long)(timers_now_ms(transport_timers(stream->transport)) -
				     stream->opened_ms),
		channel_ours(stream->channel));
	stream_cut(stream, LOG_LEVEL_WARNING, why);
}

/* The line about a newcomer that is refused. One that speaks no TLS, or is a plain trunk, is a stranger:
 * of those there is a line a minute. */
static void stream_log_refused(const struct stream *stream, const char *words)
{
	struct transport *transport = stream->transport;
	const char *spoke = NULL;

	if (stream->accepted && stream->channel)
		spoke = channel_spoke(stream->channel);
	if (spoke &&
		strangers_note_tls(transport->strangers, &stream->flow.remote, spoke) &&
		spoke[0] != '\0')
		return;
	transport_log_flow_refused(transport, &stream->flow, words);
}

static void add_connect_failure(const struct stream *stream, int err, struct buf *words)
{
	char remedy[FAILURE_REMEDY_SIZE];

	buf_printf(words, "connect failed error=\"%s\"", err_str(err));
	failure_remedy(
		FAILURE_CONNECT, err, stream->flow.kind, &stream->flow.remote, remedy);
	if (remedy[0])
		buf_printf(words, " do=\"%s\"", remedy);
}

void stream_fail(struct stream *stream, int err)
{
	struct transport *transport = stream->transport;
	const char *said = NULL;
	struct buf words;

	if ((err == ERR_CLOSED || err == -ECONNRESET) && stream->state >= STREAM_OPEN) {
		stream_ended_by_peer(stream, err);
		return;
	}
	buf_init(&words, 0);
	if (stream->state == STREAM_CONNECTING) {
		stream->flow.no_listener = err == -ECONNREFUSED;
		add_connect_failure(stream, err, &words);
	} else {
		stream->ops->explain(stream, err, &words);
	}
	if (stream->channel)
		stream_keep_report(stream);
	if (stream->state < STREAM_OPEN && stream->accepted)
		transport->totals.refused++;
	said = words.len ? buf_str(&words) : "connection failed";
	/* Only strangers are rationed: the end of a peer's connection is always told. */
	if (stream->state >= STREAM_OPEN)
		stream_log_end(stream, LOG_LEVEL_WARNING, said);
	else
		stream_log_refused(stream, said);
	if (stream->accepted && stream->flow.report &&
		(stream->state < STREAM_OPEN || stream->flow.refused))
		transport_judged(transport, &stream->flow);
	stream_end(stream, words.len ? buf_str(&words) : err_str(err));
	buf_free(&words);
}

/* ---- output ---- */

static void stream_finish(struct stream *stream)
{
	stream->ops->close(stream);
	stream_cut(stream, LOG_LEVEL_INFO, stream->why ? stream->why : "closed");
}

/* The stream may be closed afterwards. */
static void stream_write(struct stream *stream)
{
	int err = stream_write_out(stream);

	if (err && err != -EAGAIN) {
		stream_fail(stream, err);
		return;
	}
	if (stream->out.len == 0)
		buf_free(&stream->out);
	stream_poll(stream);
}

void stream_flush(void *arg)
{
	struct stream *stream = arg;

	stream_write(stream);
	if (stream->state == STREAM_DRAINING && stream->out.len == 0)
		stream_finish(stream);
}

/* Puts bytes behind what is queued; 0, ERR_LIMIT or -ENOMEM (the stream is then cut). */
static int stream_queue(struct stream *stream, const char *data, size_t len)
{
	const size_t limit = stream->transport->limits.queue_bytes;
	struct buf *out = &stream->out;
	char why[80];

	/* Many messages of one turn are no slow reader: the socket may take them now. */
	if (limit && out->len && out->len + len > limit && stream->state == STREAM_OPEN &&
		!stream->offered) {
		stream_write(stream);
		if (stream->state == STREAM_CLOSED)
			return ERR_CLOSED;
	}
	if (limit && out->len && out->len + len > limit) {
		snprintf(
			why, sizeof(why), "reads too slowly: %zu bytes unsent", out->len);
		stream_cut(stream, LOG_LEVEL_WARNING, why);
		return ERR_LIMIT;
	}
	buf_add(out, data, len);
	if (out->err) {
		stream_cut(stream, LOG_LEVEL_ERROR, "out of memory");
		return -ENOMEM;
	}
	if (stream->state == STREAM_OPEN)
		loop_defer(stream->transport->loop, &stream->flush, stream_flush, stream);
	return 0;
}

static int stream_send(struct flow *flow, const char *data, size_t len)
{
	struct stream *stream = stream_of(flow);
	int err;

	if (stream->state == STREAM_DRAINING)
		return ERR_CLOSED;
	err = stream_queue(stream, data, len);
	if (err == 0)
		transport_sent(stream->transport, flow, data, len);
	return err;
}

static int stream_keep_alive(struct flow *flow)
{
	struct stream *stream = stream_of(flow);

	return stream->state == STREAM_OPEN ? stream_queue(stream, "\r\n\r\n", 4)
					    : ERR_CLOSED;
}

static unsigned stream_chain(const void *flow, struct span *ret, unsigned max)
{
	const struct stream *stream = stream_of((struct flow *)(uintptr_t)flow);
	unsigned count = 0;
	const gnutls_datum_t *chain =
		stream->channel ? channel_chain(stream->channel, &count) : NULL;

	if (count > max)
		count = max;
	for (unsigned i = 0; chain && i < count; i++)
		ret[i] = (struct span){(const char *)chain[i].data, chain[i].size};
	return chain ? count : 0;
}

const struct flow_ops stream_flow_ops = {
	.send = stream_send,
	.free = stream_free,
	.keep_alive = stream_keep_alive,
	.chain = stream_chain,
};

/* ---- input ---- */

/* What the far end speaks in place of SIP, and what to do: where it connected, and where we did. */
static const struct {
	const char *by_them, *by_us;
} misspoken[] = {
	[SPOKEN_HTTP] = {"sent HTTP, which is no SIP: this port is not for it",
		"the far end speaks HTTP on this port: set port to the one of its SIP"},
	[SPOKEN_TLS] =
		{"sent a TLS hello on a port of plain SIP: let it connect to the port "
		 "of [external] tls, with tls = yes in its settings, or speak plain SIP",
			"the far end sent a TLS hello on a connection of ours: set port "
			"to the one "
			"of its SIP"},
	[SPOKEN_TLS_ALERT] = {"sent a TLS alert on a port of plain SIP",
		"the far end wants TLS on this port: tls = yes, or set port to the one "
		"of "
		"its plain SIP"},
	[SPOKEN_SSH] = {"speaks SSH, which is no SIP",
		"the far end speaks SSH on this port: set port to the one of its SIP"},
	[SPOKEN_PROXY] = {"sent a PROXY header: switch it off in the load balancer",
		"sent a PROXY header"},
	[SPOKEN_OTHER] = {NULL, NULL},
};

/* Of what no message could be made: TEXT says what it was, where nothing better came before, or else
 * REASON does. What would follow cannot be trusted to be framed as we think. */
static void stream_broken(struct stream *stream, struct span text, const char *reason)
{
	const enum spoken spoken = spoken_kind(text.p, text.len);
	const char *what =
		stream->accepted ? misspoken[spoken].by_them : misspoken[spoken].by_us;
	char why[160];

	stream->transport->totals.broken++;
	snprintf(why, sizeof(why), "%s", what && !stream->heard ? what : reason);
	stream_cut(stream, LOG_LEVEL_WARNING, why);
}

/* ERR is what the delivery of TEXT came to. */
static void stream_delivered(struct stream *stream, struct span text, int err)
{
	if (err == ERR_FORMAT)
		stream_broken(stream, text, "sent what is no SIP message");
	else
		stream->heard = true;
}

static void stream_misframed(struct stream *stream, struct span text, const char *reason)
{
	char why[120];

	snprintf(why, sizeof(why), "broken stream: %s", reason ? reason : "not SIP");
	stream_broken(stream, text, why);
}

/* TEXT is what RESULT is about. The stream may be closed afterwards. */
static void stream_framed(struct stream *stream, enum framer_result result,
	struct span text, const char *reason)
{
	struct transport *transport = stream->transport;
	struct flow *flow = &stream->flow;

	switch (result) {
	case FRAMER_MESSAGE:
		stream_delivered(stream, text,
			transport_deliver(transport, flow, text, TRANSPORT_WHOLE));
		break;
	case FRAMER_TOO_BIG:
		stream_delivered(stream, text,
			transport_deliver_too_big(transport, flow, text, reason));
		break;
	case FRAMER_KEEPALIVE:
		(void)stream_queue(stream, "\r\n", 2);
		break;
	case FRAMER_BROKEN:
		stream_misframed(stream, text, reason);
		break;
	case FRAMER_MORE:
	case FRAMER_SKIP:
		break;
	}
}

/* Hands up each whole message in the receive buffer. The stream may be closed then, and
 * the buffer gone: every step looks at the state first. */
static void stream_frame(struct stream *stream)
{
	struct buf *in = &stream->in;
	size_t at = 0;

	while (stream->state == STREAM_OPEN && at < in->len) {
		const char *reason = NULL;
		struct span text = {.p = in->data + at};
		enum framer_result result = framer_stream(
			&stream->framer, text.p, in->len - at, &text.len, &reason);

		if (result == FRAMER_MORE)
			break;
		if (result == FRAMER_BROKEN)
			text.len = in->len - at;
		at += text.len;
		stream_framed(stream, result, text, reason);
	}
	if (stream->state == STREAM_OPEN)
		buf_consume(in, at);
	else /* nothing more is read */
		buf_clear(in);
}

/* One read. True when there may be more; false: none now, or the stream is closed. */
static bool stream_read(struct stream *stream, size_t *ret_len)
{
	char *room = buf_reserve(&stream->in, STREAM_READ_BYTES);
	ssize_t n;

	*ret_len = 0;
	if (!room) {
		stream_cut(stream, LOG_LEVEL_ERROR, "out of memory");
		return false;
	}
	n = stream->ops->read(stream, room, STREAM_READ_BYTES);
	if (n == -EAGAIN)
		return false;
	if (n < 0) {
		stream_fail(stream, (int)n);
		return false;
	}
	stream->in.len += (size_t)n;
	*ret_len = (size_t)n;
	stream->flow.heard_ms = timers_now_ms(transport_timers(stream->transport));
	stream_frame(stream);
	if (stream->state == STREAM_CLOSED)
		return false;
	return !stream->ops->short_read_drains || (size_t)n == STREAM_READ_BYTES;
}

void stream_receive(struct stream *stream)
{
	size_t total = 0;
	size_t len = 0;
	bool more = true;

	for (unsigned i = 0; more && i < READS_A_TURN && total < BYTES_A_TURN; i++) {
		more = stream_read(stream, &len);
		total += len;
	}
	if (stream->state == STREAM_CLOSED)
		return;
	if (stream->in.len == 0)
		buf_free(&stream->in);
	/* A channel reads ahead: what it holds comes with the next turn. */
	stream->more = more && !stream->ops->short_read_drains;
	stream_poll(stream);
}

/* ---- orderly end ---- */

static void stream_drain_timeout(void *arg)
{
	stream_cut(arg, LOG_LEVEL_WARNING, "closed with output unsent");
}

void stream_close(struct stream *stream, const char *why)
{
	struct transport *transport = stream->transport;

	if (stream->state == STREAM_CONNECTING || stream->state == STREAM_HANDSHAKE) {
		stream_cut(stream, LOG_LEVEL_INFO, why);
		return;
	}
	if (stream->state != STREAM_OPEN)
		return;
	stream->why = strdup(why);
	stream_set_state(stream, STREAM_DRAINING);
	loop_defer(transport->loop, &stream->flush, stream_flush, stream);
	timer_start(transport_timers(transport), &stream->timer, DRAIN_MS,
		stream_drain_timeout, stream);
}

void transport_close_flow(struct flow *flow, const char *why)
{
	if (flow->ops == &stream_flow_ops && !flow->closed)
		stream_close(stream_of(flow), why);
}

void transport_cut_flow(struct flow *flow, const char *why)
{
	if (flow->ops == &stream_flow_ops && !flow->closed)
		stream_cut(stream_of(flow), LOG_LEVEL_WARNING, why);
}
