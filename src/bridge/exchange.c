#include "bridge/exchange_priv.h"

#include "bridge/called.h"
#include "bridge/captured.h"
#include "bridge/party_rules.h"
#include "bridge/registry.h"
#include "sip/failure.h"
#include "trunk/cause.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* In units of T1: a client's Timer E has become T2 then (RFC 4320 4.2). */
#define TRYING_T1 7

static uint64_t age_us(const struct exchange *exchange)
{
	return trunks_now_us(exchange->bridge->trunks) - exchange->start_us;
}

/* ---- its life ---- */

static void forget_out(struct exchange *exchange)
{
	struct txn_client *out = exchange->out;

	exchange->out = NULL;
	if (out)
		txn_client_abandon(out);
}

static void exchange_free(struct exchange *exchange)
{
	list_remove(&exchange->node);
	exchange->bridge->exchange_count -= !exchange->settled;
	timer_stop(&exchange->trying);
	timer_stop(&exchange->late);
	if (exchange->in)
		txn_server_detach(exchange->in);
	forget_out(exchange);
	subscription_free(exchange->subscription);
	hunt_free(exchange->hunt);
	party_free(exchange->party);
	history_free(&exchange->history);
	target_unref(exchange->asked);
	target_unref(exchange->source);
	flow_unref(exchange->from_flow);
	flow_unref(exchange->to_flow);
	message_unref(exchange->request);
	free(exchange->from_received);
	free(exchange->to_received);
	free(exchange->from);
	free(exchange->to);
	free(exchange->from_sent);
	free(exchange->to_sent);
	config_unref(exchange->config);
	free(exchange);
}

static void bury_h(void *arg)
{
	exchange_free(arg);
}

/* The answer to its sender. */
static void answer(struct exchange *exchange, int status, const struct message *response)
{
	struct txn_server *in = exchange->in;
	struct buf lines;
	int err;

	exchange->in = NULL;
	if (!in)
		return;
	txn_server_detach(in);
	buf_init(&lines, 0);
	exchange_add_answer(exchange, status, response, &lines);
	err = lines.err;
	txn_server_reply(in, err ? 500 : status, NULL,
		exchange->subscription ? subscription_tag(exchange->subscription) : NULL,
		err || !lines.len ? NULL : buf_str(&lines));
	buf_free(&lines);
}

static const struct {
	const char *cause;
	enum subscription_cause as;
} left[] = {
	{"shutdown", SUBSCRIPTION_SHUTDOWN},
	{"hangup", SUBSCRIPTION_HANGUP},
};

/* Its subscription, which may have begun with a NOTIFY, is over with it. */
static void leave(struct exchange *exchange, const char *cause)
{
	enum subscription_cause as = SUBSCRIPTION_FAILED;

	if (!exchange->subscription)
		return;
	for (size_t i = 0; i < sizeof(left) / sizeof(left[0]); i++)
		if (strcmp(left[i].cause, cause) == 0)
			as = left[i].as;
	subscription_leave(exchange->subscription, as);
}

/* It is over, for CAUSE, static: its sender gets STATUS, and what crosses of RESPONSE, which may be NULL. */
static void end(struct exchange *exchange, enum exchange_by by, const char *cause,
	int status, const struct message *response)
{
	if (exchange->cause)
		return;
	timer_stop(&exchange->trying);
	timer_stop(&exchange->late);
	forget_out(exchange);
	if (exchange->hunt)
		hunt_stop(exchange->hunt);
	history_end(
		&exchange->history, 0, exchange->detail[0] ? exchange->detail : cause);
	exchange->end_us = age_us(exchange);
	exchange->cause = cause;
	exchange->status = status;
	if (!exchange->settled)
		exchange_count(exchange, status);
	exchange_record(exchange, by); /* before its sender may know */
	answer(exchange, status, response);
	leave(exchange, cause);
	timer_start(exchange->bridge->timers, &exchange->late, 0, bury_h, exchange);
}

static void note(struct exchange *exchange, const char *why)
{
	err_reason(exchange->detail, why ? why : "");
}

