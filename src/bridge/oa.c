#include "bridge/oa_priv.h"

#include "bridge/media_again.h"
#include "bridge/media_lines.h"
#include "bridge/media_sdp.h"
#include "bridge/uas.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* So often the terms of before are offered again after a 491. */
#define OA_RESTORE_TRIES 5

/* An UPDATE or PRACK that became a re-INVITE is answered within its own Timer F, which is 64*T1: so many
 * T1. */
#define OA_UPDATE_T1 40
/* An UPDATE of ours has 64*T1 of its own. Only one that was challenged, and sent again, takes longer, and its
 * asker's time is over then. */
#define OA_UPDATED_T1 65

enum oa_event {
	OA_OFFER,   /* an offer, or the wish for one */
	OA_ANSWER,  /* 2xx to what we sent */
	OA_REFUSAL, /* 3xx to 6xx to it, or nothing */
	OA_CANCEL,  /* the asker gave it up */
	OA_LATE,    /* the timer */
	OA_REPLY,   /* ACK or PRACK */
	OA_REFRESH, /* a session is to be refreshed */
	OA_EVENTS,
};

/* 0; negative: the call cannot go on. */
typedef int oa_action(struct call *call, const struct oa_report *report);

static int happens(
	struct call *call, enum oa_event event, const struct oa_report *report);

/* ---- state ---- */

static void late_h(void *arg)
{
	struct call *call = arg;
	struct err_text text = {{0}};
	const struct oa_report report = {.text = &text};

	if (happens(call, OA_LATE, &report))
		call->oa.failed_h(call, text.text);
}

static void start_timer(struct call *call, uint64_t ms)
{
	timer_start(call->bridge->timers, &call->oa.timer, ms, late_h, call);
}

int oa_offer_before(struct call *call, struct leg *with, struct err_text *text)
{
	struct leg *other = call_other(call, with);
	struct sdp *before = oa_wake(call) ? NULL : media_lines_agreed(other);
	struct sdp *out = NULL;
	int err;

	if (!before)
		return err_set(text, ERR_STATE, "there are no terms of before");
	err = media_sdp_offer(
		call->session, call->config, other, before, with, &out, text);
	if (!err)
		err = leg_reinvite(with, out);
	sdp_free(before);
	sdp_free(out);
	if (err)
		return err;
	offer_reopen(&other->offer, OFFER_RECEIVED);
	call->oa.asker = NULL;
	call->oa.went = OA_BY_INVITE;
	oa_set_state(call, OA_ASKED);
	start_timer(call, call->config->limits.setup_ms);
	return 0;
}

/* Nothing is under way; terms that are still to be restored are after a pause, in which either
 * leg may make an offer. */
static void go_idle(struct call *call)
{
	oa_set_state(call, OA_IDLE);
	if (call->oa.restoring)
		start_timer(call, leg_glare_ms(call->oa.restoring));
}

static uint64_t t1_ms(const struct call *call)
{
	return call->bridge->config->sip.t1_ms;
}

/* ---- a further offer ---- */

/* SDP, taken, goes to the other leg by WENT; NULL: the wish for an offer does. */
static int pass_on(struct call *call, const struct oa_report *report,
	enum oa_carrier went, struct sdp *sdp, struct err_text *text)
{
	struct leg *from = report->leg;
	struct leg *to = call_other(call, from);
	struct sdp *out = NULL;
	int err = 0;

	if (sdp)
		err = oa_receive(from, sdp, text);
	if (!err && sdp)
		err = oa_make_offer(call, from, to, &out, text);
	if (!err)
		err = went == OA_BY_UPDATE ? leg_update(to, out) : leg_reinvite(to, out);
	sdp_free(out);
	return err;
}

/* What both legs agreed early holds from here, whatever becomes of the further offer. */
static void settle_first(struct call *call)
{
	if (!call->oa.first || call->oa.settled)
		return;
	media_sdp_settle(call->session, call->a, call->b);
	call->oa.settled = true;
}

/* The asker's UPDATE or PRACK lost its connection, which its sender takes for a 503 to it (RFC 3261
 * 8.1.3.1): it goes on with the terms of before. */
static void asker_lost_h(void *arg, struct txn_server *txn)
{
	struct call *call = arg;

	(void)txn;
	oa_release_txn(call);
	oa_cancelled(call, call->oa.asker);
}

