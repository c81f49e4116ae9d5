/* How a subscription ends: by its timer, with its far ends, or by us. */
#include "bridge/subscription_priv.h"

#include "bridge/body.h"
#include "config/words.h"
#include "sip/compose.h"

#include <stdlib.h>

/* What it may last longer than was said, in units of T1: a refresh, or the last NOTIFY, may be under way (RFC 6665
 * 4.1.2.4 has the same for the first one). */
#define GRACE_T1 64

/* After which one that we ended may be tried again. */
#define RETRY_S 10

/* What whoever subscribed is told (RFC 6665 4.1.3), and what the record says. */
static const struct {
	const char *name;
	const char *reason;
	bool later; /* it is to be tried again, but not at once */
} causes[SUBSCRIPTION_CAUSES] = {
	[SUBSCRIPTION_TERMINATED] = {"terminated", "deactivated", false},
	[SUBSCRIPTION_UNSUBSCRIBED] = {"unsubscribed", "timeout", false},
	[SUBSCRIPTION_EXPIRED] = {"expired", "timeout", false},
	[SUBSCRIPTION_GONE] = {"gone", "deactivated", false},
	[SUBSCRIPTION_TIMEOUT] = {"timeout", "probation", true},
	[SUBSCRIPTION_PEER_LOST] = {"peer-lost", "probation", true},
	[SUBSCRIPTION_PEER_REFUSED] = {"peer-refused", "probation", true},
	[SUBSCRIPTION_SILENT] = {"no-notify", "probation", true},
	[SUBSCRIPTION_DRAINED] = {"drained", "deactivated", false},
	[SUBSCRIPTION_RECONFIGURED] = {"reconfigured", "deactivated", false},
	[SUBSCRIPTION_FAILED] = {"rejected", "probation", true},
	[SUBSCRIPTION_SHUTDOWN] = {"shutdown", "probation", true},
	[SUBSCRIPTION_HANGUP] = {"hangup", "probation", true},
};

const char *subscription_cause_name(enum subscription_cause cause)
{
	return causes[cause].name;
}

/* ---- requests within it ---- */

/* Both trunks count it. */
static void count(const struct subscription_pass *pass, int status)
{
	const struct subscription_dialog *halves = pass->subscription->halves;

	messages_ended(&halves[!pass->to].target->trunk->messages, pass->method, LIMIT_IN,
		status);
	messages_ended(&halves[pass->to].target->trunk->messages, pass->method, LIMIT_OUT,
		status);
}

void subscription_finish(struct subscription_pass *pass, int status, const char *extra)
{
	count(pass, status);
	list_remove(&pass->node);
	pass->subscription->pass_count--;
	timer_stop(&pass->late);
	if (pass->out)
		txn_client_abandon(pass->out);
	if (pass->in) {
		txn_server_detach(pass->in);
		txn_server_reply(pass->in, status, NULL, NULL, extra);
	}
	free(pass);
}

/* ---- who does not know ---- */

static void add_last_state(enum subscription_cause cause, struct buf *out)
{
	event_state_add(&(struct event_state){.word = span_of("terminated"),
				.reason = span_of(causes[cause].reason),
				.has_retry_after = causes[cause].later,
				.retry_after_s = RETRY_S},
		out);
}

/* Whether what comes from the far end of HALF is let in, as it was when it began. */
static bool is_let_in(const struct subscription_dialog *half)
{
	const struct trunk *trunk = half->target->trunk;

	return trunk->configured && trunk_settings(trunk)->enabled &&
	       trunk_transport(trunk) == half->target->transport;
}

/* No connection is made for that. */
static void tell(struct subscription_dialog *half, enum subscription_cause cause)
{
	const bool notify = half->half == SUBSCRIPTION_SUBSCRIBER;
	struct txn_client *txn;
	struct request request;

	if (!half->known || !half->flow || half->flow->closed || half->flow->waiting)
		return;
	subscription_half_ready(half);
	if (subscription_half_begin(
		    half, notify ? MESSAGE_NOTIFY : MESSAGE_SUBSCRIBE, &request))
		return;
	if (notify)
		add_last_state(cause, &request.text);
	else
		compose_header_uint(&request.text, "Expires", 0);
	compose_header_str(&request.text, "User-Agent", "Tandem");
	body_add(&request.text, half->flow, NULL, (struct span){0});
	/* else it would be repeated for an answer that never comes */
	if (!request_send(&request, NULL, &txn) && !is_let_in(half))
		txn_client_settle(txn);
}

