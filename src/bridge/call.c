#include "bridge/call.h"

#include "base/log.h"
#include "bridge/dtmf.h"
#include "bridge/identity.h"
#include "bridge/media_sdp.h"
#include "bridge/parts.h"
#include "bridge/redial.h"
#include "bridge/registry.h"
#include "trunk/cause.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Connections that are lost so long after one another have nothing to do with each other. */
#define CALL_REDIAL_MS 30000

static void leg_event_h(void *arg, struct leg *leg, const struct leg_report *report);

static const char *const state_names[CALL_STATES] = {
	[CALL_SETUP] = "trying",
	[CALL_TALKING] = "talking",
	[CALL_ENDING] = "ending",
	[CALL_OVER] = "over",
};

const char *call_state_name(const struct call *call)
{
	if (call->state == CALL_SETUP && call->ringing_us)
		return "ringing";
	return state_names[call->state];
}

struct leg *call_other(struct call *call, const struct leg *leg)
{
	return leg == &call->a ? &call->b : &call->a;
}

static uint64_t now_us(const struct call *call)
{
	struct clock *clock = timers_clock(call->bridge->timers);

	return clock->mono_us(clock);
}

/* The one setter. Which moves are legal: rows from, columns to. */
static void set_state(struct call *call, enum call_state state)
{
	static const bool legal[CALL_STATES][CALL_STATES] = {
		[CALL_SETUP] = {[CALL_TALKING] = true, [CALL_ENDING] = true},
		[CALL_TALKING] = {[CALL_ENDING] = true},
		[CALL_ENDING] = {[CALL_OVER] = true},
	};

	if (!legal[call->state][state]) {
		log_error("call", "call=%s event=illegal-move from=%s to=%s", call->id,
			call_state_name(call), state_names[state]);
		return;
	}
	log_debug("call", "call=%s from=%s to=%s", call->id, call_state_name(call),
		state_names[state]);
	call->state = state;
}

/* ---- the end ---- */

static void note_end(struct call *call, enum call_end by, const char *cause, int status,
	const char *detail)
{
	static const char *const parties[] = {
		[CALL_BY_TANDEM] = "tandem", [CALL_BY_A] = "a", [CALL_BY_B] = "b"};

	call->end_us = now_us(call) - call->start_us;
	call->ended_by = by;
	call->cause = cause;
	call->status = call->answer_us ? 200 : status;
	if (detail)
		snprintf(call->detail, sizeof(call->detail), "%s", detail);
	log_info("call",
		"call=%s event=ended by=%s cause=%s status=%d duration-ms=%llu%s%s%s",
		call->id, parties[by], cause, call->status,
		(unsigned long long)(call->answer_us
					     ? (call->end_us - call->answer_us) / 1000
					     : 0),
		call->detail[0] ? " reason=\"" : "", call->detail,
		call->detail[0] ? "\"" : "");
}

static void stop_timers(struct call *call)
{
	timer_stop(&call->setup_timer);
	timer_stop(&call->duration_timer);
	hunt_stop(&call->hunt);
}

/* Leg b does not exist while no candidate was chosen. */
static bool b_is_over(const struct call *call)
{
	return !call->b.home || call->b.state == LEG_OVER;
}

static void finish_if_over(struct call *call)
{
	if (call->state == CALL_ENDING && call->a.state == LEG_OVER && b_is_over(call)) {
		set_state(call, CALL_OVER);
		registry_bury(call);
	}
}

void call_end(struct call *call, enum call_end by, const char *cause, int status,
	const char *detail)
{
	if (call->state >= CALL_ENDING)
		return;
	stop_timers(call);
	note_end(call, by, cause, status, detail);
	set_state(call, CALL_ENDING);
	registry_record(call); /* before the final answer to BYE or CANCEL leaves */
	oa_end(call);
	dtmf_tell_lost(call);
	relay_close(call->session);
	call->session = NULL;
	leg_drop_digits(&call->a);
	leg_drop_digits(&call->b);
	leg_bye_answer(&call->a);
	if (status == 503 && call->a.state == LEG_INVITING) /* not again at once */
		leg_refuse(&call->a, status, "Retry-After: 10\r\n");
	/* what we could not accept of its offer, its sender may want to mend */
	if (by == CALL_BY_TANDEM && status == 488 && call->detail[0] &&
		call->a.state == LEG_INVITING)
		leg_refuse_with(&call->a,
			&(struct txn_refusal){.status = status, .why = call->detail});
	leg_close(&call->a, status, NULL);
	if (call->b.home) {
		leg_bye_answer(&call->b);
		leg_close(&call->b, 487, NULL);
	}
	finish_if_over(call);
}