/* ---- what becomes of it at a target ---- */

/* What is not needed for as long as a subscription may last: the request, and those who might have been asked. */
static void slim(struct exchange *exchange)
{
	exchange->target = NULL;
	hunt_free(exchange->hunt);
	exchange->hunt = NULL;
	party_free(exchange->party);
	exchange->party = NULL;
	message_unref(exchange->request);
	exchange->request = NULL;
}

/* TARGET has the settings of today, so that no configuration before it is kept. Where there is no memory for that, those
 * of before go on. */
static void renew(struct target **target, struct config *config)
{
	struct target *renewed;

	if (target_new(&renewed, (*target)->trunk, config))
		return;
	target_unref(*target);
	*target = renewed;
}

/* From now on its subscription is all that is left of it. */
static void settle(struct exchange *exchange, const struct message *response)
{
	const int status = message_status(response);

	timer_stop(&exchange->trying);
	timer_stop(&exchange->late);
	exchange->settled = true;
	exchange->bridge->exchange_count--;
	exchange->status = status;
	exchange_count(exchange, status);
	answer(exchange, status, response);
	slim(exchange);
	subscription_settle(exchange->subscription);
}

static void accepted(struct exchange *exchange, const struct message *response)
{
	history_end(&exchange->history, message_status(response), "taken");
	note(exchange, "");
	if (exchange->subscription &&
		!subscription_accept(exchange->subscription, response)) {
		settle(exchange, response);
		return;
	}
	if (exchange->subscription) {
		note(exchange, "what accepted it makes no dialog");
		end(exchange, EXCHANGE_BY_TANDEM, "rejected", 500, NULL);
		return;
	}
	end(exchange, EXCHANGE_BY_TARGET, "accepted", message_status(response), response);
}

/* Who was asked last will not be in its subscription. */
static void unask(struct exchange *exchange)
{
	if (exchange->subscription)
		subscription_unask(exchange->subscription);
}

/* Its sender has heard from who is asked: nobody else is. */
static bool is_notified(const struct exchange *exchange)
{
	return exchange->subscription && subscription_is_notified(exchange->subscription);
}

/* The target refuses it, in RESPONSE, or would for its STATUS: then RESPONSE is NULL. */
static void refused(struct exchange *exchange, int status, const char *why,
	const struct message *response)
{
	const struct config_trunk *settings = exchange->target->settings;
	const bool next = statuses_have(&settings->next_on, status);
	const enum failover_step step =
		failover_step(failover_cause(status, next), FAILOVER_QUIET, false);

	history_end(&exchange->history, response ? status : 0, why);
	if (step != FAILOVER_STOP && !is_notified(exchange)) {
		unask(exchange);
		hunt_next(exchange->hunt, step, status, why);
		return;
	}
	note(exchange, response ? "" : why);
	if (response && !exchange_is_of_content(exchange, status))
		status = cause_map(status);
	end(exchange, response ? EXCHANGE_BY_TARGET : EXCHANGE_BY_TANDEM, "rejected",
		status, response);
}

static void response_h(void *arg, struct txn_client *txn, struct message *response)
{
	struct exchange *exchange = arg;
	const int status = message_status(response);
	char why[ERR_REASON_SIZE];

	if (status < 200)
		return;
	history_refusal(status, txn_client_why(txn), why);
	exchange->out = NULL;
	txn_client_detach(txn);
	hunt_heard(exchange->hunt, status, response);
	if (status < 300) {
		accepted(exchange, response);
		return;
	}
	history_hear(&exchange->history, status, response);
	refused(exchange, status, why, response);
}

/* Nothing came from the target, for WHY. */
static void unheard(struct exchange *exchange, enum dial_unheard how, const char *why)
{
	hunt_unheard(exchange->hunt, how, why);
	history_end(&exchange->history, 0, why);
	if (is_notified(exchange)) {
		note(exchange, why);
		end(exchange, EXCHANGE_BY_TANDEM, "timeout", 504, NULL);
		return;
	}
	unask(exchange);
	hunt_next(exchange->hunt, FAILOVER_ADDRESS, 0, why);
}