/* The other leg was asked by WENT: its answer is awaited. */
static void begin_asking(
	struct call *call, const struct oa_report *report, enum oa_carrier went)
{
	const bool by_invite = report->carrier == OA_BY_INVITE;

	/* the first one has its 100 */
	if (by_invite && report->leg->state != LEG_INVITING)
		leg_trying(report->leg);
	call->oa.asker = report->leg;
	call->oa.came = report->carrier;
	call->oa.went = went;
	oa_set_state(call, OA_ASKED);
	oa_keep_txn(call, report->txn, asker_lost_h);
	if (went != OA_BY_INVITE)
		start_timer(call, OA_UPDATED_T1 * t1_ms(call));
	else
		start_timer(call, by_invite ? call->config->limits.setup_ms
					    : OA_UPDATE_T1 * t1_ms(call));
}

static int act_offer(struct call *call, const struct oa_report *report)
{
	struct leg *to = call_other(call, report->leg);
	struct err_text text = {{0}};
	struct sdp *sdp = NULL;
	enum oa_carrier went;
	int err;

	if (oa_refuse_early(call, report))
		return 0;
	err = oa_wake(call);
	if (err) {
		oa_refuse_for(call, report, err, &text);
		return 0;
	}
	err = oa_read(report->message, &sdp, &text);
	settle_first(call);
	if (err) {
		oa_refuse_unread(call, report, err, &text);
		return 0;
	}
	if (sdp && oa_answer_refresh(call, report, sdp))
		return 0;
	if (!oa_choose_carrier(to, report->carrier, &went)) {
		sdp_free(sdp);
		if (!oa_answer_here(call, report))
			oa_refuse_offer(call, report, 491,
				"the other side is busy with an offer, or may not be "
				"asked yet");
		return 0;
	}
	err = pass_on(call, report, went, sdp, &text);
	if (err) {
		media_sdp_cancel(call->session, report->leg, to);
		oa_refuse_for(call, report, err, &text);
		return 0;
	}
	begin_asking(call, report, went);
	return 0;
}

/* While one offer is under way no other begins (RFC 3261 14.2, RFC 3311 5.2). */
static int act_glare(struct call *call, const struct oa_report *report)
{
	bool own = call->oa.asker == report->leg;
	const char *why = own ? "an offer of its sender is not answered yet"
			      : "an offer to its sender, or from it, is under way";

	if (!oa_answer_here(call, report))
		oa_refuse_offer(call, report, own ? 500 : 491, why);
	return 0;
}

/* SDP, taken, is the answer of FROM; *RET becomes that for the other leg, which may not have asked. */
static int take_answer(struct call *call, struct leg *from, struct sdp *sdp,
	struct sdp **ret, struct err_text *text)
{
	struct leg *to = call_other(call, from);
	int err = oa_receive(from, sdp, text);

	if (err)
		return err;
	return call->oa.asker ? oa_make_answer(call, from, to, true, ret, text)
			      : oa_make_untold(call, from, to, ret, text);
}

/* FROM took the terms of before again, and the other leg was told nothing. Where FROM refused a
 * line of them, the other leg is offered what is left, and OUT would have been its answer. */
static int end_restore(
	struct call *call, struct leg *from, const struct sdp *out, struct err_text *text)
{
	const struct sdp *before = from->offer.local;
	struct leg *to = call_other(call, from);
	enum oa_carrier went;

	oa_set_state(call, OA_IDLE);
	for (unsigned i = 0; i < sdp_count_media(before); i++) {
		if (!sdp_is_served(before, i) || sdp_is_served(out, i))
			continue;
		if (!oa_choose_carrier(to, OA_BY_INVITE, &went))
			return err_set(text, ERR_STATE,
				"the terms of before were not all taken again");
		return oa_offer_before(call, to, text);
	}
	return 0;
}

/* ---- a refresh of ours ---- */

static int act_refresh(struct call *call, const struct oa_report *report)
{
	if (!oa_offer_again(call, report->leg))
		return 0;
	call->oa.refreshing = report->leg;
	call->oa.asker = NULL;
	call->oa.went = OA_BY_INVITE;
	oa_set_state(call, OA_ASKED);
	start_timer(call, call->config->limits.setup_ms);
	return 0;
}

/* An exchange is under way. */
static int act_refresh_later(struct call *call, const struct oa_report *report)
{
	(void)call;
	leg_refresh_wait(report->leg);
	return 0;
}

