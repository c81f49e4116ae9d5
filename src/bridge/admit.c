#include "bridge/admit.h"

#include "bridge/allow.h"
#include "bridge/call.h"
#include "bridge/call_replace.h"
#include "bridge/exchange.h"
#include "bridge/identity.h"
#include "bridge/leg_refresh.h"
#include "bridge/overload.h"
#include "bridge/proof.h"
#include "bridge/require.h"
#include "bridge/subscription.h"
#include "sip/compose.h"
#include "sip/phone.h"
#include "trunk/elin.h"
#include "trunk/emergency.h"
#include "trunk/number.h"
#include "trunk/obstacle.h"

#include <stdio.h>

/* RFC 3261 8.2.2.3, within dialogs and outside of them. */
bool admit_refuse_options(struct txn_server *txn, const struct message *request)
{
	struct buf options, extra, why;

	buf_init(&options, 0);
	buf_init(&extra, 0);
	buf_init(&why, 0);
	require_unknown(request, &options);
	if (options.len) {
		buf_printf(&extra, "Unsupported: %s\r\n", buf_str(&options));
		buf_printf(&why, "not supported: %s", buf_str(&options));
		txn_server_refuse(txn, NULL,
			&(struct txn_refusal){.status = 420,
				.where = "Require",
				.why = buf_str(&why),
				.extra = buf_str(&extra)});
	}
	buf_free(&why);
	buf_free(&extra);
	if (!options.len)
		return false;
	buf_free(&options);
	return true;
}

/* A request outside of a dialog, on its way in. */
struct admission {
	struct bridge_side *side;
	struct txn_server *txn;
	struct message *request;
	struct trunk *trunk;      /* whose it is; NULL: nobody's, or it is OPTIONS */
	enum emergency emergency; /* of an INVITE: what it is */
	struct leg *replaced;     /* whose place it is to take; NULL: nobody's */
};

/* Whether it is no call, and its sender may send it (bridge/exchange.h). */
static bool is_message(const struct admission *admission)
{
	const unsigned bit = messages_bit(message_method(admission->request));

	return admission->trunk && bit &&
	       trunk_settings(admission->trunk)->messages.methods & bit;
}

static bool known_scheme(const struct admission *admission)
{
	struct span scheme = message_request_uri(admission->request)->scheme;

	return span_equal_nocase(scheme, "sip") || span_equal_nocase(scheme, "sips") ||
	       span_equal_nocase(scheme, "tel") ||
	       admission->emergency == EMERGENCY_SERVICE;
}

static int method_status(enum message_method method)
{
	switch (method) {
	case MESSAGE_INVITE:
	case MESSAGE_OPTIONS:
		return 0;
	case MESSAGE_OTHER:
		return 501;
	case MESSAGE_BYE:
	case MESSAGE_PRACK:
	case MESSAGE_UPDATE:
		return 481;
	default:
		return 405;
	}
}

/* What RFC 3261 8.2 asks of any request, in its order. True: it was refused. What an emergency call requires
 * and we do not have, it goes without: who is told 420 has to call again, and may not. */
static bool refuse_early(const struct admission *admission)
{
	enum message_method method = message_method(admission->request);
	const bool message = is_message(admission);
	struct txn_refusal refusal = {.status = message ? 0 : method_status(method)};
	struct span replaces;
	struct buf allow;

	buf_init(&allow, 0);
	if (refusal.status) {
		allow_add_outside(
			admission->trunk ? trunk_settings(admission->trunk) : NULL,
			&allow);
		refusal.extra = buf_str(&allow);
		if (refusal.status == 481)
			refusal.why = "it has no To tag, so it is within no dialog";
	} else if (!known_scheme(admission)) {
		refusal.status = 416;
		refusal.why = "the Request-URI is neither sip:, sips: nor tel:";
	} else if (method != MESSAGE_INVITE &&
		   message_line(admission->request, "Replaces", 0, &replaces)) {
		refusal.status = 400;
		refusal.where = "Replaces";
		refusal.why = "only an INVITE takes the place of a dialog";
	} else if (message_max_forwards(admission->request) == 0 &&
		   (message || method == MESSAGE_INVITE)) {
		refusal.status = 483;
		refusal.where = "Max-Forwards";
	} else {
		return !admission->emergency &&
		       admit_refuse_options(admission->txn, admission->request);
	}
	txn_server_refuse(admission->txn, NULL, &refusal);
	buf_free(&allow);
	return true;
}