static void failed_h(void *arg, struct txn_client *txn, int err)
{
	struct exchange *exchange = arg;
	const struct flow *flow = exchange->to_flow;
	char words[ERR_REASON_SIZE];

	exchange->out = NULL;
	txn_client_detach(txn);
	unheard(exchange, dial_how(err == -ETIMEDOUT ? 408 : 503, err == -ECONNREFUSED),
		err == ERR_CLOSED && flow->why
			? flow->why
			: failure_of_request(err, flow->kind, &flow->remote, words));
}

/* Its share of the time is over. What it still says finds nobody: the next one is asked. */
static void silent_h(void *arg)
{
	struct exchange *exchange = arg;

	if (is_notified(exchange))
		return; /* whoever sent a NOTIFY will answer too */
	forget_out(exchange);
	unheard(exchange, DIAL_SILENT, "no answer came in its share of the time");
}

static void repeated_h(
	void *arg, struct txn_client *txn, const struct txn_client_request *request)
{
	struct exchange *exchange = arg;

	(void)request;
	exchange->out = txn;
}

/* ---- what the hunt says ---- */

static void hunt_target_h(void *arg, struct target *target)
{
	struct exchange *exchange = arg;

	exchange->target = target;
	if (!target)
		return;
	target_unref(exchange->asked);
	exchange->asked = target_ref(target);
	flow_unref(exchange->to_flow);
	exchange->to_flow = NULL;
	exchange->to_party = captured_party(exchange->bridge);
	messages_charge(&target->trunk->messages, &target->settings->messages, LIMIT_OUT,
		trunks_now_us(exchange->bridge->trunks));
	exchange_capture_follow(exchange);
}

static void hunt_flow_h(void *arg, struct flow *flow)
{
	const struct txn_client_user user = {.repeated_h = repeated_h,
		.response_h = response_h,
		.failed_h = failed_h,
		.arg = arg};
	struct exchange *exchange = arg;
	struct err_text text = {{0}};
	int status = 0;
	int err;

	history_begin(
		&exchange->history, exchange->target->trunk->id, flow, age_us(exchange));
	flow_ref(flow);
	flow_unref(exchange->to_flow);
	exchange->to_flow = flow;
	err = exchange_send(exchange, flow, &user, &status, &text);
	if (!err)
		hunt_await(exchange->hunt, silent_h);
	else if (status)
		refused(exchange, status, text.text, NULL);
	else
		unheard(exchange, DIAL_LOST, text.text[0] ? text.text : err_str(err));
}

static void hunt_passed_over_h(void *arg, struct target *target, const char *why)
{
	struct exchange *exchange = arg;

	history_begin(&exchange->history, target->trunk->id, NULL, age_us(exchange));
	history_end(&exchange->history, 0, why);
}

static void hunt_failed_h(void *arg, struct target *target, const char *why)
{
	struct exchange *exchange = arg;

	if (!history_is_at(&exchange->history, target->trunk->id))
		hunt_passed_over_h(exchange, target, why);
}

static void hunt_exhausted_h(void *arg, int status, const char *why)
{
	struct exchange *exchange = arg;
	const int theirs = exchange->hunt->status;

	note(exchange, why);
	if (theirs)
		end(exchange, EXCHANGE_BY_TARGET, "rejected",
			exchange_is_of_content(exchange, theirs) ? theirs : status, NULL);
	else
		end(exchange, EXCHANGE_BY_TANDEM,
			status == 503 ? "unreachable" : "no-route", status, NULL);
}

static const struct hunt_handlers hunt_handlers = {
	.target_h = hunt_target_h,
	.flow_h = hunt_flow_h,
	.passed_over_h = hunt_passed_over_h,
	.failed_h = hunt_failed_h,
	.exhausted_h = hunt_exhausted_h,
};

/* ---- its sender ---- */