/* A leg that may get no INVITE now is left for another time. */
static int restore_again(struct call *call, struct err_text *text)
{
	struct leg *with = call->oa.restoring;
	enum oa_carrier went;

	oa_set_state(call, OA_IDLE);
	if (with && oa_choose_carrier(with, OA_BY_INVITE, &went))
		return oa_offer_before(call, with, text);
	go_idle(call);
	return 0;
}

/* The pause after a 491 is over. */
static int act_restore_again(struct call *call, const struct oa_report *report)
{
	return restore_again(call, report->text);
}

/* 2xx to it, withdrawn or not. */
static int act_refreshed(struct call *call, const struct oa_report *report)
{
	int err = oa_take_again(call, report);

	return err ? err : restore_again(call, report->text);
}

/* No 2xx to it. */
static int act_not_refreshed(struct call *call, const struct oa_report *report)
{
	struct leg *leg = call->oa.refreshing;

	(void)report;
	media_again_cancel(call->session, leg, call_other(call, leg));
	go_idle(call);
	return 0;
}

/* Y's 2xx: the answer for the asker, or the offer that it asked for. */
static int act_answer(struct call *call, const struct oa_report *report)
{
	struct oa *oa = &call->oa;
	struct leg *from = report->leg;
	bool delayed = from->offer.state == OFFER_IDLE;
	struct sdp *sdp = NULL;
	struct sdp *out = NULL;
	int err;

	if (oa->refreshing)
		return act_refreshed(call, report);
	err = oa_read_answer(call, report->message, &sdp, report->text);
	if (!err && delayed)
		err = oa_pass_delayed_offer(call, from, sdp, &out, report->text);
	else if (!err && !sdp)
		err = err_set(
			report->text, ERR_FORMAT, "the 2xx has no answer to our offer");
	else if (!err)
		err = take_answer(call, from, sdp, &out, report->text);
	if (oa->went == OA_BY_INVITE && (err || !delayed))
		leg_ack(from, NULL);
	if (!err && oa->asker)
		err = oa_answer_asker(call, out);
	oa->settled = oa->settled || (!err && oa->first);
	if (!err && !delayed)
		oa_agreed(call);
	if (!err && !oa->asker)
		err = end_restore(call, from, out, report->text);
	else if (!err)
		oa_set_state(call, delayed ? OA_OWED : OA_IDLE);
	sdp_free(out);
	if (!err && delayed)
		oa->asker = call_other(call, from);
	return err;
}

/* The terms of before were not taken again. After a 491 there is another try. */
static int act_refused_restore(struct call *call, const struct oa_report *report)
{
	/* what the other leg agreed to stands */
	offer_reopen(&call_other(call, report->leg)->offer, OFFER_IDLE);
	media_sdp_cancel(call->session, call->a, call->b);
	if (report->status != 491 || ++call->oa.restore_tries > OA_RESTORE_TRIES)
		return err_set(report->text, ERR_STATE,
			"the terms of before were not taken again");
	call->oa.restoring = report->leg;
	go_idle(call);
	return 0;
}

static int act_refusal(struct call *call, const struct oa_report *report)
{
	if (call->oa.refreshing)
		return act_not_refreshed(call, report);
	if (!call->oa.asker)
		return act_refused_restore(call, report);
	media_sdp_cancel(call->session, call->a, call->b);
	oa_refuse_asker(call, report->status);
	go_idle(call);
	return 0;
}

void oa_withdraw(struct call *call, struct leg *asker)
{
	offer_cancel(&asker->offer);
	oa_set_state(call, OA_WITHDRAWN);
	start_timer(call, 128 * t1_ms(call));
	leg_cancel(call_other(call, asker));
}

/* The asker gave up its offer: its re-INVITE is refused at once, what went to the other leg is
 * cancelled and its final response awaited. */
static int act_withdraw(struct call *call, const struct oa_report *report)
{
	struct leg *asker = call->oa.asker;

	if (report->leg != asker)
		return 0;
	if (call->oa.came == OA_BY_INVITE)
		leg_refuse(asker, 487, NULL);
	else if (call->oa.came == OA_BY_PRACK)
		leg_go_on(asker);
	oa_withdraw(call, asker);
	return 0;
}

