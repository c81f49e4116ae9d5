#include "told.h"

#include "inside.h"

#include "base/list.h"
#include "sdp/sdes.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct relay {
	struct relay_params params;
	struct list sessions;
	uint16_t next_port;
	bool empty;
	bool busy;
};

struct told_stream {
	bool exists;
	struct addr local[2];
	bool set[2];
	struct relay_remote remote[2];
};

struct relay_session {
	struct list node;
	struct relay *relay;
	struct relay_open open;
	struct addr address[2];
	struct told_stream streams[RELAY_STREAMS];
	struct buf digits; /* "5:160 " each, since they were last looked at */
};

int relay_new(
	struct relay **ret, const struct relay_params *params, struct err_text *text)
{
	struct relay *relay = calloc(1, sizeof(*relay));

	(void)text;
	if (!relay)
		abort();
	relay->params = *params;
	relay->next_port = 40000;
	list_init(&relay->sessions);
	*ret = relay;
	return 0;
}

void relay_free(struct relay *relay)
{
	LIST_FOREACH (&relay->sessions, node, next)
		relay_close(LIST_ENTRY(node, struct relay_session, node));
	free(relay);
}

int relay_open(
	struct relay *relay, struct relay_session **ret, const struct relay_open *open)
{
	struct relay_session *session = calloc(1, sizeof(*session));

	if (!session)
		return -ENOMEM;
	session->relay = relay;
	session->open = *open;
	buf_init(&session->digits, 0);
	memcpy(session->address, open->address, sizeof(session->address));
	list_append(&relay->sessions, &session->node);
	*ret = session;
	return 0;
}

void relay_close(struct relay_session *session)
{
	if (!session)
		return;
	list_remove(&session->node);
	buf_free(&session->digits);
	secret_wipe_bytes(session, sizeof(*session)); /* as the real one's: heap.h */
	free(session);
}

int relay_stream_add(struct relay_session *session, unsigned index)
{
	struct told_stream *stream = &session->streams[index];
	struct relay *relay = session->relay;

	if (relay->busy)
		return ERR_LIMIT;
	if (relay->empty)
		return -EADDRNOTAVAIL;
	if (stream->exists)
		return ERR_STATE;
	memset(stream, 0, sizeof(*stream));
	stream->exists = true;
	for (unsigned end = 0; end < 2; end++) {
		stream->local[end] = session->address[end];
		addr_set_port(&stream->local[end], relay->next_port);
	}
	relay->next_port = (uint16_t)(relay->next_port + 2);
	return 0;
}

void relay_stop(struct relay *relay)
{
	(void)relay;
}

static const struct saved_field told_fields[] = {
	SAVED_LIST(struct told_stream, local, SAVED_IS_ADDR, NULL),
	SAVED_END,
};

int relay_stream_save(
	const struct relay_session *session, unsigned index, struct saved to)
{
	return saved_put(to, told_fields, &session->streams[index]);
}

int relay_stream_load(struct relay_session *session, unsigned index, struct saved from,
	struct err_text *error)
{
	struct told_stream *stream = &session->streams[index];
	int err;

	if (session->relay->busy)
		return ERR_LIMIT;
	if (session->relay->empty)
		return -EADDRNOTAVAIL;
	memset(stream, 0, sizeof(*stream));
	err = saved_take(from, told_fields, stream, error);
	for (unsigned end = 0; end < 2 && !err; end++)
		session->address[end] = stream->local[end];
	stream->exists = !err;
	return err;
}

int relay_set_address(
	struct relay_session *session, enum relay_end end, const struct addr *address)
{
	for (unsigned i = 0; i < RELAY_STREAMS; i++)
		if (!addr_equal_host(&session->address[end], address))
			relay_stream_remove(session, i);
	session->address[end] = *address;
	return 0;
}

void relay_stream_remove(struct relay_session *session, unsigned index)
{
	memset(&session->streams[index], 0, sizeof(session->streams[index]));
}

bool relay_stream_exists(const struct relay_session *session, unsigned index)
{
	return session->streams[index].exists;
}

void relay_stream_local(const struct relay_session *session, unsigned index,
	enum relay_end end, struct addr *ret_rtp)
{
	*ret_rtp = session->streams[index].local[end];
}

int relay_stream_set(struct relay_session *session, unsigned index, enum relay_end end,
	const struct relay_remote *remote)
{
	struct told_stream *stream = &session->streams[index];

	if (!stream->exists)
		return ERR_STATE;
	if (session->relay->busy)
		return ERR_LIMIT;
	stream->remote[end] = *remote;
	stream->set[end] = true;
	return 0;
}