static void sender_lost_h(void *arg, struct txn_server *txn)
{
	struct exchange *exchange = arg;

	(void)txn;
	exchange->in = NULL;
	note(exchange, "its sender is not there any more");
	end(exchange, EXCHANGE_BY_SENDER, "peer-lost", 503, NULL);
}

static void trying_h(void *arg)
{
	struct exchange *exchange = arg;

	txn_server_reply(exchange->in, 100, NULL, NULL, NULL);
}

/* RFC 4320 4.1: never 408, which would come when its sender has given up. */
static void late_h(void *arg)
{
	struct exchange *exchange = arg;
	static const char why[] = "no answer came before its sender gives up";

	hunt_unheard(exchange->hunt, DIAL_SILENT, why);
	note(exchange, why);
	end(exchange, EXCHANGE_BY_TANDEM, "timeout", 504, NULL);
}

static void start_timers(struct exchange *exchange)
{
	struct timers *timers = exchange->bridge->timers;
	const uint64_t t1_ms = exchange->bridge->config->sip.t1_ms;

	timer_start(timers, &exchange->trying, TRYING_T1 * t1_ms, trying_h, exchange);
	timer_start(timers, &exchange->late, BRIDGE_LATE_T1 * t1_ms, late_h, exchange);
}

/* ---- the beginning ---- */

static int list_targets(struct exchange *exchange)
{
	const struct target *source = exchange->source;
	struct pick_question question = {
		.config = exchange->config, .method = messages_bit(exchange->method)};
	char *caller = party_number(party_caller(exchange->party));
	int err;

	if (!caller)
		return -ENOMEM;
	question.call = pick_call(source->trunk, span_of(exchange->to), span_of(caller));
	question.call.calls_to = source->settings->calls_to;
	err = hunt_new(&exchange->hunt, exchange->bridge, exchange->config, &question);
	free(caller);
	return err;
}

/* Who sends it to whom, and who may take it. 0 or -ENOMEM. */
static int prepare(struct exchange *exchange, struct trunk *trunk)
{
	int err = target_new(&exchange->source, trunk, exchange->config);

	if (!err)
		err = party_read(&exchange->party, exchange->request);
	if (err)
		return err;
	called_find(exchange->party, trunk, exchange->request);
	exchange->from_received = party_number(&exchange->party->from);
	exchange->to_received = party_number(&exchange->party->called);
	err = party_rules_in(exchange->party, trunk_settings(trunk));
	if (err)
		return err;
	exchange->from = party_number(&exchange->party->from);
	exchange->to = party_number(&exchange->party->called);
	if (!exchange->from_received || !exchange->to_received || !exchange->from ||
		!exchange->to)
		return -ENOMEM;
	return list_targets(exchange);
}

static struct exchange *make(struct bridge_side *home, struct txn_server *txn)
{
	struct bridge *bridge = home->bridge;
	struct clock *clock = timers_clock(bridge->timers);
	struct exchange *exchange = calloc(1, sizeof(*exchange));

	if (!exchange)
		return NULL;
	exchange->bridge = bridge;
	exchange->home = home;
	exchange->config = config_ref(bridge->config);
	exchange->request = message_ref(txn_server_request(txn));
	exchange->method = message_method(exchange->request);
	exchange->from_flow = flow_ref(txn_server_flow(txn));
	exchange->start_us = clock->mono_us(clock);
	exchange->start_wall_us = clock->wall_us(clock);
	list_append(&bridge->exchanges, &exchange->node);
	bridge->exchange_count++;
	return exchange;
}

/* Its subscription ended, as END says. */
static void over_h(void *arg, const struct subscription_end *over)
{
	struct exchange *exchange = arg;
	enum exchange_by by = EXCHANGE_BY_TANDEM;

	if (over->by_peer)
		by = over->who == SUBSCRIPTION_SUBSCRIBER ? EXCHANGE_BY_SENDER
							  : EXCHANGE_BY_TARGET;
	if (over->status)
		exchange->history.far_status = over->status;
	note(exchange, over->why);
	end(exchange, by, subscription_cause_name(over->cause), exchange->status, NULL);
}