void call_free(struct call *call)
{
	stop_timers(call);
	oa_end(call);
	relay_close(call->session);
	leg_free(&call->a);
	leg_free(&call->b);
	hunt_free(&call->hunt);
	party_free(call->party);
	free(call->number_uri);
	free(call->from);
	free(call->to);
	config_unref(call->config);
	free(call);
}

/* ---- leg b: candidates and addresses ---- */

static enum relay_side other_side(enum relay_side side)
{
	return side == RELAY_INTERNAL ? RELAY_EXTERNAL : RELAY_INTERNAL;
}

static void init_leg(struct call *call, struct leg *leg, const char *name,
	struct bridge_side *home, struct target *target)
{
	const struct leg_params params = {.home = home,
		.h = leg_event_h,
		.arg = call,
		.call = call->number,
		.name = name,
		.target = target};

	leg_init(leg, &params);
}

static void note_trunk_failure(struct trunk *trunk, const char *why)
{
	trunk->calls_failed++;
	snprintf(trunk->last_error, sizeof(trunk->last_error), "%s", why);
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
		leg_set_flow(&call->b, flow);
		identity_shown(&call->b, &identity);
		err = party_write(call->party, &identity.shown, &crossed);
	}
	if (!err) {
		parts_choose(&parts, call->party->source, &call->b.settings->body_types);
		parts_add_headers(&parts, call->party->source, &crossed.headers);
		err = crossed.headers.err;
	}
	if (!err) {
		invite.uri = buf_str(&crossed.uri);
		invite.from = buf_str(&crossed.from);
		invite.to = buf_str(&crossed.to);
		invite.max_forwards = call->max_forwards;
		invite.headers = buf_span(&crossed.headers);
		invite.parts = &parts;
		err = leg_invite(&call->b, flow, &invite, offer);
	}
	if (!err)
		oa_first_sent(call);
	party_invite_free(&crossed);
	sdp_free(offer);
	return err;
}

/* It has been asked long enough without a word. */
static void silent_h(void *arg)
{
	struct call *call = arg;
	const struct leg_report report = {
		.event = LEG_EVENT_FAILED, .status = 503, .why = "nothing heard in time"};

	leg_event_h(call, &call->b, &report);
}

static void hunt_target_h(void *arg, struct target *target)
{
	struct call *call = arg;

	leg_free(&call->b);
	if (target)
		init_leg(call, &call->b, "b", call->hunt.side, target);
}

static void hunt_flow_h(void *arg, struct flow *flow)
{
	struct call *call = arg;
	struct err_text text = {{0}};
	int err;

	offer_free(&call->b.offer);
	offer_init(&call->b.offer);
	err = send_invite(call, flow, &text);
	if (!err)
		hunt_await(&call->hunt, silent_h);
	else if (err == ERR_SUPPORT)
		call_end(call, CALL_BY_TANDEM, "rejected", 488, text.text);
	else if (err == -EADDRNOTAVAIL)
		call_end(call, CALL_BY_TANDEM, "no-ports", 503, "no free media port");
	else if (err == ERR_TRUST)
		call_end(call, CALL_BY_TANDEM, "key-stopped", 500,
			"a key was to leave in plain");
	else if (err == -EMFILE || err == -ENFILE || err == -ENOBUFS || err == -ENOMEM)
		call_end(call, CALL_BY_TANDEM, "no-resources", 503, err_str(err));
	else if (call->state == CALL_SETUP)
		hunt_next(&call->hunt, FAILOVER_ADDRESS, 0,
			text.text[0] ? text.text : err_str(err));
}

static void hunt_failed_h(void *arg, struct target *target, const char *why)
{
	struct call *call = arg;

	note_trunk_failure(target->trunk, why);
	log_warning("call", "call=%s event=unreachable trunk=%s reason=\"%s\"", call->id,
		target->trunk->id, why);
}