int relay_digit(
	struct relay_session *session, unsigned index, const struct dtmf_digit *digit)
{
	bool was;

	if (!session->streams[index].exists)
		return ERR_STATE;
	was = inside_set(false);
	buf_printf(&session->digits, "%u:%u ", digit->event, digit->duration_ms);
	inside_set(was);
	return 0;
}

void relay_set_timeout(struct relay_session *session, uint64_t timeout_ms)
{
	session->open.timeout_ms = timeout_ms;
}

int relay_set_tap(struct relay_session *session, bool tap)
{
	if (session->relay->busy)
		return ERR_LIMIT;
	session->open.tap = tap;
	return 0;
}

void relay_stats(const struct relay_session *session, unsigned index, enum relay_end end,
	struct relay_stats *ret)
{
	/* The Nth is 100 * N, 10 more in the next stream, and 1 more at the other end. */
	const unsigned more = 10 * index + end;

	(void)session;
	*ret = (struct relay_stats){
		.rx_packets = 100 + more,
		.rx_bytes = 200 + more,
		.tx_packets = 300 + more,
		.tx_bytes = 400 + more,
		.rx_rtcp = 500 + more,
		.tx_rtcp = 600 + more,
		.dropped_source = 700 + more,
		.dropped_auth = 800 + more,
		.dropped_replay = 900 + more,
		.dropped_malformed = 1000 + more,
		.dropped_direction = 1100 + more,
		.send_errors = 1200 + more,
		.rx_lost = 1300 + more,
		.rx_late = 1400 + more,
		.rx_duplicates = 1500 + more,
		.jitter_us = 1600 + more,
		.payload_type = -1,
		.sent_after = 2500 + more,
		.round_trip_us = 1700 + more,
		.far_lost = 1800 + more,
		.far_jitter_us = 1900 + more,
		.ssrc_changes = 2000 + more,
		.roll_overs = 2100 + more,
		.roc_changes = 2200 + more,
		.sets = 2300 + more,
		.good_since_set = 2400 + more,
		.digits_lost = index ? 0 : 1 + end,
	};
}

void relay_totals(const struct relay *relay, struct relay_totals *ret)
{
	memset(ret, 0, sizeof(*ret));
	ret->sessions = told_sessions(relay);
}

/* ---- what the scenario asks ---- */

void told_set_empty(struct relay *relay, bool empty)
{
	relay->empty = empty;
}

void told_set_busy(struct relay *relay, bool busy)
{
	relay->busy = busy;
}

void told_inherit(struct relay *to, const struct relay *from)
{
	to->next_port = from->next_port;
	to->empty = from->empty;
}

unsigned told_sessions(const struct relay *relay)
{
	unsigned count = 0;

	LIST_FOREACH (&relay->sessions, node, next)
		count++;
	return count;
}

static const struct relay_session *newest(const struct relay *relay)
{
	if (list_empty(&relay->sessions))
		return NULL;
	return LIST_ENTRY(relay->sessions.prev, struct relay_session, node);
}

uint64_t told_newest_call(const struct relay *relay)
{
	const struct relay_session *session = newest(relay);

	return session ? session->open.call : 0;
}

/* "inline:" and base64, as a=crypto has it. */
static void add_key(struct buf *out, const char *name, const struct relay_key *key)
{
	struct sdes_crypto crypto = {.tag = 1, .suite = (enum sdes_suite)key->suite};
	struct buf text;
	const char *inline_key;

	if (key->suite == RELAY_PLAIN)
		return;
	crypto.key = key->key;
	buf_init(&text, 0);
	sdes_print(&crypto, &text);
	inline_key = buf_str(&text) ? strstr(buf_str(&text), "inline:") : NULL;
	buf_printf(out, " %s=%s", name, inline_key ? inline_key + 7 : "?");
	buf_free(&text);
	if (key->mki_len)
		buf_printf(out, " %s-mki=", name);
	for (unsigned i = 0; i < key->mki_len; i++)
		buf_printf(out, "%02x", key->mki[i]);
}

static const char *suite_name(enum relay_suite suite)
{
	return suite == RELAY_PLAIN ? "RTP" : sdes_suite_name((enum sdes_suite)suite);
}