/* A SUBSCRIBE makes dialogs. 0, or negative: it was refused. */
static int subscribe(struct exchange *exchange, struct txn_server *txn)
{
	const struct subscription_params params = {.home = exchange->home,
		.source = exchange->source,
		.flow = exchange->from_flow,
		.request = exchange->request,
		.number = exchange->number,
		.party = exchange->from_party,
		.id = exchange->id,
		.over_h = over_h,
		.arg = exchange};
	const int err = subscription_new(&exchange->subscription, &params);
	struct txn_refusal refusal = {.status = 503, .why = "out of memory"};

	if (err == ERR_FORMAT)
		refusal = (struct txn_refusal){.status = 400,
			.where = "Contact",
			.why = "it has no Contact that could be notified"};
	else if (err == ERR_SUPPORT)
		refusal = (struct txn_refusal){.status = 406,
			.where = "Accept",
			.why = "none of these types is in its event-types"};
	if (err)
		txn_server_refuse(txn, NULL, &refusal);
	return err;
}

void exchange_begin(struct bridge_side *home, struct txn_server *txn, struct trunk *trunk)
{
	struct bridge *bridge = home->bridge;
	struct exchange *exchange = make(home, txn);
	const uint64_t within_ms = BRIDGE_LATE_T1 * bridge->config->sip.t1_ms;
	int err = exchange ? prepare(exchange, trunk) : -ENOMEM;

	messages_charge(&trunk->messages, &trunk_settings(trunk)->messages, LIMIT_IN,
		trunks_now_us(bridge->trunks));
	if (err) {
		txn_server_reply(txn, 503, NULL, NULL, NULL);
		if (exchange)
			exchange_free(exchange);
		return;
	}
	exchange->number = registry_next(bridge, exchange->id);
	exchange->from_party = captured_party(bridge);
	if (exchange->method == MESSAGE_SUBSCRIBE && subscribe(exchange, txn)) {
		exchange_free(exchange);
		return;
	}
	exchange->in = txn;
	txn_server_attach(txn,
		&(struct txn_server_user){.ended_h = sender_lost_h, .arg = exchange});
	txn_server_set_owner(txn, tap_owner(exchange->number, exchange->from_party));
	exchange_capture_begin(exchange);
	start_timers(exchange);
	hunt_begin(exchange->hunt, within_ms, &hunt_handlers, exchange);
}

void exchanges_review(struct bridge *bridge)
{
	LIST_FOREACH (&bridge->exchanges, node, next) {
		struct exchange *exchange = LIST_ENTRY(node, struct exchange, node);

		if (!exchange->settled || exchange->cause)
			continue;
		subscription_review(exchange->subscription);
		if (exchange->cause)
			continue;
		renew(&exchange->source, bridge->config);
		renew(&exchange->asked, bridge->config);
		config_unref(exchange->config);
		exchange->config = config_ref(bridge->config);
	}
}

static void end_by_us(struct exchange *exchange, const char *cause)
{
	end(exchange, EXCHANGE_BY_TANDEM, cause,
		exchange->settled ? exchange->status : 503, NULL);
}

int exchange_end_subscription(struct bridge *bridge, const char *id)
{
	LIST_FOREACH (&bridge->exchanges, node, next) {
		struct exchange *exchange = LIST_ENTRY(node, struct exchange, node);

		if (!exchange->settled || exchange->cause ||
			strcmp(exchange->id, id) != 0)
			continue;
		end_by_us(exchange, "hangup");
		return 0;
	}
	return -ENOENT;
}

void exchanges_end(struct bridge *bridge, const char *cause)
{
	LIST_FOREACH (&bridge->exchanges, node, next)
		end_by_us(LIST_ENTRY(node, struct exchange, node), cause);
}

void exchanges_free(struct bridge *bridge)
{
	exchanges_end(bridge, "shutdown");
	LIST_FOREACH (&bridge->exchanges, node, next)
		exchange_free(LIST_ENTRY(node, struct exchange, node));
}
