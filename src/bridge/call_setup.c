/* A call until it is answered: what its INVITE says, and the hunt for who takes it. */
#include "bridge/call_priv.h"

#include "bridge/call_log.h"
#include "bridge/connected.h"
#include "bridge/identity.h"
#include "bridge/parts.h"
#include "bridge/reason.h"
#include "bridge/redirection.h"
#include "bridge/registry.h"
#include "bridge/require.h"
#include "bridge/tolerated.h"
#include "trunk/cause.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Leg a, who called, has end A of the relay, and whoever is asked has end B; but a stand-in has the end of the leg that
 * it stands for. */
static enum relay_end end_of_b(const struct call *call)
{
	return call->a->home && leg_end(call->a) == RELAY_B ? RELAY_A : RELAY_B;
}

struct leg_params call_leg_params(
	struct call *call, const struct leg *leg, struct bridge_side *home)
{
	const bool is_a = leg == call->a;

	return (struct leg_params){.home = home,
		.end = is_a ? RELAY_A : end_of_b(call),
		.h = call->leg_h,
		.arg = call,
		.call = call->number,
		.id = call->id,
		.name = is_a          ? "a"
			: call->inner ? "c"
				      : "b",
		.methods = leg_methods,
		.called = !is_a,
		/* nothing may cut an emergency call */
		.untimed = call->emergency != EMERGENCY_NO,
		.stand_in = is_a && call->inner};
}

void call_init_leg(struct call *call, struct leg *leg, struct bridge_side *home,
	struct target *target)
{
	struct leg_params params = call_leg_params(call, leg, home);

	params.target = target;
	leg_init(leg, &params);
}

void call_note_failure(const struct call *call, struct trunk *trunk, const char *why)
{
	struct clock *clock = timers_clock(call->bridge->timers);

	trunk->calls_failed++;
	if (!why)
		return;
	err_reason(trunk->last_error, why);
	trunk->last_error_at = (time_t)(clock->wall_us(clock) / 1000000);
	trunk->last_error_until = 0;
}

void call_note_success(const struct call *call, struct trunk *trunk)
{
	struct clock *clock = timers_clock(call->bridge->timers);

	trunk->last_ok_us = call_now_us(call);
	if (trunk->last_error_at && !trunk->last_error_until)
		trunk->last_error_until = (time_t)(clock->wall_us(clock) / 1000000);
}

/* What goes along with the description. */
static void choose_parts(struct call *call, struct parts *ret, struct buf *headers)
{
	static const struct config_words none;
	const struct config_trunk *settings = call->b->settings;
	const struct parts_rules rules = {
		.types = call->bare ? &none : &settings->body_types,
		.emergency =
			!call->bare && call->emergency && settings->emergency.location,
	};
	const size_t before = headers->len;

	*ret = (struct parts){.count = 0};
	call->loaded = false;
	if (!call->party->source)
		return;
	parts_choose(ret, call->party->source, &rules);
	parts_add_headers(ret, call->party->source, headers);
	call->loaded = ret->count || headers->len > before;
	if (ret->location)
		call->location = CALL_LOCATION_PASSED;
	else if (call->location)
		call->location = CALL_LOCATION_DROPPED;
}

