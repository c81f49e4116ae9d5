#include "bridge/redial.h"

#include "bridge/dial.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What may wait for the connection beside requests: a few messages of one or two legs. */
#define QUEUE_BYTES (64 * 1024)

/* Before each attempt. */
static const unsigned pause_ms[REDIAL_ATTEMPTS] = {0, 250, 500, 1000};

struct redial {
	struct flow flow;
	struct redial_params params;
	struct dial dial;
	struct timer timer; /* until the next attempt */
	unsigned attempt;
	struct flow *real; /* held; the connection that is being made, or was */
	struct list real_node;
	struct buf queue; /* whole messages */
	struct buf index; /* struct queued */
};

/* One message of the queue. */
struct queued {
	uint64_t call;
	uint64_t at_ms; /* when it was queued first */
	size_t len;
};

static struct redial *redial_of(struct flow *flow)
{
	return (struct redial *)(void *)((char *)flow - offsetof(struct redial, flow));
}

static struct redial *redial_of_node(struct list *node)
{
	return LIST_ENTRY(node, struct redial, real_node);
}

static bool is_open(const struct redial *redial)
{
	return redial->real && redial->real->opened && !redial->real->closed;
}

/* ---- the flow ---- */

/* What a transaction repeats is there already. */
static bool is_queued(const struct redial *redial, const char *data, size_t len)
{
	const struct queued *queued = (const void *)redial->index.data;
	const size_t count = redial->index.len / sizeof(*queued);
	const char *at = redial->queue.data;

	for (size_t i = 0; i < count; i++) {
		if (queued[i].len == len && !memcmp(at, data, len))
			return true;
		at += queued[i].len;
	}
	return false;
}

static int redial_send(struct flow *flow, const char *data, size_t len)
{
	struct redial *redial = redial_of(flow);
	const struct queued queued = {.call = flow->tap_owner,
		.at_ms = timers_now_ms(redial->params.side->bridge->timers),
		.len = len};

	if (redial->real && !dial_active(&redial->dial))
		return flow_send(redial->real, flow->tap_owner, data, len);
	if (is_queued(redial, data, len))
		return 0;
	if (redial->queue.len + len > QUEUE_BYTES)
		return ERR_LIMIT;
	buf_add(&redial->queue, data, len);
	buf_add(&redial->index, &queued, sizeof(queued));
	if (!redial->queue.err && !redial->index.err)
		return 0;
	/* They no longer belong together: all that waits is lost. */
	buf_free(&redial->queue);
	buf_free(&redial->index);
	return -ENOMEM;
}

static void drop_real(struct redial *redial)
{
	if (redial->real)
		flow_release(redial->real, &redial->real_node);
	redial->real = NULL;
}

static void redial_free(struct flow *flow)
{
	struct redial *redial = redial_of(flow);

	timer_stop(&redial->timer);
	dial_stop(&redial->dial);
	drop_real(redial);
	buf_free(&redial->queue);
	buf_free(&redial->index);
	target_unref(redial->params.target);
	flow_unref(redial->params.lost);
	free(redial);
}

static const struct flow_ops redial_ops = {.send = redial_send, .free = redial_free};

bool redial_is(const struct flow *flow)
{
	return flow->ops == &redial_ops;
}

const struct flow *redial_lost(const struct flow *flow)
{
	const struct redial *redial =
		(const void *)((const char *)flow - offsetof(struct redial, flow));

	return redial_is(flow) ? redial->params.lost : flow;
}

struct flow *redial_new(const struct redial_params *params)
{
	struct redial *redial = calloc(1, sizeof(*redial));
	const struct flow *lost = params->lost;
	struct flow *flow;

	if (!redial)
		return NULL;
	flow = &redial->flow;
	flow_init(flow, &redial_ops, lost->kind, &lost->remote);
	flow->local = lost->local;
	flow->peer = lost->peer;
	flow->version = lost->version;
	flow->cipher = lost->cipher;
	flow->peer_names = lost->peer_names;
	flow->exception = lost->exception;
	flow->asked = lost->asked;
	flow->owner = lost->owner;
	flow->waiting = true;
	redial->params = *params;
	target_ref(params->target);
	flow_ref(params->lost);
	redial->attempt = params->attempt;
	buf_init(&redial->queue, 0);
	buf_init(&redial->index, 0);
	return flow;
}

/* ---- attempts ---- */

static void attempt_h(void *arg);