/* Whoever waits for an answer knows by it. */
static void refuse_waiting(struct subscription *subscription)
{
	LIST_FOREACH (&subscription->passes, node, next) {
		struct subscription_pass *pass =
			LIST_ENTRY(node, struct subscription_pass, node);

		if (pass->in)
			subscription->told |= SUBSCRIPTION_TELL(!pass->to);
		subscription_finish(pass, 481, NULL);
	}
}

void subscription_over(struct subscription *subscription,
	const struct subscription_end *end, unsigned tell_mask)
{
	struct subscription_dialog *halves = subscription->halves;

	if (subscription->over)
		return;
	if (!subscription->settled && subscription->over_h) {
		subscription->ended = subscription->terminated = true;
		subscription->told |= SUBSCRIPTION_TELL_BOTH & ~tell_mask;
		subscription->end = *end;
		return;
	}
	subscription->over = true;
	timer_stop(&subscription->timer);
	refuse_waiting(subscription);
	for (unsigned i = 0; i < 2; i++) {
		if (tell_mask & ~subscription->told & SUBSCRIPTION_TELL(i))
			tell(&halves[i], end->cause);
		subscription_half_drop(&halves[i]);
	}
	if (subscription->over_h)
		subscription->over_h(subscription->arg, end);
}

/* ---- time ---- */

static uint64_t grace_ms(const struct subscription *subscription)
{
	return GRACE_T1 * subscription->bridge->config->sip.t1_ms;
}

static void late_h(void *arg)
{
	struct subscription *subscription = arg;
	struct subscription_end end = {.cause = SUBSCRIPTION_EXPIRED};

	if (!subscription->notified)
		end = (struct subscription_end){.cause = SUBSCRIPTION_SILENT,
			.why = "no NOTIFY came after it was accepted"};
	else if (subscription->leaving)
		end = (struct subscription_end){.cause = SUBSCRIPTION_UNSUBSCRIBED,
			.by_peer = true,
			.who = SUBSCRIPTION_SUBSCRIBER};
	subscription_over(subscription, &end,
		subscription->leaving ? SUBSCRIPTION_TELL(SUBSCRIPTION_SUBSCRIBER)
				      : SUBSCRIPTION_TELL_BOTH);
}

void subscription_time(struct subscription *subscription)
{
	struct timers *timers = subscription->bridge->timers;
	const uint64_t now_ms = timers_now_ms(timers);
	uint64_t left_ms = 0;

	if (subscription->notified && subscription->until_ms > now_ms)
		left_ms = subscription->until_ms - now_ms;
	timer_start(timers, &subscription->timer, left_ms + grace_ms(subscription),
		late_h, subscription);
}

/* ---- what it may not outlive ---- */

void subscription_closed_h(void *arg, const char *why)
{
	struct subscription_dialog *half = arg;
	const bool refused = half->flow->refused;

	(void)why;
	subscription_half_use(half, NULL);
	/* one that is lost is made again by what is sent next */
	if (refused)
		subscription_over(half->subscription,
			&(struct subscription_end){.cause = SUBSCRIPTION_PEER_REFUSED},
			SUBSCRIPTION_TELL(!half->half));
}

/* Whether what is configured now lets HALF have it. */
static bool is_allowed(const struct subscription_dialog *half)
{
	const struct config_messages *messages = subscription_half_messages(half);

	return is_let_in(half) && (messages->methods & CONFIG_METHOD_SUBSCRIBE) &&
	       words_have_nocase(&messages->events, span_of(half->subscription->package));
}

bool subscription_is_hindered(const struct subscription *subscription, bool by_reload,
	enum subscription_cause *ret)
{
	const struct subscription_dialog *halves = subscription->halves;
	bool drained = subscription->bridge->draining;

	for (unsigned i = 0; i < 2; i++) {
		if (!halves[i].target)
			continue;
		*ret = SUBSCRIPTION_RECONFIGURED;
		if (!is_allowed(&halves[i]))
			return true;
		drained = drained || halves[i].target->trunk->drained;
	}
	*ret = SUBSCRIPTION_DRAINED;
	return drained && !by_reload;
}