static void hunt_exhausted_h(void *arg, int status, const char *why)
{
	struct call *call = arg;

	if (call->hunt.status)
		call_end(call, CALL_BY_B, "rejected", status, why);
	else
		call_end(call, CALL_BY_TANDEM, status == 404 ? "no-route" : "unreachable",
			status, why);
}

static const struct hunt_handlers hunt_handlers = {
	.target_h = hunt_target_h,
	.flow_h = hunt_flow_h,
	.failed_h = hunt_failed_h,
	.exhausted_h = hunt_exhausted_h,
};

/* ---- what an event does: one table ---- */

/* 0: the call moves to the state of the rule; otherwise the action moved it. */
typedef int call_action(
	struct call *call, struct leg *leg, const struct leg_report *report);

static enum call_end by_leg(const struct call *call, const struct leg *leg)
{
	return leg == &call->a ? CALL_BY_A : CALL_BY_B;
}

static int act_none(struct call *call, struct leg *leg, const struct leg_report *report)
{
	(void)call;
	(void)leg;
	(void)report;
	return 0;
}

static int act_refuse_request(
	struct call *call, struct leg *leg, const struct leg_report *report)
{
	(void)call;
	(void)leg;
	txn_server_refuse(report->txn, NULL,
		&(struct txn_refusal){.status = 481, .why = "the call is over"});
	return 0;
}

static int act_ring(struct call *call, struct leg *leg, const struct leg_report *report)
{
	struct err_text text = {{0}};

	(void)leg;
	hunt_heard(&call->hunt);
	if (!call->ringing_us) {
		call->ringing_us = now_us(call) - call->start_us;
		log_info("call", "call=%s event=ringing status=%d", call->id,
			report->status);
	}
	if (oa_provisional(call, report->message, &text)) {
		call_end(call, CALL_BY_TANDEM, "key-stopped", 500, text.text);
		return 1;
	}
	return 0;
}

static void too_long_h(void *arg)
{
	call_end(arg, CALL_BY_TANDEM, "duration-limit", 487, NULL);
}

static int act_connect(
	struct call *call, struct leg *leg, const struct leg_report *report)
{
	struct err_text text = {{0}};

	if (oa_accepted(call, leg, report->message, &text)) {
		call_end(call, CALL_BY_TANDEM, "bad-answer", 488, text.text);
		return 1;
	}
	timer_stop(&call->setup_timer);
	hunt_stop(&call->hunt);
	party_free(call->party);
	call->party = NULL;
	call->answer_us = now_us(call) - call->start_us;
	call->b.trunk->last_ok_us = now_us(call);
	call->bridge->answered_count++;
	if (call->config->limits.duration_ms)
		timer_start(call->bridge->timers, &call->duration_timer,
			call->config->limits.duration_ms, too_long_h, call);
	log_info("call", "call=%s event=answered", call->id);
	return 0;
}

static enum failover_phase phase_of(const struct call *call)
{
	if (call->oa.preview_tag)
		return FAILOVER_MEDIA;
	return call->ringing_us ? FAILOVER_RINGING : FAILOVER_QUIET;
}

/* Leg b did not take the call: whether somebody else is asked. STATUS is its final response,
 * or 0. */
static bool hunt_on(
	struct call *call, enum failover_cause cause, int status, const char *why)
{
	enum failover_step step = failover_step(cause, phase_of(call));

	if (step == FAILOVER_STOP)
		return false;
	oa_first_lost(call);
	leg_reset(&call->b);
	hunt_next(&call->hunt, step, status, why);
	return true;
}

static int act_refused(
	struct call *call, struct leg *leg, const struct leg_report *report)
{
	int status = cause_map(report->status);
	char why[40];

	snprintf(why, sizeof(why), "answered %d", report->status);
	if (hunt_on(call, failover_cause(report->status), report->status, why))
		return 1;
	if (status >= 500 && status < 600)
		note_trunk_failure(leg->trunk, why);
	call_end(call, CALL_BY_B, status == 486 || status == 600 ? "busy" : "rejected",
		status, NULL);
	return 1;
}