static int send_invite(struct call *call, struct flow *flow, struct err_text *text)
{
	struct party_invite crossed = {0};
	struct identity_shown identity;
	struct leg_invite invite;
	struct parts parts;
	struct sdp *offer = NULL;
	int err = oa_first_offer(call, &offer, text);

	if (!err) {
		leg_set_flow(call->b, flow);
		identity_shown(call->b, dial_host(&call->hunt->dial), &identity);
		if (call->emergency == EMERGENCY_SERVICE &&
			call->b->settings->emergency.urn == CONFIG_EMERGENCY_URN_PASS)
			identity.shown.service = span_of(call->to);
		identity.shown.caller = call_elin(call);
		identity.shown.referred_by = call->b->settings->transfer.referred_by;
		err = call_write_party(call, &identity.shown, &crossed, text);
	}
	if (!err) {
		choose_parts(call, &parts, &crossed.headers);
		err = crossed.headers.err;
	}
	if (!err) {
		invite.uri = buf_str(&crossed.uri);
		invite.from = buf_str(&crossed.from);
		invite.to = buf_str(&crossed.to);
		invite.max_forwards = call->max_forwards;
		invite.headers = buf_span(&crossed.headers);
		invite.parts = &parts;
		connected_ready(call);
		call->b->heard = call->party->source;
		call->b->heard_from = call->a;
		err = leg_invite(call->b, flow, &invite, offer);
		call->b->heard = NULL;
		call->b->heard_from = NULL;
	}
	if (!err) {
		oa_first_sent(call);
		connected_begin(call);
	}
	party_invite_free(&crossed);
	sdp_free(offer);
	return err;
}

/* It has been asked long enough without a word. */
static void silent_h(void *arg)
{
	struct call *call = arg;
	const struct leg_report report = {.event = LEG_EVENT_FAILED,
		.status = 503,
		.why = hunt_was_cut(call->hunt)
			       ? "nothing heard in time: not even 100 Trying came in its "
				 "share of setup-within; is it up?"
			       : "nothing heard in time: not even 100 Trying came within "
				 "answer-within; is it up?"};

	hunt_unheard(call->hunt, DIAL_SILENT, report.why);
	call->leg_h(call, call->b, &report);
}

void call_await(struct call *call)
{
	hunt_await(call->hunt, silent_h);
}

static void hunt_target_h(void *arg, struct target *target)
{
	struct call *call = arg;

	leg_free(call->b);
	connected_forget(call);
	call_note_said(call, call->b, NULL); /* what the one before it said is past */
	memset(&call->latched[end_of_b(call)], 0, sizeof(call->latched[0]));
	call->bare = false;
	if (!target)
		return;
	call->callee = hunt_side(call->hunt, target);
	call_init_leg(call, call->b, call->callee, target);
	leg_charge(call->b);
}

static uint64_t age_us(const struct call *call)
{
	return call_now_us(call) - call->start_us;
}

static void hunt_passed_over_h(void *arg, struct target *target, const char *why)
{
	struct call *call = arg;

	call->failed = true;
	history_begin(&call->history, target->trunk->id, NULL, age_us(call));
	call_log_attempt(call, history_end(&call->history, 0, why), "skipped");
}

/* The INVITE could not be sent by FLOW: ERR. */
static void next_address(
	struct call *call, const struct flow *flow, int err, const char *why)
{
	if (err == ERR_SUPPORT)
		call->unfit = true;
	else
		call->failed = true;
	if (flow->closed)
		hunt_unheard(call->hunt, DIAL_LOST, why);
	call_log_attempt(call, history_end(&call->history, 0, why), "failed");
	hunt_next(call->hunt, FAILOVER_ADDRESS, 0, why);
}

static void hunt_flow_h(void *arg, struct flow *flow)
{
	struct call *call = arg;
	struct err_text text = {{0}};
	int err;

	history_begin(&call->history, call->b->trunk->id, flow, age_us(call));
	offer_free(&call->b->offer);
	offer_init(&call->b->offer);
	if (call->inner)
		call_capture_parties(call);
	err = call->inner ? 0 : call_capture_follow(call);
	if (!err)
		err = send_invite(call, flow, &text);
	if (!err && !call->offer.open)
		call->offer = (struct call_offer){.open = true, .since_us = age_us(call)};
	if (!err)
		call_await(call);
	else if (err == ERR_SUPPORT && !call->emergency)
		call_end(call, CALL_BY_TANDEM, "rejected", 488, text.text);
	else if (err == -EPERM) /* RFC 3323 5 */
		call_end(call, CALL_BY_TANDEM, "rejected", 500, text.text);
	else if (err == -EADDRNOTAVAIL)
		call_end(call, CALL_BY_TANDEM, "no-ports", 503,
			"no free media port: widen [media] ports; `tandemctl status` has "
			"those in use");
	else if (err == ERR_TRUST)
		call_end(call, CALL_BY_TANDEM, "key-stopped", 500,
			"a key was to leave in plain");
	else if (err == -EMFILE || err == -ENFILE || err == -ENOBUFS || err == -ENOMEM)
		call_end(call, CALL_BY_TANDEM, "no-resources", 503, err_str(err));
	else if (call->state == CALL_SETUP)
		next_address(call, flow, err, text.text[0] ? text.text : err_str(err));
}

