/*
 * Open connections are judged again: when what proved a peer runs out, and when the layer
 * above says that the rules have changed. A certificate is good until its date, not until
 * the next connection.
 */
#include "sip/transport_priv.h"

#include <stdlib.h>
#include <string.h>

/* The longest sleep: the wall clock that dates are about may be set meanwhile. */
#define CHECK_MAX_MS (3600 * 1000)

static time_t wall_now(const struct transport *transport)
{
	struct clock *clock = loop_clock(transport->loop);

	return (time_t)(clock->wall_us(clock) / 1000000);
}

/*
 * An OCSP response cannot be sent again on an open connection, which therefore ends with it,
 * and with its calls. After half of the time that is left new requests go to a new one.
 */
void stream_take_dates(struct stream *stream)
{
	const struct peer *peer = channel_peer(stream->channel);
	const time_t now = wall_now(stream->transport);

	stream->flow.until = channel_verdict(stream->channel)->until;
	if (peer->revocation != PEER_REVOCATION_STAPLE)
		stream->worn = 0;
	else if (!stream->worn)
		stream->worn = now + (stream->flow.until - now) / 2;
}

void stream_note_exception(struct stream *stream)
{
	const char *let_go = channel_verdict(stream->channel)->let_go;
	struct flow *flow = &stream->flow;
	char peer[PEER_WORDS_SIZE];

	if (!strcmp(flow->exception, let_go))
		return;
	flow->exception = "";
	free(stream->exception);
	stream->exception = let_go[0] ? strdup(let_go) : NULL;
	if (!stream->exception)
		return;
	flow->exception = stream->exception;
	log_write(transport_level(stream->transport, LOG_LEVEL_INFO), "transport",
		"event=exception flow=%llu side=%s%s revocation=soft "
		"let-go=\"%s\"",
		(unsigned long long)flow->id, stream->transport->name,
		peer_words(flow->peer->id, peer), flow->exception);
}

/* The flow now belongs to the peer that its channel names. */
static void stream_take_peer(struct stream *stream)
{
	const struct peer *peer = channel_peer(stream->channel);
	struct peer_set *old = stream->peers;

	stream->peers = peer_set_ref(peer->set);
	peer_set_unref(old);
	stream->flow.peer = peer;
	if (!stream->accepted)
		stream->expected = peer;
	stream_take_dates(stream);
	stream_note_exception(stream);
	stream_make_reusable(
		stream, &(struct transport_target){.kind = TRANSPORT_TLS, .peer = peer});
}

void stream_judge_again(struct stream *stream)
{
	struct transport *transport = stream->transport;
	const struct peer *expected = NULL;
	int err;

	/* A handshake ends by the rules that it began with, and then by those of now. */
	stream->outdated =
		stream->state == STREAM_CONNECTING || stream->state == STREAM_HANDSHAKE;
	if (stream->state != STREAM_OPEN || !stream->channel)
		return;
	if (stream->accepted && !transport->peers) {
		stream->flow.refused = true;
		stream_cut(stream, LOG_LEVEL_WARNING, "nobody may connect any more");
		return;
	}
	if (!stream->accepted)
		expected = transport_present_peer(transport, stream->expected);
	err = channel_judge_again(stream->channel, transport->peers, expected);
	if (err < 0) {
		stream->flow.refused = true;
		stream_fail(stream, err);
	} else {
		stream_take_peer(stream);
	}
}

static void judge_expired(void *arg)
{
	struct transport *transport = arg;
	const time_t now = wall_now(transport);
	time_t next_until = 0;

	LIST_FOREACH (&transport->streams, node, next) {
		struct stream *stream = LIST_ENTRY(node, struct stream, node);

		if (stream->flow.until && stream->flow.until <= now)
			stream_judge_again(stream);
		if (stream->state != STREAM_OPEN || !stream->flow.until)
			continue;
		if (next_until == 0 || stream->flow.until < next_until)
			next_until = stream->flow.until;
	}
	if (next_until)
		judge_schedule(transport, next_until);
}

void judge_schedule(struct transport *transport, time_t until)
{
	struct timers *timers = transport_timers(transport);
	const time_t now = wall_now(transport);
	uint64_t delay_ms = 1000;

	/* One that was judged good past its date (the judge's clock differs) is looked at
	 * every second. */
	if (until > now + CHECK_MAX_MS / 1000)
		delay_ms = CHECK_MAX_MS;
	else if (until > now)
		delay_ms = (uint64_t)(until - now) * 1000;
	if (timer_running(&transport->expiry) &&
		transport->expiry.expiry_ms <= timers_now_ms(timers) + delay_ms)
		return;
	timer_start(timers, &transport->expiry, delay_ms, judge_expired, transport);
}

void transport_judge_again(struct transport *transport)
{
	LIST_FOREACH (&transport->streams, node, next)
		stream_judge_again(LIST_ENTRY(node, struct stream, node));
	if (transport->strangers)
		strangers_judge_again(transport->strangers);
}
