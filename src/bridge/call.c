#include "bridge/call_priv.h"

#include "base/log.h"
#include "bridge/call_log.h"
#include "bridge/call_referral.h"
#include "bridge/call_replace.h"
#include "bridge/call_transfer.h"
#include "bridge/connected.h"
#include "bridge/dtmf.h"
#include "bridge/media_sdp.h"
#include "bridge/reason.h"
#include "bridge/redirection.h"
#include "trunk/cause.h"

#include <stdio.h>
#include <stdlib.h>

/* 0: the call moves to the state of the rule; otherwise the action moved it. */
typedef int call_action(
	struct call *call, struct leg *leg, const struct leg_report *report);

static enum call_end by_leg(const struct call *call, const struct leg *leg)
{
	return leg == call->a ? CALL_BY_A : CALL_BY_B;
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

/* What a leg said, or would have to be told, is not taken: the call ends. 1 */
static int end_for(struct call *call, int err, const struct err_text *text)
{
	if (err == ERR_TRUST)
		call_end(call, CALL_BY_TANDEM, "key-stopped", 500,
			"a key was to leave in plain");
	else
		call_end(call, CALL_BY_TANDEM, "bad-answer", 488, text->text);
	return 1;
}

static int act_ring(struct call *call, struct leg *leg, const struct leg_report *report)
{
	struct err_text text = {{0}};
	int err;

	hunt_heard(call->hunt, report->status, report->message);
	timer_stop(&call->late_timer);
	call_offer_heard(call);
	if (!call->ringing_us) {
		call->ringing_us = call_now_us(call) - call->start_us;
		log_debug("call", "call=%s event=ringing status=%d", call->id,
			report->status);
	}
	connected_hear(call, leg, report->message);
	err = oa_provisional(call, report->message, &text);
	if (!err && call->transfer)
		transfer_heard(call, report->status);
	return err ? end_for(call, err, &text) : 0;
}

static int act_connect(
	struct call *call, struct leg *leg, const struct leg_report *report)
{
	struct err_text text = {{0}};
	int err;

	hunt_heard(call->hunt, report->status, report->message);
	connected_hear(call, leg, report->message);
	err = oa_accepted(call, leg, report->message, &text);
	if (err) {
		call_note_failure(call, leg->trunk, text.text);
		return end_for(call, err, &text);
	}
	call_log_attempt(call, history_end(&call->history, report->status, "answered"),
		"answered");
	timer_stop(&call->setup_timer);
	timer_stop(&call->late_timer);
	hunt_free(call->hunt);
	call->hunt = NULL;
	redirection_answered(call);
	party_free(call->party);
	call->party = NULL;
	free(call->connected_tag);
	call->connected_tag = NULL;
	call->answer_us = call_now_us(call) - call->start_us;
	leg_early_over(call->a);
	leg_early_over(call->b);
	call_note_success(call, call->b->trunk);
	call_offer_heard(call);
	call_offer_over(call, FIGURES_ANSWERED);
	if (call->inner) {
		call_set_state(call, CALL_ASIDE);
		transfer_answered(call);
		return 1;
	}
	call->bridge->answered_count++;
	call_limit_duration(call);
	return 0;
}

/* Not of the trunk on the way: busy, away, not in the mood. */
static bool is_of_callee(int status)
{
	return status == 480 || status == 486 || status == 487 || status == 600 ||
	       status == 603;
}

static int act_refused(
	struct call *call, struct leg *leg, const struct leg_report *report)
{
	const bool is_next = statuses_have(&leg->settings->next_on, report->status);
	char why[ERR_REASON_SIZE];

	history_refusal(report->status, report->why, why);
	hunt_heard(call->hunt, report->status, report->message);
	history_hear(&call->history, report->status, report->message);
	call_note_said(call, leg, report->message);
	call->offer.effective = is_of_callee(report->status);
	if (report->status < 400 && call_redirect(call, report->message, why))
		return 1;
	if (call_hunt_on(
		    call, failover_cause(report->status, is_next), report->status, why))
		return 1;
	call_note_failure(call, leg->trunk, is_of_callee(report->status) ? NULL : why);
	call_end(call, CALL_BY_B, call_refusal_cause(report->status),
		cause_map_by(&leg->settings->crossing.codes, report->status,
			reason_cause(report->message)),
		NULL);
	return 1;
}

static int act_setup_failed(
	struct call *call, struct leg *leg, const struct leg_report *report)
{
	const enum failover_cause cause =
		report->status == 408 ? FAILOVER_TIMEOUT : FAILOVER_UNREACHED;