static void hunt_failed_h(void *arg, struct target *target, const char *why)
{
	struct call *call = arg;
	bool effective;

	/* no address was found, or none could be asked */
	if (!history_is_at(&call->history, target->trunk->id))
		hunt_passed_over_h(call, target, why);
	/* one that no INVITE reached has failed too */
	call->offer.open = true;
	effective = call->offer.effective;
	call_offer_over(call, effective ? FIGURES_EFFECTIVE : FIGURES_FAILED);
	call_note_failure(call, target->trunk, effective ? NULL : why);
}

static void call_next_number(struct call *call);

/* An emergency call is looked at by all before its offer is refused; any other one ends at the first. */
static void hunt_exhausted_h(void *arg, int status, const char *why)
{
	struct call *call = arg;

	if (redirection_is_due(call))
		call_next_number(call);
	else if (call->hunt->status)
		call_end(call, CALL_BY_B, call_refusal_cause(call->hunt->status),
			cause_exhausted_by(&call->b->settings->crossing.codes,
				call->hunt->status, reason_cause(call->said)),
			why);
	else if (call->unfit && !call->failed)
		call_end(call, CALL_BY_TANDEM, "rejected", 488, why);
	else
		call_end(call, CALL_BY_TANDEM, status == 404 ? "no-route" : "unreachable",
			status, why);
}

static const struct hunt_handlers hunt_handlers = {
	.target_h = hunt_target_h,
	.flow_h = hunt_flow_h,
	.passed_over_h = hunt_passed_over_h,
	.failed_h = hunt_failed_h,
	.exhausted_h = hunt_exhausted_h,
};

/* The caller is about to give up, and had better hear that another way may lead there. */
static void late_h(void *arg)
{
	struct call *call = arg;
	struct err_text text;

	err_set(&text, 0, "nobody rang or answered within setup-within of %s",
		call->a->trunk->id);
	if (call->b->home)
		call_note_failure(call, call->b->trunk, text.text);
	call_end(call, CALL_BY_TANDEM, "setup-late", 504, text.text);
}

void call_hunt(struct call *call)
{
	const uint64_t within_ms = call->a->settings->setup_within_ms;

	/* an emergency call goes on as long as somebody is left to be asked */
	if (within_ms && !call->emergency)
		timer_start(
			call->bridge->timers, &call->late_timer, within_ms, late_h, call);
	hunt_begin(call->hunt, within_ms, &hunt_handlers, call);
}

static enum failover_phase phase_of(const struct call *call)
{
	if (call->oa.preview_tag)
		return FAILOVER_MEDIA;
	/* of this target: one before it may have rung */
	if (!call->offer.heard)
		return FAILOVER_QUIET;
	return call->b->settings->next_after_ringing ? FAILOVER_RINGING_ON
						     : FAILOVER_RINGING;
}

/* ---- redirections ---- */

static void redirect_h(void *arg)
{
	struct call *call = arg;
	const uint64_t left_ms =
		timer_running(&call->late_timer) ? hunt_left_ms(call->hunt) : 0;
	const int err = redirection_go_on(call);

	if (err)
		call_end(call, CALL_BY_TANDEM, "no-resources", 503, err_str(err));
	else
		hunt_begin(call->hunt, left_ms, &hunt_handlers, call);
}

