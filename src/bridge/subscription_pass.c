/* Requests within a subscription: what comes in one of its dialogs goes on in the other. */
#include "bridge/subscription_priv.h"

#include "bridge/allow.h"
#include "bridge/body.h"
#include "bridge/crossing.h"
#include "config/words.h"
#include "sip/compose.h"
#include "trunk/cause.h"

#include <errno.h>
#include <stdlib.h>

static void refuse(const struct subscription *subscription, enum subscription_half from,
	struct txn_server *txn, const struct txn_refusal *refusal)
{
	const struct message *request = txn_server_request(txn);

	messages_ended(&subscription->halves[from].target->trunk->messages,
		message_method(request), LIMIT_IN, refusal->status);
	txn_server_refuse(txn, NULL, refusal);
}

/* ---- the answer ---- */

/*
 * What the sender hears of STATUS: about what he sent he hears it as it is. He must not think that the subscription is
 * over where it is not, or the other way round.
 */
static int answer_of(int status)
{
	int mapped;

	if (status < 300 || status == 423 || cause_is_of_content(status))
		return status;
	if (status < 400)
		return 500; /* none is followed within a dialog */
	/* RFC 4320 4.1: never 408 */
	mapped = status == 408 ? 481 : cause_map(status);
	return event_is_over_by(status) && !event_is_over_by(mapped) ? 481 : mapped;
}

/* RFC 6665 4.2.1.1: whoever notifies may give less than was asked for, and never more. */
static void take_expires(struct subscription *subscription,
	const struct subscription_pass *pass, const struct message *response)
{
	const uint64_t now_ms = timers_now_ms(subscription->bridge->timers);
	uint32_t seconds = pass->has_expires ? pass->expires_s : subscription->expires_s;
	struct span value;
	uint32_t granted;

	if (message_line(response, "Expires", 0, &value) &&
		message_seconds(value, &granted) &&
		(!pass->has_expires || granted < seconds))
		seconds = granted;
	subscription->expires_s = seconds;
	subscription->until_ms = now_ms + (uint64_t)seconds * 1000;
	subscription->leaving = pass->has_expires && !pass->expires_s;
	subscription_time(subscription);
}

/* What of RESPONSE, which may be NULL, is for the sender. */
static void add_answer(const struct subscription_pass *pass, int status,
	const struct message *response, struct buf *out)
{
	const struct subscription *subscription = pass->subscription;
	const struct subscription_dialog *from = &subscription->halves[!pass->to];
	struct span value;
	uint32_t seconds;

	if (status < 300)
		subscription_half_add_contact(from, out);
	if (status < 300 && pass->method == MESSAGE_SUBSCRIBE)
		compose_header_uint(out, "Expires", subscription->expires_s);
	if (status == 423 && response &&
		message_line(response, "Min-Expires", 0, &value) &&
		message_seconds(value, &seconds))
		compose_header_uint(out, "Min-Expires", seconds);
	if (status == 415)
		allow_add_types(&subscription->halves[pass->to]
					 .target->settings->messages.event_types,
			out);
	if (status == 489)
		buf_printf(out, "Allow-Events: %s\r\n", subscription->package);
}

/* How the subscription ends with what became of PASS; false: it does not. */
static bool is_end(const struct subscription_pass *pass, int status, bool lost,
	struct subscription_end *ret)
{
	*ret = (struct subscription_end){.by_peer = true, .who = pass->to};
	if (lost)
		ret->cause = SUBSCRIPTION_PEER_LOST;
	else if (status == 408)
		ret->cause = SUBSCRIPTION_TIMEOUT;
	else
		ret->cause = SUBSCRIPTION_GONE;
	if (lost || event_is_over_by(status)) {
		ret->status = lost || status == 408 ? 0 : status;
		ret->by_peer = ret->status != 0;
		ret->why = pass->method == MESSAGE_NOTIFY
				   ? "a NOTIFY within it was not taken"
				   : "a SUBSCRIBE within it was not taken";
		return !pass->last;
	}
	return false;
}