/* A flood of calls, or MESSAGES, must not become a flood of lines: one a second says how many. */
static void log_refusal(struct bridge *bridge, bool messages, const struct trunk *trunk,
	const struct obstacle *obstacle)
{
	char hidden_text[40] = "";
	unsigned hidden;

	if (!log_limit_pass(&bridge->refusal_limit, &hidden))
		return;
	if (hidden)
		snprintf(hidden_text, sizeof(hidden_text), " suppressed=%u", hidden);
	log_warning("bridge", "%s %s=%s status=503 reason=%s%s%s refused=%llu%s",
		messages ? "event=message-refused" : "event=call-refused",
		trunk_word(trunk->kind), trunk->id, obstacle_word(obstacle->kind),
		obstacle->limit ? " limit=" : "",
		obstacle->limit ? limit_name(obstacle->limit) : "",
		(unsigned long long)(messages ? bridge->messages_refused
					      : bridge->refused),
		hidden_text);
}

static bool ask(bool (*h)(void *arg), const struct bridge *bridge, bool otherwise)
{
	return h ? h(bridge->handlers.arg) : otherwise;
}

/* [limits]. One that replaces a leg makes no call more. True: one is reached, and OBSTACLE says so. */
static bool is_limited_here(const struct admission *admission, struct obstacle *obstacle)
{
	struct config_limits limits;
	struct limit_question question;
	enum limit_kind kind;

	bridge_limits(admission->side->bridge, &limits, &question);
	kind = admission->replaced ? limit_find_rate(&question) : limit_find(&question);
	if (!kind)
		return false;
	obstacle_of_limit(
		limit_is_rate(kind) ? OBSTACLE_SERVER_RATE : OBSTACLE_SERVER_FULL,
		&question, kind, obstacle);
	return true;
}

/* Why this server takes no new call now, for what is no matter of the trunk. */
static void obstacle_here(const struct admission *admission, struct obstacle *obstacle)
{
	struct bridge *bridge = admission->side->bridge;

	if (bridge->draining && !admission->replaced)
		obstacle->kind = OBSTACLE_STOPPING;
	else if (overload_refuses(bridge, admission->trunk))
		obstacle->kind = OBSTACLE_OVERLOAD;
	else if (!ask(bridge->handlers.ready_h, bridge, true))
		obstacle->kind = OBSTACLE_AUDIT;
	else
		(void)is_limited_here(admission, obstacle);
}

/* The same of a request that is no call: calls come first. */
static void message_obstacle_here(
	struct bridge *bridge, bool subscription, struct obstacle *obstacle)
{
	if (bridge->draining)
		obstacle->kind = OBSTACLE_STOPPING;
	else if (ask(bridge->handlers.overloaded_h, bridge, false))
		obstacle->kind = OBSTACLE_OVERLOAD;
	else if (!ask(bridge->handlers.ready_h, bridge, true))
		obstacle->kind = OBSTACLE_AUDIT;
	else if (bridge->exchange_count >= EXCHANGES_MAX ||
		 (subscription && bridge->subscription_count >= SUBSCRIPTIONS_MAX))
		obstacle->kind = OBSTACLE_SERVER_FULL;
}

void admit_refused(
	struct bridge *bridge, struct trunk *trunk, const struct obstacle *obstacle)
{
	unsigned retry_s = 0;