/* Leg b is free, and its trunk has room, before it is asked who takes the next number; no handler returns into the
 * hunt that ends. */
static void call_next_number(struct call *call)
{
	oa_first_lost(call);
	hunt_stop(call->hunt);
	hunt_target_h(call, NULL);
	timer_start(call->bridge->timers, &call->redirect_timer, 0, redirect_h, call);
}

bool call_redirect(struct call *call, struct message *response, const char *why)
{
	const int status = message_status(response);
	const enum trunk_redirect way =
		redirection_take(call, response, phase_of(call) == FAILOVER_MEDIA);

	if (way == TRUNK_REDIRECT_REFUSED)
		return false;
	call_log_attempt(call, history_end(&call->history, status, why), "redirected");
	call_offer_over(call, FIGURES_EFFECTIVE);
	if (way == TRUNK_REDIRECT_PASSED)
		call_end(call, CALL_BY_B, "redirected", status, NULL);
	else
		call_next_number(call);
	return true;
}

/* Leg b did not take the call, and nobody else takes its number: whether another one is called that it was redirected
 * to. 6xx speaks for all of them; whoever has heard media would not understand what comes next. */
static bool redirect_on(struct call *call, int status, const char *why)
{
	const bool effective = call->offer.effective;

	if (!redirection_is_due(call) || status >= 600 ||
		phase_of(call) == FAILOVER_MEDIA)
		return false;
	call_offer_over(call, effective ? FIGURES_EFFECTIVE : FIGURES_FAILED);
	call_note_failure(call, call->b->trunk, effective ? NULL : why);
	call_next_number(call);
	return true;
}

/* ---- the next target ---- */

/* Whether an emergency call was refused, with STATUS, for what it has beside its description; or, where it was not
 * answered over UDP (0), perhaps lost for its size. */
static bool says_too_much(const struct call *call, int status)
{
	if (!call->emergency || !call->loaded || call->bare)
		return false;
	return status ? failover_says_too_much(status)
		      : call->b->flow && call->b->flow->kind == TRANSPORT_UDP;
}

/* Leg b did not take the call: whether somebody else is asked. STATUS is its final response,
 * or 0. */
bool call_hunt_on(
	struct call *call, enum failover_cause cause, int status, const char *why)
{
	enum failover_step step =
		failover_step(cause, phase_of(call), call->emergency != EMERGENCY_NO);
	bool bare;

	call_log_attempt(call, history_end(&call->history, status, why),
		status ? "refused" : "failed");
	bare = says_too_much(call, status);
	if (step == FAILOVER_STOP && !bare)
		return redirect_on(call, status, why);
	call->failed = true;
	oa_first_lost(call);
	leg_reset(call->b);
	if (bare) {
		call->bare = true;
		hunt_again(call->hunt);
		return true;
	}
	hunt_next(call->hunt, step, status, why);
	return true;
}

/* ---- what the INVITE says ---- */

static int read_invite(
	struct call *call, const struct trunk *trunk, struct message *invite)
{
	int forwards = message_max_forwards(invite);

	call->max_forwards = forwards > 0 ? (unsigned)forwards - 1 : 69;
	if (call->max_forwards > 69)
		call->max_forwards = 69;
	if (parts_has_location(invite))
		call->location = CALL_LOCATION_DROPPED;
	return call_read_party(call, trunk, invite);
}

static int open_relay(struct call *call)
{
	const struct relay_open open = {.call = call->number,
		.id = call->id,
		.timeout_ms = call_silence_ms(call),
		.tap = call->capture == CONFIG_AUDIT_FULL};

	return relay_open(call->bridge->relay, &call->session, &open);
}

/* Where the first is who may be asked; where nobody is, where the caller's calls go to. */
static struct bridge_side *callee_side(const struct call *call)
{
	struct bridge_side *sides = call->bridge->sides;