static int act_setup_failed(
	struct call *call, struct leg *leg, const struct leg_report *report)
{
	const enum failover_cause cause =
		report->status == 408 ? FAILOVER_TIMEOUT : FAILOVER_UNREACHED;

	if (leg == &call->a) {
		call_end(call, CALL_BY_A, "peer-lost", report->status, report->why);
		return 1;
	}
	log_warning("call", "call=%s event=failed trunk=%s reason=\"%s\"", call->id,
		leg->trunk->id, report->why);
	if (hunt_on(call, cause, 0, report->why))
		return 1;
	note_trunk_failure(leg->trunk, report->why);
	call_end(call, CALL_BY_B, "peer-lost", report->status, report->why);
	return 1;
}

static int act_trying(struct call *call, struct leg *leg, const struct leg_report *report)
{
	(void)leg;
	(void)report;
	hunt_heard(&call->hunt);
	return 0;
}

static int act_cancel(struct call *call, struct leg *leg, const struct leg_report *report)
{
	(void)leg;
	(void)report;
	call_end(call, CALL_BY_A, "cancel", 487, NULL);
	return 1;
}

static int act_bye(struct call *call, struct leg *leg, const struct leg_report *report)
{
	(void)report;
	call_end(call, by_leg(call, leg), "bye", 487, NULL);
	return 1;
}

static int act_info(struct call *call, struct leg *leg, const struct leg_report *report)
{
	dtmf_receive(call, leg, report->txn, report->message);
	return 0;
}

static int act_lost(struct call *call, struct leg *leg, const struct leg_report *report)
{
	call_end(call, by_leg(call, leg), report->status == 408 ? "timeout" : "peer-lost",
		report->status, report->why);
	return 1;
}

static void note_hold(struct call *call)
{
	bool held = media_sdp_on_hold(&call->a) || media_sdp_on_hold(&call->b);

	if (held != call->held)
		relay_set_timeout(
			call->session, held ? call->config->media.hold_timeout_ms
					    : call->config->media.timeout_ms);
	call->held = held;
}

static int act_ack(struct call *call, struct leg *leg, const struct leg_report *report)
{
	struct err_text text = {{0}};

	if (oa_ack(call, leg, report->message, &text)) {
		call_end(call, CALL_BY_TANDEM, "bad-answer", 488, text.text);
		return 1;
	}
	note_hold(call);
	return 0;
}

static int act_reinvite(
	struct call *call, struct leg *leg, const struct leg_report *report)
{
	oa_reinvite(call, leg, report->message);
	return 0;
}

static int act_update(struct call *call, struct leg *leg, const struct leg_report *report)
{
	oa_update(call, leg, report->txn);
	return 0;
}

static int act_prack(struct call *call, struct leg *leg, const struct leg_report *report)
{
	struct err_text text = {{0}};

	if (!oa_prack(call, leg, report->txn, &text))
		return 0;
	call_end(call, CALL_BY_TANDEM, "bad-answer", 488, text.text);
	return 1;
}

/* 2xx to a re-INVITE of ours. */
static int act_accepted(
	struct call *call, struct leg *leg, const struct leg_report *report)
{
	struct err_text text = {{0}};

	if (oa_accepted(call, leg, report->message, &text)) {
		call_end(call, CALL_BY_TANDEM, "bad-answer", 488, text.text);
		return 1;
	}
	note_hold(call);
	return 0;
}

/* Of a re-INVITE of ours. */
static int act_offer_refused(
	struct call *call, struct leg *leg, const struct leg_report *report)
{
	int status = report->status == 491 ? 491 : cause_map(report->status);

	if (report->status == 481 || report->status == 408)
		status = report->status;
	if (oa_refused(call, leg, status))
		return 0;
	call_end(call, by_leg(call, leg), "peer-lost", report->status, NULL);
	return 1;
}

static int act_updated(
	struct call *call, struct leg *leg, const struct leg_report *report)
{
	struct err_text text = {{0}};

	if (report->status >= 300)
		return act_offer_refused(call, leg, report);
	if (oa_updated(call, leg, report->message, &text)) {
		call_end(call, CALL_BY_TANDEM, "bad-answer", 488, text.text);
		return 1;
	}
	note_hold(call);
	return 0;
}