	if (obstacle->kind == OBSTACLE_FULL || obstacle->kind == OBSTACLE_RATE)
		obstacle_count(trunk, obstacle, &retry_s);
	else if (obstacle->limit)
		bridge->use.reached[obstacle->limit]++;
	bridge->refused++;
	if (bridge->handlers.refused_h)
		bridge->handlers.refused_h(bridge->handlers.arg, trunk_word(trunk->kind),
			trunk->id, obstacle_word(obstacle->kind));
	log_refusal(bridge, false, trunk, obstacle);
}

static bool refuse_now(const struct admission *admission)
{
	struct bridge *bridge = admission->side->bridge;
	const bool emergency = admission->emergency != EMERGENCY_NO;
	const struct obstacle_question question = {.trunk = admission->trunk,
		.way = OBSTACLE_FROM,
		.emergency = emergency,
		.replaces = admission->replaced != NULL,
		.now_us = trunks_now_us(bridge->trunks)};
	char extra[BRIDGE_RETRY_SIZE];
	struct obstacle obstacle;

	if (!obstacle_stops(obstacle_find(&question, &obstacle), emergency))
		obstacle_here(admission, &obstacle);
	overload_note(bridge, admission->trunk);
	if (!obstacle_stops(obstacle.kind, emergency))
		return false;
	admit_refused(bridge, admission->trunk, &obstacle);
	txn_server_reply(admission->txn, 503, NULL, NULL,
		bridge_retry_line(obstacle.retry_s, extra));
	return true;
}

static bool refuse_message_now(const struct admission *admission)
{
	struct bridge *bridge = admission->side->bridge;
	const enum message_method method = message_method(admission->request);
	const struct obstacle_question question = {.trunk = admission->trunk,
		.way = OBSTACLE_FROM,
		.message = true,
		.subscription = method == MESSAGE_SUBSCRIBE,
		.now_us = trunks_now_us(bridge->trunks)};
	char extra[BRIDGE_RETRY_SIZE];
	struct obstacle obstacle;

	if (!obstacle_find(&question, &obstacle))
		message_obstacle_here(bridge, question.subscription, &obstacle);
	if (!obstacle.kind)
		return false;
	messages_ended(&admission->trunk->messages, method, LIMIT_IN, 503);
	bridge->messages_refused++;
	log_refusal(bridge, true, admission->trunk, &obstacle);
	txn_server_reply(admission->txn, 503, NULL, NULL,
		bridge_retry_line(obstacle.retry_s, extra));
	return true;
}

/* RFC 3261 8.2.3, and descriptions that cannot be read. */
static void refuse_body(struct txn_server *txn, int err, const char *why)
{
	struct txn_refusal refusal = {.status = 400,
		.phrase = "Bad Session Description",
		.where = "Content-Type",
		.why = why};

	if (err == ERR_SUPPORT) {
		refusal.status = 415;
		refusal.phrase = NULL;
		refusal.extra = "Accept: application/sdp, multipart/mixed\r\n"
				"Accept-Encoding: identity\r\n";
	} else {
		refusal.where = NULL;
	}
	txn_server_refuse(txn, NULL, &refusal);
}

/* Reliable provisional responses that this trunk must not, or must have (RFC 3262 3). */
static bool refuse_reliable(
	struct txn_server *txn, const struct message *request, const struct trunk *trunk)
{
	const enum config_reliable reliable = trunk_settings(trunk)->reliable;
	bool required = message_lists(request, "Require", "100rel");

	if (reliable == CONFIG_RELIABLE_REFUSE && required)
		txn_server_refuse(txn, NULL,
			&(struct txn_refusal){.status = 420,
				.where = "Require",
				.why = "100rel, and this trunk has reliable = refuse",
				.extra = "Unsupported: 100rel\r\n"});
	else if (reliable == CONFIG_RELIABLE_REQUIRE && !required &&
		 !message_lists(request, "Supported", "100rel"))
		txn_server_refuse(txn, NULL,
			&(struct txn_refusal){.status = 421,
				.where = "Supported",
				.why = "no 100rel, and this trunk has reliable = require",
				.extra = "Require: 100rel\r\n"});
	else
		return false;
	return true;
}