	if (call->hunt && call->hunt->count)
		return hunt_side(call->hunt, call->hunt->targets[0]);
	switch (call->a->settings->calls_to) {
	case CONFIG_CALLS_TO_GATEWAYS:
		return &sides[SIDE_EXTERNAL];
	case CONFIG_CALLS_TO_SERVERS:
		return &sides[SIDE_INTERNAL];
	default:
		return &sides[call->a->home->which == SIDE_INTERNAL ? SIDE_EXTERNAL
								    : SIDE_INTERNAL];
	}
}

static enum config_calls_to side_of(const struct trunk *trunk)
{
	return trunk->kind == TRUNK_SERVER ? CONFIG_CALLS_TO_SERVERS
					   : CONFIG_CALLS_TO_GATEWAYS;
}

static int list_targets(struct call *call)
{
	char *caller = party_number(party_caller(call->party)), *called = NULL;
	struct pick_question question = {
		.config = call->config, .emergency = call->emergency != EMERGENCY_NO};
	int err = caller ? 0 : -ENOMEM;

	if (!err && call->emergency == EMERGENCY_CALLBACK)
		err = call_elin_back(call, &question.first);
	if (!err)
		called = party_number(&call->party->called);
	if (!called) {
		free(caller);
		return err ? err : -ENOMEM;
	}
	question.call = pick_call(call->a->trunk, span_of(called), span_of(caller));
	/* what the caller's settings of this moment say, unless it is known whom he calls */
	question.call.calls_to =
		question.first ? side_of(question.first) : call->a->settings->calls_to;
	err = hunt_new(&call->hunt, call->bridge, call->config, &question);
	free(caller);
	free(called);
	return err;
}

/* Leg a is made of INVITE. */
static int take_invite(struct call *call, struct bridge_side *home,
	struct txn_server *invite, struct trunk *trunk)
{
	struct target *target;
	int err = read_invite(call, trunk, txn_server_request(invite));

	if (!err)
		err = target_new(&target, trunk, call->config);
	if (err)
		return err;
	call_init_leg(call, call->a, home, target);
	target_unref(target);
	/* of any other call that is a reason to refuse it */
	if (require_has_unknown(txn_server_request(invite)) ||
		(call->emergency &&
			message_lists(txn_server_request(invite), "Require", "timer")))
		tolerated_note(call->a, TOLERATED_REQUIRE);
	return leg_accept(call->a, invite);
}

int call_prepare_replacing(struct call *call, struct bridge_side *home,
	struct txn_server *invite, struct trunk *trunk)
{
	int err = take_invite(call, home, invite, trunk);

	if (err)
		return err;
	call->capture = call_capture_rule(call, call->b->target);
	return open_relay(call);
}

void call_number(struct call *call)
{
	struct clock *clock = timers_clock(call->bridge->timers);

	call->start_us = call_now_us(call);
	call->start_wall_us = clock->wall_us(clock);
	registry_number(call);
}

void call_refuse_unprepared(struct txn_server *invite, int err)
{
	txn_server_refuse(invite, NULL,
		&(struct txn_refusal){.status = err == ERR_FORMAT ? 400 : 503,
			.why = err == ERR_FORMAT ? "no dialog can be made: Contact and "
						   "Record-Route"
						 : err_str(err)});
}

int call_prepare(struct call *call, struct bridge_side *home, struct txn_server *invite,
	struct trunk *trunk, struct sdp *sdp)
{
	bool is_offer;
	int err = take_invite(call, home, invite, trunk);

	if (err) {
		sdp_free(sdp);
		return err;
	}
	if (sdp)
		err = offer_receive(&call->a->offer, sdp, &is_offer, NULL);
	if (!err)
		err = list_targets(call);
	call->callee = callee_side(call);
	call->capture = call_capture_rule(
		call, call->hunt && call->hunt->count ? call->hunt->targets[0] : NULL);
	return err ? err : open_relay(call);
}