static int act_late(struct call *call, const struct oa_report *report)
{
	struct leg *asker = call->oa.asker;

	if (call->oa.refreshing) {
		oa_set_state(call, OA_WITHDRAWN);
		start_timer(call, 128 * t1_ms(call));
		leg_cancel(call->oa.refreshing);
		return 0;
	}
	if (!asker)
		return err_set(report->text, ERR_STATE,
			"the terms of before were not taken again in time");
	oa_refuse_asker(call, 504);
	oa_withdraw(call, asker);
	return 0;
}

/* What was withdrawn came to nothing, as it should. */
static int act_nothing_came(struct call *call, const struct oa_report *report)
{
	if (call->oa.refreshing)
		return act_not_refreshed(call, report);
	media_sdp_cancel(call->session, call->a, call->b);
	go_idle(call);
	return 0;
}

/* Y accepted what was withdrawn (RFC 3261 9.1: CANCEL and 2xx crossed). */
static int act_restore(struct call *call, const struct oa_report *report)
{
	enum oa_carrier went;

	if (call->oa.refreshing)
		return act_refreshed(call, report);
	if (call->oa.went == OA_BY_INVITE)
		leg_ack(report->leg, NULL);
	media_sdp_cancel(call->session, call->a, call->b);
	if (oa_choose_carrier(report->leg, OA_BY_INVITE, &went))
		return oa_offer_before(call, report->leg, report->text);
	/* it may get no INVITE now: later */
	call->oa.restoring = report->leg;
	go_idle(call);
	return 0;
}

/* The asker's answer to the offer that it asked for, in ACK or PRACK. */
static int act_reply(struct call *call, const struct oa_report *report)
{
	struct leg *from = report->leg;
	struct leg *to = call_other(call, from);
	bool by_prack = report->txn != NULL;
	struct sdp *sdp = NULL;
	struct sdp *out = NULL;
	int err;

	if (from == call->oa.asker && by_prack != (call->oa.came == OA_BY_PRACK))
		return 0; /* it is for something else */
	err = oa_read(report->message, &sdp, report->text);
	if (!err && !sdp)
		err = err_set(report->text, ERR_FORMAT, "it has no answer to our offer");
	if (!err)
		err = oa_receive(from, sdp, report->text);
	if (!err && call->oa.made)
		err = oa_take_made(call, report->text);
	else if (!err)
		err = oa_make_answer(call, from, to, true, &out, report->text);
	if (by_prack)
		leg_prack(to, err ? NULL : out);
	else if (!call->oa.made) /* it has its ACK */
		leg_ack(to, err ? NULL : out);
	sdp_free(out);
	call->oa.made = false;
	if (by_prack && !err)
		call->oa.answered_a = call->oa.settled = true;
	if (!err)
		oa_agreed(call);
	if (!err)
		oa_set_state(call, OA_IDLE);
	if (!err && call->oa.renew)
		err = oa_offer_before(call, to, report->text);
	call->oa.renew = false;
	return err;
}

static int act_give_up(struct call *call, const struct oa_report *report)
{
	(void)call;
	return err_set(report->text, ERR_STATE, "an offer was never answered");
}

static int act_none(struct call *call, const struct oa_report *report)
{
	(void)call;
	(void)report;
	return 0;
}

/* What each does is in the comment above it; where an event means nothing, act_none. */
static oa_action *const rules[OA_STATES][OA_EVENTS] = {
	[OA_IDLE] =
		{
			[OA_OFFER] = act_offer,
			[OA_ANSWER] = act_none,
			[OA_REFUSAL] = act_none,
			[OA_CANCEL] = act_none,
			[OA_LATE] = act_restore_again,
			[OA_REPLY] = act_none,
			[OA_REFRESH] = act_refresh,
		},
	[OA_ASKED] =
		{
			[OA_OFFER] = act_glare,
			[OA_ANSWER] = act_answer,
			[OA_REFUSAL] = act_refusal,
			[OA_CANCEL] = act_withdraw,
			[OA_LATE] = act_late,
			[OA_REPLY] = act_none,
			[OA_REFRESH] = act_refresh_later,
		},
	[OA_WITHDRAWN] =
		{
			[OA_OFFER] = act_glare,
			[OA_ANSWER] = act_restore,
			[OA_REFUSAL] = act_nothing_came,
			[OA_CANCEL] = act_none,
			[OA_LATE] = act_give_up,
			[OA_REPLY] = act_none,
			[OA_REFRESH] = act_refresh_later,
		},
	[OA_OWED] =
		{
			[OA_OFFER] = act_glare,
			[OA_ANSWER] = act_none,
			[OA_REFUSAL] = act_none,
			[OA_CANCEL] = act_none,
			[OA_LATE] = act_none,
			[OA_REPLY] = act_reply,
			[OA_REFRESH] = act_refresh_later,
		},
};

