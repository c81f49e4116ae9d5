/* What whoever made an offer hears: the answer, or why there is none. Nothing here waits. */
#include "bridge/oa_priv.h"

#include "base/log.h"
#include "bridge/media_again.h"
#include "bridge/media_here.h"
#include "bridge/uas.h"

#include <errno.h>

static void refuse(const struct oa_report *report, int status, const char *why)
{
	const struct txn_refusal refusal = {.status = status,
		.why = why,
		.extra = status == 500 ? "Retry-After: 5\r\n" : NULL};

	if (report->carrier == OA_BY_INVITE)
		leg_refuse_with(report->leg, &refusal);
	else
		txn_server_refuse(report->txn, NULL, &refusal);
	if (report->carrier == OA_BY_PRACK)
		leg_go_on(report->leg);
}

int oa_answer_asker(struct call *call, const struct sdp *sdp)
{
	struct oa *oa = &call->oa;
	struct txn_server *txn = oa_release_txn(call);

	if (oa->came == OA_BY_INVITE)
		return leg_answer(oa->asker, sdp);
	if (txn)
		leg_reply(oa->asker, txn, sdp);
	if (oa->came == OA_BY_PRACK)
		leg_go_on(oa->asker);
	return 0;
}

void oa_refuse_asker(struct call *call, int status)
{
	struct txn_server *txn = oa_release_txn(call);
	const struct oa_report report = {
		.leg = call->oa.asker, .carrier = call->oa.came, .txn = txn};

	if (report.leg && (txn || report.carrier == OA_BY_INVITE))
		refuse(&report, status, "the other side refused it");
}

void oa_refuse_offer(
	struct call *call, const struct oa_report *report, int status, const char *why)
{
	log_warning("call", "call=%s leg=%s event=offer-refused status=%d reason=\"%s\"",
		call->id, report->leg->name, status, why);
	refuse(report, status, why);
}

static int status_of(int err)
{
	switch (err) {
	case ERR_SUPPORT:
		return 488;
	case ERR_FORMAT:
	case ERR_LIMIT:
		return 400;
	case -EADDRNOTAVAIL:
		return 503;
	default:
		return 500;
	}
}

static const char *words(int err, const struct err_text *text)
{
	return text->text[0] ? text->text : err_str(err);
}

void oa_refuse_for(struct call *call, const struct oa_report *report, int err,
	const struct err_text *text)
{
	oa_refuse_offer(call, report, status_of(err), words(err, text));
}

void oa_refuse_unread(struct call *call, const struct oa_report *report, int err,
	const struct err_text *text)
{
	const int status = err == ERR_SUPPORT ? 415 : status_of(err);

	oa_refuse_offer(call, report, status, words(err, text));
}

bool oa_refuse_early(struct call *call, const struct oa_report *report)
{
	const struct leg *from = report->leg;

	if (from->offer.state == OFFER_SENT || from->update_out)
		oa_refuse_offer(
			call, report, 491, "an offer of ours is not answered yet");
	else if (from->offer.state == OFFER_RECEIVED)
		oa_refuse_offer(
			call, report, 500, "an offer of its sender is not answered yet");
	else
		return false;
	return true;
}

/* ---- what the other leg is not asked ---- */

/* Whether an offer that cannot be passed on is for us to answer: the exchanges of its sender are
 * over, and the other leg, whose first INVITE is under way, may not be asked yet. */
static bool is_ours_to_answer(struct call *call, const struct oa_report *report)
{
	const struct leg *from = report->leg;
	const struct leg *to = call_other(call, from);

	if (report->carrier == OA_BY_INVITE || from->offer.state != OFFER_IDLE ||
		!from->offer.complete || from->update_out)
		return false;
	if (call->oa.state == OA_ASKED)
		return call->oa.first && call->oa.went == OA_BY_INVITE;
	return call->oa.state == OA_IDLE && to->state == LEG_INVITING &&
	       to->offer.state == OFFER_IDLE && !to->update_out;
}

/* SDP, taken, is answered; the other leg hears nothing of it. */
static int make_own_answer(struct call *call, struct leg *from, struct sdp *sdp,
	struct sdp **ret, struct err_text *text)
{
	int err = oa_receive(from, sdp, text);

	if (err)
		return err;
	err = media_here_answer(
		call->session, call->config, from, call_other(call, from), ret, text);
	if (err)
		offer_cancel(&from->offer);
	return err;
}

/* What LEG offers is what it said last, by the same version (RFC 3264 8): a refresh of its session
 * (RFC 4028 7.4), of which the other leg need not hear. SDP is taken where it is. */
bool oa_answer_refresh(struct call *call, const struct oa_report *report, struct sdp *sdp)
{
	struct leg *from = report->leg;
	struct err_text text = {{0}};
	struct sdp *out = NULL;
	int err;

	if (from->state != LEG_TALKING || call_other(call, from)->state != LEG_TALKING ||
		!media_again_is_said(from, sdp))
		return false;
	err = make_own_answer(call, from, sdp, &out, &text);
	if (err)
		oa_refuse_for(call, report, err, &text);
	else if (report->carrier == OA_BY_INVITE)
		leg_answer(from, out);
	else
		leg_reply(from, report->txn, out);
	sdp_free(out);
	return true;
}

bool oa_answer_here(struct call *call, const struct oa_report *report)
{
	struct leg *from = report->leg;
	struct err_text text = {{0}};
	struct sdp *sdp = NULL;
	struct sdp *out = NULL;
	int err;

	if (!is_ours_to_answer(call, report))
		return false;
	err = oa_read(report->message, &sdp, &text);
	if (err) {
		oa_refuse_unread(call, report, err, &text);
		return true;
	}
	err = sdp ? make_own_answer(call, from, sdp, &out, &text) : 0;
	if (err) {
		oa_refuse_for(call, report, err, &text);
		return true;
	}
	leg_reply(from, report->txn, out);
	sdp_free(out);
	if (report->carrier == OA_BY_PRACK)
		leg_go_on(from);
	return true;
}

bool oa_choose_carrier(const struct leg *to, enum oa_carrier came, enum oa_carrier *ret)
{
	bool updates = leg_allows(to, MESSAGE_UPDATE) && to->offer.complete;

	if (to->offer.state != OFFER_IDLE || to->update_out)
		return false;
	*ret = came != OA_BY_INVITE && updates ? OA_BY_UPDATE : OA_BY_INVITE;
	if (*ret == OA_BY_UPDATE)
		return to->state == LEG_TALKING || to->state == LEG_INVITING;
	/* RFC 3261 14.1: no INVITE while one is under way, or its ACK, either way */
	return to->state == LEG_TALKING && !leg_is_inviting(to) && !leg_is_invited(to) &&
	       !(to->uas && uas_awaits_ack(to->uas));
}