void told_stream(
	const struct relay *relay, enum relay_end end, unsigned index, struct buf *out)
{
	const struct relay_session *session = newest(relay);
	const struct told_stream *stream = session ? &session->streams[index] : NULL;
	const struct relay_remote *remote;
	char text[ADDR_TEXT_SIZE];

	if (!stream || !stream->exists || !stream->set[end]) {
		buf_add_str(out, stream && stream->exists ? "reserved" : "none");
		return;
	}
	remote = &stream->remote[end];
	buf_printf(out, "rtp=%s suite=%s",
		remote->rtp.len ? addr_text(&remote->rtp, text) : "unknown",
		remote->udptl ? "UDPTL" : suite_name(remote->rx.suite));
	if (remote->tx.suite != remote->rx.suite)
		buf_printf(out, " tx-suite=%s", suite_name(remote->tx.suite));
	if (remote->rtcp.len && !remote->rtcp_mux && !remote->udptl)
		buf_printf(out, " rtcp=%s", addr_text(&remote->rtcp, text));
	buf_printf(out, "%s%s%s", remote->rtcp_mux ? " mux" : "",
		remote->send ? " send" : "", remote->receive ? " receive" : "");
	if (remote->latch)
		buf_printf(out, " latch=%llx:%llx",
			(unsigned long long)remote->payload_types[1],
			(unsigned long long)remote->payload_types[0]);
	if (remote->keep_roc)
		buf_add_str(out, " keep-roc");
	if (remote->after)
		buf_printf(out, " after=%u", remote->after);
	for (unsigned i = 0; i < remote->dtmf.count; i++)
		buf_printf(out, " %s=%u/%u", i ? "event" : "play",
			remote->dtmf.formats[i].type, remote->dtmf.formats[i].rate);
	if (remote->dtmf.count)
		buf_printf(out, " audio=%u", remote->dtmf.audio_rate);
	for (unsigned i = 0; i < remote->format_count; i++)
		buf_printf(out, " %s=%u/%u", remote->formats[i].aside ? "aside" : "clock",
			remote->formats[i].type, remote->formats[i].rate);
	if (remote->asymmetric)
		buf_add_str(out, " asymmetric");
	add_key(out, "rx", &remote->rx);
	add_key(out, "tx", &remote->tx);
}

const struct relay_remote *told_remote(
	const struct relay *relay, uint64_t call, enum relay_end end, unsigned index)
{
	LIST_FOREACH (&relay->sessions, node, next) {
		const struct relay_session *session =
			LIST_ENTRY(node, struct relay_session, node);
		const struct told_stream *stream = &session->streams[index];

		if (session->open.call == call)
			return stream->exists && stream->set[end] ? &stream->remote[end]
								  : NULL;
	}
	return NULL;
}

void told_session(const struct relay *relay, struct buf *out)
{
	const struct relay_session *session = newest(relay);

	if (session)
		buf_printf(out, "timeout=%llu%s",
			(unsigned long long)session->open.timeout_ms,
			session->open.tap ? " tap" : "");
	else
		buf_add_str(out, "none");
}

void told_silence(struct relay *relay, enum relay_end end)
{
	const struct relay_session *session = newest(relay);
	const struct relay_handlers *handlers = &relay->params.handlers;
	bool was = inside_set(true);

	if (session)
		handlers->timeout_h(handlers->arg, session->open.call, end);
	inside_set(was);
}

void told_hear(struct relay *relay, enum relay_end end, struct dtmf_digit digit)
{
	const struct relay_session *session = newest(relay);
	const struct relay_handlers *handlers = &relay->params.handlers;
	struct relay_digit heard = {.end = end, .digit = digit};
	bool was;

	if (!session)
		return;
	heard.call = session->open.call;
	was = inside_set(true);
	handlers->digit_h(handlers->arg, &heard);
	inside_set(was);
}

void told_latch(struct relay *relay, enum relay_end end, const struct addr *found)
{
	const struct relay_session *session = newest(relay);
	const struct relay_handlers *handlers = &relay->params.handlers;
	struct relay_latched latched = {.end = end, .to = *found};
	const struct relay_remote *remote;
	bool was;

	if (!session)
		return;
	latched.call = session->open.call;
	remote = told_remote(relay, latched.call, end, 0);
	if (remote)
		latched.from = remote->rtp;
	was = inside_set(true);
	handlers->latched_h(handlers->arg, &latched);
	inside_set(was);
}

void told_digits(struct relay *relay, struct buf *out)
{
	struct relay_session *session;

	if (list_empty(&relay->sessions))
		return;
	session = LIST_ENTRY(relay->sessions.prev, struct relay_session, node);
	buf_add_span(out, buf_span(&session->digits));
	buf_clear(&session->digits);
}