static int happens(struct call *call, enum oa_event event, const struct oa_report *report)
{
	int err = rules[call->oa.state][event](call, report);

	oa_rest(call);
	return err;
}

/* ---- what the call tells ---- */

int oa_accepted(struct call *call, struct leg *from, struct message *response,
	struct err_text *text)
{
	const struct oa_report report = {.leg = from, .message = response, .text = text};
	int err;

	if (!call->oa.first)
		return happens(call, OA_ANSWER, &report);
	call->oa.first = false;
	err = oa_accept_first(call, response, text);
	return err > 0 ? oa_offer_before(call, from, text) : err;
}

int oa_updated(struct call *call, struct leg *from, struct message *response,
	struct err_text *text)
{
	const struct oa_report report = {.leg = from, .message = response, .text = text};

	return happens(call, OA_ANSWER, &report);
}

bool oa_refused(struct call *call, struct leg *from, int status)
{
	struct err_text text = {{0}};
	const struct oa_report report = {.leg = from, .status = status, .text = &text};

	/* RFC 3261 12.2.1.2: with these its dialog is gone */
	if (status == 481 || status == 408)
		return false;
	return !happens(call, OA_REFUSAL, &report);
}

void oa_early(struct call *call, struct leg *from, struct message *response)
{
	struct err_text text = {{0}};
	struct sdp *sdp = NULL;

	if (from->offer.state != OFFER_SENT || oa_read(response, &sdp, &text) || !sdp)
		return;
	oa_forget_early(call);
	call->oa.early = sdp;
	call->oa.early_cseq = message_cseq(response);
}

void oa_reinvite(struct call *call, struct leg *from, struct message *request)
{
	const struct oa_report report = {
		.leg = from, .message = request, .carrier = OA_BY_INVITE};

	happens(call, OA_OFFER, &report);
}

void oa_update(struct call *call, struct leg *from, struct txn_server *txn)
{
	const struct oa_report report = {.leg = from,
		.message = txn_server_request(txn),
		.carrier = OA_BY_UPDATE,
		.txn = txn};

	happens(call, OA_OFFER, &report);
}

int oa_prack(struct call *call, struct leg *from, struct txn_server *txn,
	struct err_text *text)
{
	const struct oa_report report = {.leg = from,
		.message = txn_server_request(txn),
		.carrier = OA_BY_PRACK,
		.txn = txn,
		.text = text};
	bool owed = call->oa.state == OA_OWED && call->oa.came == OA_BY_PRACK;
	int err;

	if (!owed && message_body(report.message).len) {
		happens(call, OA_OFFER, &report);
		return 0;
	}
	err = owed ? happens(call, OA_REPLY, &report) : 0;
	leg_reply(from, txn, NULL);
	leg_go_on(from);
	return err;
}

int oa_ack(
	struct call *call, struct leg *from, struct message *ack, struct err_text *text)
{
	const struct oa_report report = {.leg = from, .message = ack, .text = text};

	return happens(call, OA_REPLY, &report);
}

void oa_refresh(struct call *call, struct leg *leg)
{
	const struct oa_report report = {.leg = leg};

	happens(call, OA_REFRESH, &report);
}

bool oa_is_refreshing(const struct call *call, const struct leg *leg)
{
	return call->oa.refreshing == leg && !leg_is_inviting(leg);
}

void oa_refresh_refused(struct call *call, struct leg *leg, int status)
{
	const struct oa_report report = {.leg = leg, .status = status};

	happens(call, OA_REFUSAL, &report);
	leg_refresh_failed(leg, status, 1000 * leg_glare_ms(leg));
}

void oa_cancelled(struct call *call, struct leg *from)
{
	const struct oa_report report = {.leg = from};

	happens(call, OA_CANCEL, &report);
}

void oa_end(struct call *call)
{
	struct txn_server *txn = oa_release_txn(call);

	if (txn)
		txn_server_refuse(txn, NULL,
			&(struct txn_refusal){.status = 481, .why = "the call is over"});
	timer_stop(&call->oa.timer);
	oa_forget_early(call);
	free(call->oa.preview_tag);
	call->oa.preview_tag = NULL;
}