	if (leg == call->a) {
		call_end(call, CALL_BY_A, "peer-lost", report->status, report->why);
		return 1;
	}
	if (report->status == 502) /* it answered, in a way that cannot be used */
		hunt_heard(call->hunt, report->status, NULL);
	else
		hunt_unheard(call->hunt, dial_how(report->status, report->no_listener),
			report->why);
	if (call_hunt_on(call, cause, 0, report->why))
		return 1;
	call_note_said(call, leg, NULL); /* of an address before this one */
	call_note_failure(call, leg->trunk, report->why);
	call_end(call, CALL_BY_B, "peer-lost", report->status, report->why);
	return 1;
}

static int act_trying(struct call *call, struct leg *leg, const struct leg_report *report)
{
	(void)leg;
	hunt_heard(call->hunt, 100, report->message);
	return 0;
}

/* A response came, but what is asked now is another INVITE. */
static int act_asked_again(
	struct call *call, struct leg *leg, const struct leg_report *report)
{
	(void)leg;
	hunt_heard(call->hunt, report->status, report->message);
	call_await(call);
	return 0;
}

static int act_cancel(struct call *call, struct leg *leg, const struct leg_report *report)
{
	if (transfer_gives_up(call))
		return 1;
	history_release(&call->history, report->message);
	call_note_said(call, leg, report->message);
	call_end(call, CALL_BY_A, "cancel", 487, NULL);
	return 1;
}

static int act_bye(struct call *call, struct leg *leg, const struct leg_report *report)
{
	if (transfer_leaves(call, leg) || replace_leaves(call, leg))
		return 1;
	call = leg->arg;
	history_hear(&call->history, 0, report->message);
	history_release(&call->history, report->message);
	call_note_said(call, leg, report->message);
	call_end(call, by_leg(call, leg), "bye", 487, NULL);
	return 1;
}

static int act_info(struct call *call, struct leg *leg, const struct leg_report *report)
{
	if (!call_pass(call, leg, report->txn, report->message))
		dtmf_receive(call, leg, report->txn, report->message);
	return 0;
}

/* What was offered again, to refresh a session or to say who is connected, was not taken. A session timer decides what
 * comes of it; without one a dialog that is gone is missed (RFC 3261 12.2.1.2). 1: the call ended. */
static int refuse_refresh(struct call *call, struct leg *leg, int status)
{
	const bool timed = leg->refresh.session.state != SESSION_OFF;

	oa_refresh_refused(call, leg, status);
	if (!timed && (status == 481 || status == 408))
		call_end(call, by_leg(call, leg), status == 408 ? "timeout" : "peer-lost",
			status, NULL);
	return call->state != CALL_TALKING;
}

static int act_lost(struct call *call, struct leg *leg, const struct leg_report *report)
{
	if (oa_is_refreshing(call, leg)) {
		refuse_refresh(call, leg, report->status);
		return 1;
	}
	if (transfer_leaves(call, leg) || replace_leaves(call, leg))
		return 1;
	call = leg->arg;
	call_end(call, by_leg(call, leg), report->status == 408 ? "timeout" : "peer-lost",
		report->status, report->why);
	return 1;
}

static void note_hold(struct call *call)
{
	bool held = media_sdp_on_hold(call->a) || media_sdp_on_hold(call->b);

	if (held == call->held)
		return;
	call->held = held;
	relay_set_timeout(call->session, call_silence_ms(call));
}

static int act_ack(struct call *call, struct leg *leg, const struct leg_report *report)
{
	struct err_text text = {{0}};
	int err = oa_ack(call, leg, report->message, &text);

	if (err)
		return end_for(call, err, &text);
	note_hold(call);
	connected_tell(call);
	return 0;
}

static int act_reinvite(
	struct call *call, struct leg *leg, const struct leg_report *report)
{
	connected_hear(call, leg, report->message);
	oa_reinvite(call, leg, report->message);
	connected_tell(call);
	return 0;
}

/* One without an offer refreshes the session and the remote target, which is done, and may say who is there. */
static int act_update(struct call *call, struct leg *leg, const struct leg_report *report)
{
	connected_hear(call, leg, report->message);
	if (message_body(report->message).len)
		oa_update(call, leg, report->txn);
	else
		leg_reply(leg, report->txn, NULL);
	connected_tell(call);
	return 0;
}

static int act_prack(struct call *call, struct leg *leg, const struct leg_report *report)
{
	struct err_text text = {{0}};
	int err = oa_prack(call, leg, report->txn, &text);

	return err ? end_for(call, err, &text) : 0;
}

/* 101-199 to a re-INVITE of ours. */
static int act_early(struct call *call, struct leg *leg, const struct leg_report *report)
{
	oa_early(call, leg, report->message);
	return 0;
}

/* 2xx to a re-INVITE of ours. */
static int act_accepted(
	struct call *call, struct leg *leg, const struct leg_report *report)
{
	struct err_text text = {{0}};
	int err;