static struct trunk *trunk_of(const struct bridge_side *side, const struct flow *flow)
{
	return trunks_of_flow(side->bridge->trunks, flow,
		side->which == SIDE_INTERNAL ? TRUNK_SERVER : TRUNK_GATEWAY);
}

/* Whose call REQUEST is. A word in the Contact that we registered tells accounts at one carrier apart, among
 * those that may call by this flow. */
static struct trunk *caller_of(const struct bridge_side *side, const struct flow *flow,
	const struct message *request)
{
	struct trunk *trunk = NULL;
	struct span line;

	if (side->which == SIDE_EXTERNAL &&
		message_param(message_request_uri(request)->params, "line", &line))
		trunk = trunks_of_line(side->bridge->trunks, flow, line);
	return trunk ? trunk : trunk_of(side, flow);
}

/* What the INVITE offers; NULL: nothing. 0, or negative: it was refused. An emergency call goes without the
 * parts of its body that are not understood, whoever wants them to be. */
static int read_offer(const struct admission *admission, struct sdp **ret)
{
	struct err_text text = {{0}};
	int err = oa_read(admission->request, ret, &text);

	if (err == ERR_SUPPORT && admission->emergency) {
		*ret = NULL;
		return 0;
	}
	if (err)
		refuse_body(admission->txn, err, text.text);
	return err;
}

/* ---- Replaces ---- */

/* Whether it may take a place is judged first, and then whose. An emergency call takes nobody's. */
static void judge_replaces(struct admission *admission, struct txn_refusal *refusal)
{
	const bool allowed = trunk_settings(admission->trunk)->transfer.replaces;
	const bool required = message_lists(admission->request, "Require", "replaces");
	struct replaces replaces;

	refusal->where = "Replaces";
	refusal->status = replaces_of(&replaces, admission->request, &refusal->why);
	if (refusal->status || (!replaces.call_id.len && (allowed || !required)))
		return;
	if (!allowed) {
		refusal->status = required ? 420 : 403;
		refusal->why = "its sender has replaces = no";
		refusal->extra = required ? "Unsupported: replaces\r\n" : NULL;
	} else if (replaces.call_id.len) {
		refusal->status = replace_find(admission->side->bridge, admission->trunk,
			&replaces, &admission->replaced, &refusal->why);
	}
}

/* RFC 3891 3. True: it was refused. */
static bool refuse_replaces(struct admission *admission)
{
	struct txn_refusal refusal = {.status = 0};

	judge_replaces(admission, &refusal);
	if (!refusal.status)
		return false;
	txn_server_refuse(admission->txn, NULL, &refusal);
	return true;
}

static void receive_invite(struct admission *admission)
{
	struct sdp *sdp;

	if (!admission->trunk) {
		txn_server_refuse(admission->txn, NULL,
			&(struct txn_refusal){.status = 403,
				.why = "no server or gateway is configured there"});
		return;
	}
	/* an emergency call goes on, whoever makes it */
	if (!admission->emergency &&
		!proof_given(admission->side->bridge, admission->trunk,
			trunk_settings(admission->trunk), admission->txn))
		return;
	if (!admission->emergency &&
		(refuse_reliable(admission->txn, admission->request, admission->trunk) ||
			leg_refresh_refuse_first(
				trunk_settings(admission->trunk), admission->txn)))
		return;
	if (!admission->emergency && refuse_replaces(admission))
		return;
	if (refuse_now(admission) || read_offer(admission, &sdp))
		return;
	if (admission->replaced) {
		replace_begin(admission->side, admission->txn, admission->trunk,
			admission->replaced, sdp);
		return;
	}
	call_begin(admission->side, admission->txn, admission->trunk, sdp,
		admission->emergency);
}