static struct subscription_end last_end(const struct subscription *subscription)
{
	return (struct subscription_end){.cause = subscription->leaving
							  ? SUBSCRIPTION_UNSUBSCRIBED
							  : SUBSCRIPTION_TERMINATED,
		.by_peer = true,
		.who = subscription->leaving ? SUBSCRIPTION_SUBSCRIBER
					     : SUBSCRIPTION_NOTIFIER};
}

/* PASS has its end: RESPONSE with STATUS, or NULL: none came, in time or, where it is LOST, at all. */
static void conclude(
	struct subscription_pass *pass, int status, struct message *response, bool lost)
{
	struct subscription *subscription = pass->subscription;
	struct subscription_end end;
	const bool ends = is_end(pass, status, lost, &end);
	const bool last = pass->last;
	const int answer = lost ? 481 : answer_of(status);
	struct buf extra;

	if (answer < 300 && pass->method == MESSAGE_SUBSCRIBE)
		take_expires(subscription, pass, response);
	if (answer < 300)
		dialog_refresh(&subscription->halves[pass->to].dialog, response);
	buf_init(&extra, 0);
	add_answer(pass, answer, response, &extra);
	subscription_finish(pass, extra.err ? 500 : answer,
		extra.err || !extra.len ? NULL : buf_str(&extra));
	buf_free(&extra);
	if (last)
		end = last_end(subscription);
	if (ends || last)
		subscription_over(subscription, &end, 0);
}

static void response_h(void *arg, struct txn_client *txn, struct message *response)
{
	struct subscription_pass *pass = arg;

	if (message_status(response) < 200)
		return;
	txn_client_detach(txn);
	pass->out = NULL;
	conclude(pass, message_status(response), response, false);
}

static void failed_h(void *arg, struct txn_client *txn, int err)
{
	struct subscription_pass *pass = arg;

	txn_client_detach(txn);
	pass->out = NULL;
	conclude(pass, 408, NULL, err != -ETIMEDOUT);
}

static void repeated_h(
	void *arg, struct txn_client *txn, const struct txn_client_request *request)
{
	struct subscription_pass *pass = arg;

	(void)request;
	pass->out = txn;
}

/* RFC 4320: before its sender gives up. */
static void late_h(void *arg)
{
	conclude(arg, 408, NULL, false);
}

static void sender_lost_h(void *arg, struct txn_server *txn)
{
	struct subscription_pass *pass = arg;

	(void)txn;
	pass->in = NULL;
}

/* ---- on its way ---- */

static void add_kind(const struct subscription_pass *pass, const struct message *request,
	const struct event_state *state, struct buf *out)
{
	if (pass->method == MESSAGE_NOTIFY)
		event_state_add(state, out);
	else if (pass->subscription->accept)
		compose_header_str(out, "Accept", pass->subscription->accept);
	if (pass->has_expires)
		compose_header_uint(out, "Expires", pass->expires_s);
	crossing_add_usual(out, request, HEADER_EVENT);
	compose_header_str(out, "User-Agent", "Tandem");
}

static int pass_on(struct subscription_pass *pass, const struct message *request,
	const struct event_state *state)
{
	struct subscription_dialog *to = &pass->subscription->halves[pass->to];
	const struct txn_client_user user = {.repeated_h = repeated_h,
		.response_h = response_h,
		.failed_h = failed_h,
		.arg = pass};
	struct request out;
	int err;

	subscription_half_ready(to);
	err = subscription_half_begin(to, pass->method, &out);
	if (err)
		return err;
	add_kind(pass, request, state, &out.text);
	body_add_of(&out.text, to->flow, request);
	err = out.text.err;
	if (err) {
		buf_free(&out.text);
		return err;
	}
	return request_send(&out, &user, &pass->out);
}

static struct subscription_pass *make(struct subscription *subscription,
	enum subscription_half to, const struct message *request)
{
	struct subscription_pass *pass = calloc(1, sizeof(*pass));
	struct span value;