	connected_hear(call, leg, report->message);
	err = oa_accepted(call, leg, report->message, &text);
	if (err)
		return end_for(call, err, &text);
	note_hold(call);
	connected_tell(call);
	return 0;
}

/* Of a re-INVITE of ours. */
static int act_offer_refused(
	struct call *call, struct leg *leg, const struct leg_report *report)
{
	int status = report->status == 491 ? 491 : cause_map(report->status);

	if (oa_is_refreshing(call, leg))
		return refuse_refresh(call, leg, report->status);
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
	int err;

	if (report->status >= 300)
		return act_offer_refused(call, leg, report);
	connected_hear(call, leg, report->message);
	err = oa_updated(call, leg, report->message, &text);
	if (err)
		return end_for(call, err, &text);
	note_hold(call);
	connected_tell(call);
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

static int act_refresh(
	struct call *call, struct leg *leg, const struct leg_report *report)
{
	(void)report;
	oa_refresh(call, leg);
	return 0;
}

static int act_expired(
	struct call *call, struct leg *leg, const struct leg_report *report)
{
	if (transfer_leaves(call, leg) || replace_leaves(call, leg))
		return 1;
	call = leg->arg;
	call_end(call, by_leg(call, leg), CALL_SESSION_EXPIRED, report->status,
		report->why);
	return 1;
}

/* ---- transfers ---- */

static int act_refer(struct call *call, struct leg *leg, const struct leg_report *report)
{
	if (!referral_take(call, leg, report->txn))
		transfer_refer(call, leg, report->txn);
	return 1;
}

static int act_refuse_refer(
	struct call *call, struct leg *leg, const struct leg_report *report)
{
	(void)call;
	(void)leg;
	transfer_refuse(report->txn, 491, "the call does not talk");
	return 0;
}

/* The legs may agree by now, unless the call has ENDED. 1 */
static int settled(struct call *call, int ended)
{
	if (!ended) {
		transfer_settle(call);
		replace_settle(call);
	}
	return 1;
}

/* 2xx to an INVITE of ours, or an ACK with an answer, while the leg that stays is being asked. */
static int act_join_accepted(
	struct call *call, struct leg *leg, const struct leg_report *report)
{
	return settled(call, act_accepted(call, leg, report));
}

static int act_join_ack(
	struct call *call, struct leg *leg, const struct leg_report *report)
{
	return settled(call, act_ack(call, leg, report));
}

static int act_join_refused(
	struct call *call, struct leg *leg, const struct leg_report *report)
{
	if (replace_refused(call, leg, report->status))
		return 1;
	if (report->status == 481 || report->status == 408)
		return act_offer_refused(leg->arg, leg, report);
	if (!oa_refused(call, leg, report->status))
		transfer_unjoin(call, cause_map(report->status));
	return 1;
}

static int act_join_updated(
	struct call *call, struct leg *leg, const struct leg_report *report)
{
	return settled(call, act_updated(call, leg, report));
}

/* Nobody is there to be asked: later (RFC 3261 14.2). */
static int act_aside_offer(
	struct call *call, struct leg *leg, const struct leg_report *report)
{
	const struct txn_refusal refusal = {
		.status = 491, .why = "the call is being transferred"};