static void receive_message(const struct admission *admission)
{
	if (!proof_given(admission->side->bridge, admission->trunk,
		    trunk_settings(admission->trunk), admission->txn) ||
		refuse_message_now(admission))
		return;
	exchange_begin(admission->side, admission->txn, admission->trunk);
}

/* Whether it is to the number of a location that the caller of an emergency call has now. */
static bool calls_back(const struct admission *admission)
{
	const struct bridge *bridge = admission->side->bridge;
	struct clock *clock = timers_clock(bridge->timers);
	char changed[RULE_NUMBER_SIZE];
	struct phone called;

	phone_read(&called, message_request_uri(admission->request));
	if (number_called_in(
		    &trunk_settings(admission->trunk)->numbers, &called, changed))
		called.number = span_of(changed);
	return called.is_number &&
	       elins_called(bridge->elins, called.number, clock->mono_us(clock),
		       1000 * bridge->config->emergency.elin_keep_ms);
}

/* Whose it is, and of an INVITE whether it is an emergency call: that decides what it may be refused for. */
static void classify(struct admission *admission)
{
	const struct bridge *bridge = admission->side->bridge;

	admission->trunk = caller_of(
		admission->side, txn_server_flow(admission->txn), admission->request);
	if (!admission->trunk || message_method(admission->request) != MESSAGE_INVITE)
		return;
	admission->emergency = emergency_class(
		bridge->config, trunk_settings(admission->trunk), admission->request);
	if (!admission->emergency && calls_back(admission))
		admission->emergency = EMERGENCY_CALLBACK;
}

void admit_add_capabilities(const struct config_trunk *settings, struct buf *out)
{
	const bool reliable = !settings || settings->reliable != CONFIG_RELIABLE_REFUSE;
	const bool timed =
		!settings || settings->timers.mode != CONFIG_SESSION_TIMER_REFUSE;

	const bool replaces = settings && settings->transfer.replaces;

	allow_add(settings, out);
	if (reliable || timed || replaces)
		buf_printf(out, "Supported: %s%s%s%s%s\r\n", reliable ? "100rel" : "",
			reliable && (timed || replaces) ? ", " : "", timed ? "timer" : "",
			timed && replaces ? ", " : "", replaces ? "replaces" : "");
	buf_add_str(out, "Accept: application/sdp, multipart/mixed\r\n");
}

/* RFC 3261 11.2. Who takes no calls says so, so that a far end that asks in time sends them elsewhere. */
static void answer_options(struct bridge_side *side, struct txn_server *txn)
{
	const struct flow *flow = txn_server_flow(txn);
	const struct trunk *trunk = trunk_of(side, flow);
	bool draining = side->bridge->draining || (trunk && trunk->drained);
	char contact[IDENTITY_SIZE];
	struct buf lines;

	buf_init(&lines, 0);
	compose_header_str(&lines, "Contact",
		identity_contact(side, flow, identity_of_flow(side, flow), contact));
	admit_add_capabilities(trunk ? trunk_settings(trunk) : NULL, &lines);
	if (draining)
		buf_add_str(&lines, "Retry-After: 10\r\n");
	txn_server_reply(txn, draining ? 503 : 200, NULL, NULL, buf_str(&lines));
	buf_free(&lines);
}

void admit_request(
	struct bridge_side *side, struct txn_server *txn, struct message *request)
{
	struct admission admission = {.side = side, .txn = txn, .request = request};

	if (message_method(request) != MESSAGE_OPTIONS)
		classify(&admission);
	if (refuse_early(&admission))
		return;
	if (message_method(request) == MESSAGE_OPTIONS)
		answer_options(side, txn);
	else if (message_method(request) == MESSAGE_INVITE)
		receive_invite(&admission);
	else
		receive_message(&admission);
}