static void give_up(struct redial *redial, const char *why)
{
	char text[ERR_REASON_SIZE];

	err_reason(text, why); /* it may be the dial's own */
	dial_stop(&redial->dial);
	redial->flow.closed = true;
	redial->flow.waiting = false;
	redial->params.side->lost_h(redial->params.side, &redial->flow, text);
}

static void next_attempt(struct redial *redial, const char *why)
{
	if (++redial->attempt >= REDIAL_ATTEMPTS) {
		give_up(redial, why);
		return;
	}
	dial_stop(&redial->dial);
	timer_start(redial->params.side->bridge->timers, &redial->timer,
		pause_ms[redial->attempt], attempt_h, redial);
}

/* What it is part of has given up (RFC 3261 17.1): nobody waits for it any more. */
static bool is_stale(const struct redial *redial, const struct queued *queued)
{
	const struct bridge *bridge = redial->params.side->bridge;

	return timers_now_ms(bridge->timers) - queued->at_ms >=
	       64 * bridge->config->sip.t1_ms;
}

/* Sends what waited, and moves transactions and legs: from now on the flow only passes on. An
 * ACK ends what came before the next INVITE (RFC 3261 14.1), so the queue goes first. */
static void open_up(struct redial *redial)
{
	const struct queued *queued = (const void *)redial->index.data;
	const size_t count = redial->index.len / sizeof(*queued);
	const char *at = redial->queue.data;

	flow_ref(&redial->flow); /* it may lose its last user here */
	dial_stop(&redial->dial);
	redial->flow.waiting = false;
	for (size_t i = 0; i < count; i++) {
		if (!is_stale(redial, &queued[i]))
			flow_send(redial->real, queued[i].call, at, queued[i].len);
		at += queued[i].len;
	}
	buf_free(&redial->queue);
	buf_free(&redial->index);
	txn_flow_replaced(redial->params.side->txns, &redial->flow, redial->real);
	LIST_FOREACH (&redial->flow.held[FLOW_LEG], node, next)
		redial->params.move_h(node, redial->real);
	flow_unref(&redial->flow);
}

static void dialled_h(void *arg, struct flow *flow, const char *why)
{
	struct redial *redial = arg;

	drop_real(redial);
	if (!flow) {
		next_attempt(redial, why);
		return;
	}
	redial->real = flow;
	flow_hold(flow, FLOW_REDIAL, &redial->real_node);
	if (is_open(redial))
		open_up(redial);
}

static void attempt_h(void *arg)
{
	struct redial *redial = arg;

	/* the call is there already, wherever the peer can be reached */
	dial_start(&redial->dial, &(const struct dial_params){.side = redial->params.side,
					  .target = redial->params.target,
					  .whom = DIAL_ALL,
					  .h = dialled_h,
					  .arg = redial});
}

void redial_start(struct flow *flow)
{
	struct redial *redial = redial_of(flow);
	const unsigned ms =
		pause_ms[redial->attempt < REDIAL_ATTEMPTS ? redial->attempt
							   : REDIAL_ATTEMPTS - 1];

	flow_ref(flow); /* an attempt may come to its end at once */
	if (ms)
		timer_start(redial->params.side->bridge->timers, &redial->timer, ms,
			attempt_h, redial);
	else
		attempt_h(redial);
	flow_unref(flow);
}

void redial_take(struct flow *flow, struct flow *real)
{
	struct redial *redial = redial_of(flow);

	if (!redial_is(flow) || flow->closed || real == flow ||
		(!timer_running(&redial->timer) && !dial_active(&redial->dial)))
		return;
	timer_stop(&redial->timer);
	drop_real(redial);
	redial->real = real;
	flow_hold(real, FLOW_REDIAL, &redial->real_node);
	open_up(redial);
}

/* ---- from the transport ---- */

void redial_opened(struct flow *flow)
{
	LIST_FOREACH (&flow->held[FLOW_REDIAL], node, next) {
		struct redial *redial = redial_of_node(node);

		if (is_open(redial) && dial_active(&redial->dial))
			open_up(redial);
	}
}

void redial_closed(struct flow *flow, const char *why)
{
	struct list closed;

	/* Each leaves the flow's list, by its next address or by its end. */
	list_init(&closed);
	list_take(&closed, &flow->held[FLOW_REDIAL]);
	while (!list_empty(&closed)) {
		struct redial *redial = redial_of_node(closed.next);

		flow_ref(&redial->flow);
		drop_real(redial);
		if (dial_active(&redial->dial))
			dial_next(&redial->dial, why);
		else
			give_up(redial, why);
		flow_unref(&redial->flow);
	}
}