	if (!pass)
		return NULL;
	pass->subscription = subscription;
	pass->to = to;
	pass->method = message_method(request);
	pass->has_expires = pass->method == MESSAGE_SUBSCRIBE &&
			    message_line(request, "Expires", 0, &value) &&
			    message_seconds(value, &pass->expires_s);
	list_append(&subscription->passes, &pass->node);
	subscription->pass_count++;
	return pass;
}

static void drop(struct subscription_pass *pass)
{
	list_remove(&pass->node);
	pass->subscription->pass_count--;
	free(pass);
}

/* Whether the body of REQUEST may go on to HALF; else *REFUSAL says why not, and EXTRA has its lines. */
static bool may_bring(const struct subscription_dialog *half,
	const struct message *request, struct txn_refusal *refusal, struct buf *extra)
{
	const struct config_words *types = &half->target->settings->messages.event_types;

	refusal->status = body_fault(request, &refusal->why);
	if (!refusal->status && message_body(request).len &&
		!words_have_nocase(types, message_content_type(request))) {
		refusal->status = 415;
		refusal->why = "the type of its body is not in event-types";
	}
	if (refusal->status == 415) {
		allow_add_types(types, extra);
		refusal->extra = extra->err ? NULL : buf_str(extra);
	}
	return !refusal->status;
}

static void refuse_failed(const struct subscription *subscription,
	enum subscription_half from, struct txn_server *txn, int err)
{
	struct txn_refusal refusal = {.status = 503,
		.why = "it could not be passed on",
		.extra = "Retry-After: 10\r\n"};

	if (err == ERR_TRUST)
		refusal = (struct txn_refusal){
			.status = 488, .why = "a key was to leave in plain"};
	refuse(subscription, from, txn, &refusal);
}

/* Passes REQUEST on to TO. True: it is under way, and *RET waits for its answer; else it was refused. */
static bool begin(struct subscription *subscription, enum subscription_half to,
	struct txn_server *txn, struct message *request, const struct event_state *state,
	struct subscription_pass **ret)
{
	struct timers *timers = subscription->bridge->timers;
	struct txn_refusal refusal = {0};
	struct subscription_pass *pass;
	struct buf extra;
	int err = -ENOMEM;

	buf_init(&extra, 0);
	if (!may_bring(&subscription->halves[to], request, &refusal, &extra)) {
		refuse(subscription, !to, txn, &refusal);
		buf_free(&extra);
		return false;
	}
	pass = make(subscription, to, request);
	if (pass)
		err = pass_on(pass, request, state);
	if (err) {
		if (pass)
			drop(pass);
		refuse_failed(subscription, !to, txn, err);
		return false;
	}
	pass->in = txn;
	txn_server_attach(
		txn, &(struct txn_server_user){.ended_h = sender_lost_h, .arg = pass});
	timer_start(timers, &pass->late,
		BRIDGE_LATE_T1 * subscription->bridge->config->sip.t1_ms, late_h, pass);
	*ret = pass;
	return true;
}

static bool is_full(const struct subscription *subscription, enum subscription_half from,
	struct txn_server *txn)
{
	if (subscription->pass_count < SUBSCRIPTION_PASSES_MAX)
		return false;
	refuse(subscription, from, txn,
		&(struct txn_refusal){.status = 503,
			.why = "too many requests within it wait for an answer",
			.extra = "Retry-After: 1\r\n"});
	return true;
}

/* True: REQUEST is of no subscription, or of one that is over, and was refused. */
static bool refuse_late(const struct subscription *subscription,
	enum subscription_half from, struct txn_server *txn)
{
	if (!subscription->terminated)
		return false;
	refuse(subscription, from, txn,
		&(struct txn_refusal){.status = 481, .why = "the subscription is over"});
	return true;
}

/* ---- NOTIFY ---- */

/* What is wrong with what it says of the event. */
static bool refuse_event(const struct subscription *subscription, struct txn_server *txn,
	const struct message *request, struct event_state *state)
{
	const struct txn_refusal bad = {.status = 489,
		.where = "Event",
		.why = "it is of another package than the subscription"};
	const struct txn_refusal none = {.status = 400,
		.where = "Subscription-State",
		.why = "it has none, or no state in it"};
	struct event event;

	if (!event_read(&event, request) ||
		!span_equal_nocase(event.package, subscription->package))
		refuse(subscription, SUBSCRIPTION_NOTIFIER, txn, &bad);
	else if (!event_state_read(state, request))
		refuse(subscription, SUBSCRIPTION_NOTIFIER, txn, &none);
	else
		return false;
	return true;
}