static int act_cancel_offer(
	struct call *call, struct leg *leg, const struct leg_report *report)
{
	/* the 200 to its first INVITE waits for a PRACK: then it is the call that it gives up */
	if (leg->state == LEG_INVITING)
		return act_cancel(call, leg, report);
	oa_cancelled(call, leg);
	return 0;
}

static int act_over(struct call *call, struct leg *leg, const struct leg_report *report)
{
	(void)leg;
	(void)report;
	finish_if_over(call);
	return 1;
}

struct call_rule {
	call_action *act;
	enum call_state next; /* where it goes, unless the action went elsewhere */
};

/* What cannot happen in a state, since no leg reports it then, is act_none. */
static const struct call_rule rules[CALL_STATES][LEG_EVENTS] =
	{
		[CALL_SETUP] =
			{
				[LEG_EVENT_TRYING] = {act_trying, CALL_SETUP},
				[LEG_EVENT_PROVISIONAL] = {act_ring, CALL_SETUP},
				[LEG_EVENT_ANSWER] = {act_connect, CALL_TALKING},
				[LEG_EVENT_REFUSAL] = {act_refused, CALL_SETUP},
				[LEG_EVENT_ACK] = {act_none, CALL_SETUP},
				[LEG_EVENT_REINVITE] = {act_none, CALL_SETUP},
				[LEG_EVENT_CANCEL] = {act_cancel, CALL_ENDING},
				[LEG_EVENT_BYE] = {act_bye, CALL_ENDING},
				[LEG_EVENT_INFO] = {act_info, CALL_SETUP},
				[LEG_EVENT_UPDATE] = {act_update, CALL_SETUP},
				[LEG_EVENT_PRACK] = {act_prack, CALL_SETUP},
				[LEG_EVENT_UPDATED] = {act_updated, CALL_SETUP},
				[LEG_EVENT_FAILED] = {act_setup_failed, CALL_SETUP},
				[LEG_EVENT_OVER] = {act_over, CALL_SETUP},
			},
		[CALL_TALKING] =
			{
				[LEG_EVENT_TRYING] = {act_none, CALL_TALKING},
				[LEG_EVENT_PROVISIONAL] = {act_none, CALL_TALKING},
				[LEG_EVENT_ANSWER] = {act_accepted, CALL_TALKING},
				[LEG_EVENT_REFUSAL] = {act_offer_refused, CALL_TALKING},
				[LEG_EVENT_ACK] = {act_ack, CALL_TALKING},
				[LEG_EVENT_REINVITE] = {act_reinvite, CALL_TALKING},
				[LEG_EVENT_CANCEL] = {act_cancel_offer, CALL_TALKING},
				[LEG_EVENT_BYE] = {act_bye, CALL_ENDING},
				[LEG_EVENT_INFO] = {act_info, CALL_TALKING},
				[LEG_EVENT_UPDATE] = {act_update, CALL_TALKING},
				[LEG_EVENT_PRACK] = {act_prack, CALL_TALKING},
				[LEG_EVENT_UPDATED] = {act_updated, CALL_TALKING},
				[LEG_EVENT_FAILED] = {act_lost, CALL_ENDING},
				[LEG_EVENT_OVER] = {act_over, CALL_TALKING},
			},
		[CALL_ENDING] =
			{
				[LEG_EVENT_TRYING] = {act_none, CALL_ENDING},
				[LEG_EVENT_PROVISIONAL] = {act_none, CALL_ENDING},
				[LEG_EVENT_ANSWER] = {act_none, CALL_ENDING},
				[LEG_EVENT_REFUSAL] = {act_none, CALL_ENDING},
				[LEG_EVENT_ACK] = {act_none, CALL_ENDING},
				[LEG_EVENT_REINVITE] = {act_none, CALL_ENDING},
				[LEG_EVENT_CANCEL] = {act_none, CALL_ENDING},
				[LEG_EVENT_BYE] = {act_none, CALL_ENDING},
				[LEG_EVENT_INFO] = {act_refuse_request, CALL_ENDING},
				[LEG_EVENT_UPDATE] = {act_refuse_request, CALL_ENDING},
				[LEG_EVENT_PRACK] = {act_refuse_request, CALL_ENDING},
				[LEG_EVENT_UPDATED] = {act_none, CALL_ENDING},
				[LEG_EVENT_FAILED] = {act_none, CALL_ENDING},
				[LEG_EVENT_OVER] = {act_over, CALL_ENDING},
			},
		[CALL_OVER] =
			{
				[LEG_EVENT_TRYING] = {act_none, CALL_OVER},
				[LEG_EVENT_PROVISIONAL] = {act_none, CALL_OVER},
				[LEG_EVENT_ANSWER] = {act_none, CALL_OVER},
				[LEG_EVENT_REFUSAL] = {act_none, CALL_OVER},
				[LEG_EVENT_ACK] = {act_none, CALL_OVER},
				[LEG_EVENT_REINVITE] = {act_none, CALL_OVER},
				[LEG_EVENT_CANCEL] = {act_none, CALL_OVER},
				[LEG_EVENT_BYE] = {act_none, CALL_OVER},
				[LEG_EVENT_INFO] = {act_refuse_request, CALL_OVER},
				[LEG_EVENT_UPDATE] = {act_refuse_request, CALL_OVER},
				[LEG_EVENT_PRACK] = {act_refuse_request, CALL_OVER},
				[LEG_EVENT_UPDATED] = {act_none, CALL_OVER},
				[LEG_EVENT_FAILED] = {act_none, CALL_OVER},
				[LEG_EVENT_OVER] = {act_none, CALL_OVER},
			},
};