	(void)call;
	if (report->txn)
		txn_server_refuse(report->txn, NULL, &refusal);
	else
		leg_refuse_with(leg, &refusal);
	return 0;
}

/* What needs nobody else is sent. */
static int act_aside_refresh(
	struct call *call, struct leg *leg, const struct leg_report *report)
{
	(void)call;
	(void)report;
	if (leg_refresh_by_update(leg))
		leg_refresh_update(leg);
	else
		leg_refresh_wait(leg);
	return 0;
}

static int act_aside_over(
	struct call *call, struct leg *leg, const struct leg_report *report)
{
	(void)report;
	transfer_left(call, leg);
	return 1;
}

static int act_over(struct call *call, struct leg *leg, const struct leg_report *report)
{
	(void)leg;
	(void)report;
	call_finish(call);
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
				[LEG_EVENT_ASKED_AGAIN] = {act_asked_again, CALL_SETUP},
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
				[LEG_EVENT_REFER] = {act_refuse_refer, CALL_SETUP},
				[LEG_EVENT_UPDATED] = {act_updated, CALL_SETUP},
				[LEG_EVENT_REFRESH] = {act_none, CALL_SETUP},
				[LEG_EVENT_EXPIRED] = {act_none, CALL_SETUP},
				[LEG_EVENT_FAILED] = {act_setup_failed, CALL_SETUP},
				[LEG_EVENT_OVER] = {act_over, CALL_SETUP},
			},
		[CALL_TALKING] =
			{
				[LEG_EVENT_TRYING] = {act_none, CALL_TALKING},
				[LEG_EVENT_ASKED_AGAIN] = {act_none, CALL_TALKING},
				[LEG_EVENT_PROVISIONAL] = {act_early, CALL_TALKING},
				[LEG_EVENT_ANSWER] = {act_accepted, CALL_TALKING},
				[LEG_EVENT_REFUSAL] = {act_offer_refused, CALL_TALKING},
				[LEG_EVENT_ACK] = {act_ack, CALL_TALKING},
				[LEG_EVENT_REINVITE] = {act_reinvite, CALL_TALKING},
				[LEG_EVENT_CANCEL] = {act_cancel_offer, CALL_TALKING},
				[LEG_EVENT_BYE] = {act_bye, CALL_ENDING},
				[LEG_EVENT_INFO] = {act_info, CALL_TALKING},
				[LEG_EVENT_UPDATE] = {act_update, CALL_TALKING},
				[LEG_EVENT_PRACK] = {act_prack, CALL_TALKING},
				[LEG_EVENT_REFER] = {act_refer, CALL_TALKING},
				[LEG_EVENT_UPDATED] = {act_updated, CALL_TALKING},
				[LEG_EVENT_REFRESH] = {act_refresh, CALL_TALKING},
				[LEG_EVENT_EXPIRED] = {act_expired, CALL_ENDING},
				[LEG_EVENT_FAILED] = {act_lost, CALL_ENDING},
				[LEG_EVENT_OVER] = {act_over, CALL_TALKING},
			},
		[CALL_JOINING] =
			{
				[LEG_EVENT_TRYING] = {act_none, CALL_JOINING},
				[LEG_EVENT_ASKED_AGAIN] = {act_none, CALL_JOINING},
				[LEG_EVENT_PROVISIONAL] = {act_early, CALL_JOINING},
				[LEG_EVENT_ANSWER] = {act_join_accepted, CALL_JOINING},
				[LEG_EVENT_REFUSAL] = {act_join_refused, CALL_JOINING},
				[LEG_EVENT_ACK] = {act_join_ack, CALL_JOINING},
				[LEG_EVENT_REINVITE] = {act_reinvite, CALL_JOINING},
				[LEG_EVENT_CANCEL] = {act_cancel_offer, CALL_JOINING},
				[LEG_EVENT_BYE] = {act_bye, CALL_ENDING},
				[LEG_EVENT_INFO] = {act_info, CALL_JOINING},
				[LEG_EVENT_UPDATE] = {act_update, CALL_JOINING},
				[LEG_EVENT_PRACK] = {act_prack, CALL_JOINING},
				[LEG_EVENT_REFER] = {act_refuse_refer, CALL_JOINING},
				[LEG_EVENT_UPDATED] = {act_join_updated, CALL_JOINING},
				[LEG_EVENT_FAILED] = {act_lost, CALL_ENDING},
				[LEG_EVENT_REFRESH] = {act_refresh, CALL_JOINING},
				[LEG_EVENT_EXPIRED] = {act_expired, CALL_ENDING},
				[LEG_EVENT_OVER] = {act_over, CALL_JOINING},
			},
		[CALL_ASIDE] =
			{
				[LEG_EVENT_TRYING] = {act_none, CALL_ASIDE},
				[LEG_EVENT_ASKED_AGAIN] = {act_none, CALL_ASIDE},
				[LEG_EVENT_PROVISIONAL] = {act_none, CALL_ASIDE},
				[LEG_EVENT_ANSWER] = {act_none, CALL_ASIDE},
				[LEG_EVENT_REFUSAL] = {act_none, CALL_ASIDE},
				[LEG_EVENT_ACK] = {act_none, CALL_ASIDE},
				[LEG_EVENT_REINVITE] = {act_aside_offer, CALL_ASIDE},
				[LEG_EVENT_CANCEL] = {act_none, CALL_ASIDE},
				[LEG_EVENT_BYE] = {act_bye, CALL_ENDING},
				[LEG_EVENT_INFO] = {act_aside_offer, CALL_ASIDE},
				[LEG_EVENT_UPDATE] = {act_aside_offer, CALL_ASIDE},
				[LEG_EVENT_PRACK] = {act_refuse_request, CALL_ASIDE},
				[LEG_EVENT_REFER] = {act_refuse_refer, CALL_ASIDE},
				[LEG_EVENT_UPDATED] = {act_none, CALL_ASIDE},
				[LEG_EVENT_FAILED] = {act_lost, CALL_ENDING},
				[LEG_EVENT_REFRESH] = {act_aside_refresh, CALL_ASIDE},
				[LEG_EVENT_EXPIRED] = {act_expired, CALL_ENDING},
				[LEG_EVENT_OVER] = {act_aside_over, CALL_ASIDE},
			},
		[CALL_ENDING] =
			{
				[LEG_EVENT_TRYING] = {act_none, CALL_ENDING},
				[LEG_EVENT_ASKED_AGAIN] = {act_none, CALL_ENDING},
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
				[LEG_EVENT_REFER] = {act_refuse_request, CALL_ENDING},
				[LEG_EVENT_UPDATED] = {act_none, CALL_ENDING},
				[LEG_EVENT_REFRESH] = {act_none, CALL_ENDING},
				[LEG_EVENT_EXPIRED] = {act_none, CALL_ENDING},
				[LEG_EVENT_FAILED] = {act_none, CALL_ENDING},
				[LEG_EVENT_OVER] = {act_over, CALL_ENDING},
			},
		[CALL_OVER] =
			{
				[LEG_EVENT_TRYING] = {act_none, CALL_OVER},
				[LEG_EVENT_ASKED_AGAIN] = {act_none, CALL_OVER},
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
				[LEG_EVENT_REFER] = {act_refuse_request, CALL_OVER},
				[LEG_EVENT_UPDATED] = {act_none, CALL_OVER},
				[LEG_EVENT_REFRESH] = {act_none, CALL_OVER},
				[LEG_EVENT_EXPIRED] = {act_none, CALL_OVER},
				[LEG_EVENT_FAILED] = {act_none, CALL_OVER},
				[LEG_EVENT_OVER] = {act_none, CALL_OVER},
			},
};

/* What LEG got is what the other leg is told of meanwhile. */
static int act(struct call *call, struct leg *leg, const struct leg_report *report)
{
	const struct call_rule *rule = &rules[call->state][report->event];
	struct leg *other = call_other(call, leg);
	const struct message *before = other->heard;
	const struct leg *before_from = other->heard_from;
	int moved;

	other->heard = report->message;
	if (!other->heard && report->txn)
		other->heard = txn_server_request(report->txn);
	other->heard_from = leg;
	moved = rule->act(call, leg, report);
	other->heard = before;
	other->heard_from = before_from;
	return moved;
}

static void leg_event_h(void *arg, struct leg *leg, const struct leg_report *report)
{
	struct call *call = arg;
	const struct call_rule *rule = &rules[call->state][report->event];
	enum call_state from = call->state;

	if (act(call, leg, report))
		return;
	if (call->state == from && rule->next != from)
		call_set_state(call, rule->next);
}

static void offer_failed_h(struct call *call, const char *why)
{
	call_end(call, CALL_BY_TANDEM, "timeout", 504, why);
}

struct call *call_new(struct bridge *bridge)
{
	struct call *call = call_make(bridge);

	if (!call)
		return NULL;
	call->leg_h = leg_event_h;
	call->oa.failed_h = offer_failed_h;
	return call;
}