/* What it says of how long the subscription lasts counts (RFC 6665 4.1.3), also where its body does not cross. */
static void take_state(struct subscription *subscription, const struct event_state *state)
{
	subscription->notified = true;
	subscription->terminated = state->is_terminated;
	if (state->has_expires)
		subscription->until_ms = timers_now_ms(subscription->bridge->timers) +
					 (uint64_t)state->expires_s * 1000;
	if (subscription->accepted)
		subscription_time(subscription);
}

void subscription_notify(struct subscription *subscription, struct txn_server *txn,
	struct message *request)
{
	struct subscription_pass *pass;
	struct subscription_end end;
	struct event_state state;

	if (refuse_late(subscription, SUBSCRIPTION_NOTIFIER, txn) ||
		refuse_event(subscription, txn, request, &state) ||
		is_full(subscription, SUBSCRIPTION_NOTIFIER, txn))
		return;
	take_state(subscription, &state);
	if (begin(subscription, SUBSCRIPTION_SUBSCRIBER, txn, request, &state, &pass)) {
		subscription->halves[SUBSCRIPTION_SUBSCRIBER].known = true;
		pass->last = state.is_terminated;
		if (pass->last)
			subscription->told = SUBSCRIPTION_TELL_BOTH;
		return;
	}
	end = last_end(subscription);
	if (state.is_terminated)
		subscription_over(
			subscription, &end, SUBSCRIPTION_TELL(SUBSCRIPTION_SUBSCRIBER));
}

/* ---- SUBSCRIBE ---- */

static bool is_refreshed(const struct subscription *subscription)
{
	LIST_FOREACH (&subscription->passes, node, next)
		if (LIST_ENTRY(node, struct subscription_pass, node)->method ==
			MESSAGE_SUBSCRIBE)
			return true;
	return false;
}

/* Whether REQUEST is of another subscription in the same dialog (RFC 6665 4.5 forbids that). */
static bool is_other(
	const struct subscription *subscription, const struct message *request)
{
	const char *id = subscription->event_id ? subscription->event_id : "";
	struct event event;

	return !event_read(&event, request) ||
	       !span_equal_nocase(event.package, subscription->package) ||
	       !span_equal_str(event.id, id);
}

static void refuse_hindered(struct subscription *subscription, struct txn_server *txn,
	enum subscription_cause cause)
{
	refuse(subscription, SUBSCRIPTION_SUBSCRIBER, txn,
		&(struct txn_refusal){.status = 481,
			.why = "it may not go on here: a new one may elsewhere"});
	subscription_over(subscription, &(struct subscription_end){.cause = cause},
		SUBSCRIPTION_TELL(SUBSCRIPTION_NOTIFIER));
}

void subscription_refresh(struct subscription *subscription, struct txn_server *txn,
	struct message *request)
{
	const enum subscription_half from = SUBSCRIPTION_SUBSCRIBER;
	struct subscription_pass *pass;
	enum subscription_cause cause;

	if (refuse_late(subscription, from, txn))
		return;
	if (is_other(subscription, request))
		refuse(subscription, from, txn,
			&(struct txn_refusal){.status = 403,
				.where = "Event",
				.why = "its dialog has another subscription"});
	else if (!subscription->accepted || is_refreshed(subscription))
		refuse(subscription, from, txn,
			&(struct txn_refusal){.status = 500,
				.why = "a SUBSCRIBE of its sender is not answered yet",
				.extra = "Retry-After: 5\r\n"});
	else if (subscription_is_hindered(subscription, false, &cause))
		refuse_hindered(subscription, txn, cause);
	else if (!is_full(subscription, from, txn))
		(void)begin(
			subscription, SUBSCRIPTION_NOTIFIER, txn, request, NULL, &pass);
}