static void leg_event_h(void *arg, struct leg *leg, const struct leg_report *report)
{
	struct call *call = arg;
	const struct call_rule *rule = &rules[call->state][report->event];
	enum call_state from = call->state;

	if (rule->act(call, leg, report))
		return;
	if (call->state == from && rule->next != from)
		set_state(call, rule->next);
}

/* ---- connections in mid-call ---- */

static void move_leg_h(struct list *node, struct flow *flow)
{
	leg_set_flow(LIST_ENTRY(node, struct leg, flow_node), flow);
}

/*
 * A connection may end while its calls live on: peers close idle ones, and restart. Another
 * one to the same peer is made; a peer that cannot be reached any more has lost its calls.
 */
static void lose_flow(struct call *call, struct leg *leg, const char *why)
{
	const uint64_t now_ms = timers_now_ms(call->bridge->timers);
	struct leg_report report = {.event = LEG_EVENT_FAILED, .status = 503, .why = why};
	struct flow *flow = NULL;

	if (now_ms - leg->lost_ms > CALL_REDIAL_MS)
		leg->losses = 0;
	if (!redial_is(leg->flow) && leg->losses < REDIAL_ATTEMPTS)
		flow = redial_new(&(struct redial_params){.side = leg->home,
			.target = leg->target,
			.lost = leg->flow,
			.attempt = leg->losses,
			.move_h = move_leg_h});
	if (!flow) {
		leg_event_h(call, leg, &report);
		return;
	}
	leg->losses++;
	leg->lost_ms = now_ms;
	leg_set_flow(leg, flow);
	redial_start(flow);
	flow_unref(flow);
}

void call_flow_closed(struct call *call, struct leg *leg, const char *why)
{
	if (call->state >= CALL_ENDING)
		return;
	/* Who was a peer and is none any more is not connected to again, and hears nothing
	 * more. While it rings another candidate may take the call. */
	if (leg->flow->refused && (leg == &call->a || call->state != CALL_SETUP))
		call_end(call, CALL_BY_TANDEM, "peer-refused", 503, why);
	else if (leg->state == LEG_TALKING)
		lose_flow(call, leg, why);
}

void call_media_timeout(struct call *call, enum relay_side side)
{
	bool from_a = call->a.home->which == side;

	if (call->state == CALL_TALKING)
		call_end(call, from_a ? CALL_BY_A : CALL_BY_B, "media-timeout", 487,
			side == RELAY_INTERNAL ? "no media from the server"
					       : "no media from the gateway");
}

void call_latched(struct call *call, const struct relay_latched *latched)
{
	char from[ADDR_TEXT_SIZE], to[ADDR_TEXT_SIZE];

	log_info("call", "call=%s event=latched side=%s media=%s from=%s to=%s", call->id,
		latched->side == RELAY_INTERNAL ? "internal" : "external",
		latched->rtcp ? "RTCP" : "RTP", addr_text(&latched->from, from),
		addr_text(&latched->to, to));
	if (!latched->rtcp)
		call->latched[latched->side] = latched->to;
}

