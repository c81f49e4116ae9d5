/*
 * TLS handshakes of those who connect to us. Strangers begin them at will, so their number,
 * how long they keep a place that others want, and what they may take of a loop turn are
 * bounded. Those that we begin ourselves are our own doing and not held back.
 */
#include "sip/transport_priv.h"

#include <stdio.h>

/* So long one may take though others want its place: a round trip to the far end of the
 * world, three times. */
#define GRACE_MS 1000
/* What all of them may take of a turn, and so of a millisecond: a step with its signature, or
 * many without. */
#define TURN_US 500
/* So many from one source are no crowd. */
#define FEW 8
/* So many of the oldest are looked at for one that gives way. */
#define LOOK_AT 64

static uint64_t handshake_age_ms(const struct stream *stream)
{
	return timers_now_ms(transport_timers(stream->transport)) - stream->begun_ms;
}

void handshake_begin(struct stream *stream, void (*step_h)(struct stream *stream))
{
	struct handshakes *handshakes = &stream->transport->handshakes;

	stream->step_h = step_h;
	stream->begun_ms = timers_now_ms(transport_timers(stream->transport));
	handshakes->of_source[stream->source]++;
	list_append(&handshakes->all, &stream->shaking_node);
}

/* ---- their number ---- */

/* Of the oldest, the first of the source that has most; NULL when there is none. */
static struct stream *handshake_worst(const struct handshakes *handshakes)
{
	struct stream *worst = NULL;
	unsigned count = 0;

	LIST_FOREACH (&handshakes->all, node, next) {
		struct stream *stream = LIST_ENTRY(node, struct stream, shaking_node);

		if (count++ == LOOK_AT)
			break;
		if (!worst || handshakes->of_source[stream->source] >
				      handshakes->of_source[worst->source])
			worst = stream;
	}
	return worst;
}

/* Whether another connection of KIND needs the place of one that is there. */
static bool is_full(const struct transport *transport, enum transport_kind kind)
{
	const struct transport_limits *limits = &transport->limits;

	if (limits->max_connections && transport->accepted >= limits->max_connections)
		return true;
	return kind == TRANSPORT_TLS && limits->max_handshakes &&
	       transport->accepted_opening >= limits->max_handshakes;
}

uint64_t handshake_room_ms(const struct transport *transport, enum transport_kind kind)
{
	const struct stream *worst;
	uint64_t age_ms;

	if (!is_full(transport, kind))
		return 0;
	worst = handshake_worst(&transport->handshakes);
	if (!worst)
		return crowd_room_ms(transport);
	age_ms = handshake_age_ms(worst);
	return age_ms < GRACE_MS ? GRACE_MS - age_ms : 0;
}

void handshake_make_room(struct transport *transport, enum transport_kind kind)
{
	struct stream *worst;
	char words[80];

	if (!is_full(transport, kind))
		return;
	worst = handshake_worst(&transport->handshakes);
	if (!worst) {
		crowd_make_room(transport);
		return;
	}
	transport->totals.refused++;
	snprintf(words, sizeof(words),
		"tls failed error=\"not done in %llu ms, and others wait\"",
		(unsigned long long)handshake_age_ms(worst));
	transport_log_flow_refused(transport, &worst->flow, words);
	stream_end(worst, words);
}

/* ---- their time ---- */

static void handshake_turn(void *arg)
{
	struct transport *transport = arg;
	struct handshakes *handshakes = &transport->handshakes;
	struct clock *clock = loop_clock(transport->loop);
	const uint64_t began_us = clock->mono_us(clock);

	while (!list_empty(&handshakes->ready)) {
		struct stream *stream =
			LIST_ENTRY(handshakes->ready.next, struct stream, ready_node);

		if (clock->mono_us(clock) - began_us >= TURN_US) {
			timer_start(transport_timers(transport), &handshakes->timer, 0,
				handshake_turn, transport);
			return;
		}
		list_remove(&stream->ready_node);
		stream->step_h(stream);
	}
}

void handshake_ready(struct stream *stream)
{
	struct transport *transport = stream->transport;
	struct handshakes *handshakes = &transport->handshakes;

	if (!list_empty(&stream->ready_node))
		return;
	/* One of few does not wait behind a crowd. */
	list_append(handshakes->of_source[stream->source] <= FEW ? handshakes->ready.next
								 : &handshakes->ready,
		&stream->ready_node);
	/* Not told again and again of what is known, which would look like work. */
	stream_want(stream, 0);
	if (!timer_running(&handshakes->timer))
		loop_defer(transport->loop, &handshakes->task, handshake_turn, transport);
}

/* ---- those who wait for one ---- */

static bool is_shaking(const struct handshakes *handshakes, const struct addr *remote)
{
	LIST_FOREACH (&handshakes->all, node, next) {
		const struct stream *stream =
			LIST_ENTRY(node, struct stream, shaking_node);

		if (addr_equal_host(&stream->flow.remote, remote))
			return true;
	}
	return false;
}

bool transport_await_handshake(struct transport *transport, const struct addr *remote,
	struct transport_wait *wait)
{
	if (!is_shaking(&transport->handshakes, remote))
		return false;
	transport_stop_waiting(wait);
	list_append(&transport->handshakes.waiting, &wait->node);
	return true;
}

void transport_stop_waiting(struct transport_wait *wait)
{
	if (wait->node.next)
		list_remove(&wait->node);
}

void handshake_tell(void *arg)
{
	struct transport *transport = arg;
	struct list now; /* who waits again waits for the next one */

	list_init(&now);
	list_take(&now, &transport->handshakes.waiting);
	while (!list_empty(&now)) {
		struct transport_wait *wait =
			LIST_ENTRY(now.next, struct transport_wait, node);

		list_remove(&wait->node);
		wait->h(wait->arg);
	}
}

void handshake_forget_waiting(struct handshakes *handshakes)
{
	loop_cancel(&handshakes->told);
	while (!list_empty(&handshakes->waiting))
		list_remove(handshakes->waiting.next);
}