/* ---- the beginning ---- */

static void setup_too_long_h(void *arg)
{
	call_end(arg, CALL_BY_TANDEM, "no-answer", 408, "not answered in time");
}

/* The number, or name, without what means nothing in it. NULL without memory. */
static char *number_of(const struct party_name *name)
{
	struct buf out;
	char *number;

	buf_init(&out, 0);
	phone_add_number(&out, &name->phone);
	number = out.err ? NULL : span_dup(buf_span(&out));
	buf_free(&out);
	return number;
}

static int read_invite(struct call *call, struct message *invite)
{
	int forwards = message_max_forwards(invite);
	int err = party_read(&call->party, invite);

	if (err)
		return err;
	call->max_forwards = forwards > 0 ? (unsigned)forwards - 1 : 69;
	if (call->max_forwards > 69)
		call->max_forwards = 69;
	call->number_uri = number_of(&call->party->called);
	call->from = number_of(&call->party->from);
	call->to = number_of(&call->party->called);
	return call->number_uri && call->from && call->to ? 0 : -ENOMEM;
}

static int open_relay(struct call *call)
{
	struct relay_open open = {.call = call->number,
		.timeout_ms = call->config->media.timeout_ms,
		.tap = call->config->audit.mode == CONFIG_AUDIT_FULL};

	for (unsigned i = 0; i < call->hunt.count; i++)
		if (call->hunt.targets[i]->gateway &&
			call->hunt.targets[i]->gateway->audit == CONFIG_AUDIT_FULL)
			open.tap = true;
	if (call->a.gateway && call->a.gateway->audit == CONFIG_AUDIT_FULL)
		open.tap = true;
	return relay_open(call->bridge->relay, &call->session, &open);
}

static int prepare(struct call *call, struct bridge_side *home, struct txn_server *invite,
	struct trunk *trunk, struct sdp *sdp)
{
	struct target *target;
	bool is_offer;
	int err = read_invite(call, txn_server_request(invite));

	if (!err)
		err = target_new(&target, trunk, call->config);
	if (err) {
		sdp_free(sdp);
		return err;
	}
	init_leg(call, &call->a, "a", home, target);
	target_unref(target);
	err = leg_accept(&call->a, invite);
	if (err || !sdp)
		sdp_free(sdp);
	else
		err = offer_receive(&call->a.offer, sdp, &is_offer, NULL);
	hunt_list(&call->hunt, &call->bridge->sides[other_side(home->which)],
		call->config, span_of(call->number_uri));
	return err ? err : open_relay(call);
}

void call_begin(struct bridge_side *home, struct txn_server *invite, struct trunk *trunk,
	struct sdp *sdp)
{
	struct bridge *bridge = home->bridge;
	struct call *call = calloc(1, sizeof(*call));
	int err;

	if (!call) {
		sdp_free(sdp);
		txn_server_reply(invite, 503, NULL, NULL, NULL);
		return;
	}
	call->bridge = bridge;
	call->config = config_ref(bridge->config);
	call->start_us = now_us(call);
	call->start_wall_us =
		timers_clock(bridge->timers)->wall_us(timers_clock(bridge->timers));
	registry_number(call);
	err = prepare(call, home, invite, trunk, sdp);
	if (err) {
		txn_server_refuse(invite, NULL,
			&(struct txn_refusal){.status = err == ERR_FORMAT ? 400 : 503,
				.why = err == ERR_FORMAT
					       ? "no dialog can be made: Contact and "
						 "Record-Route"
					       : err_str(err)});
		call_free(call);
		return;
	}
	registry_add(call, txn_server_request(invite));
	log_info("call", "call=%s event=begun from=%s", call->id, call->a.trunk->id);
	txn_server_reply(invite, 100, NULL, NULL, NULL);
	timer_start(bridge->timers, &call->setup_timer, call->config->limits.setup_ms,
		setup_too_long_h, call);
	hunt_begin(&call->hunt, &hunt_handlers, call);
}
