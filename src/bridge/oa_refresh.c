/* Refreshes of a session, as far as they are offers: ours by re-INVITE, and theirs. */
#include "bridge/oa_priv.h"

#include "bridge/media_again.h"

static bool is_free(struct call *call, const struct leg *leg)
{
	return !call->oa.restoring && leg_is_quiet(leg) &&
	       call_other(call, leg)->offer.state == OFFER_IDLE;
}

static int send_again(struct call *call, struct leg *leg)
{
	struct leg *other = call_other(call, leg);
	struct sdp *out = NULL;
	int err = oa_wake(call);

	if (!err)
		err = media_again_offer(call->config, leg, other, &out);
	if (err)
		return err;
	err = leg_reinvite(leg, out);
	sdp_free(out);
	if (err)
		media_again_cancel(call->session, leg, other);
	return err;
}

bool oa_offer_again(struct call *call, struct leg *leg)
{
	if (!is_free(call, leg))
		leg_refresh_wait(leg);
	else if (leg_refresh_by_update(leg))
		leg_refresh_update(leg);
	else if (send_again(call, leg))
		leg_refresh_wait(leg);
	else
		return true;
	return false;
}

int oa_take_again(struct call *call, const struct oa_report *report)
{
	struct leg *leg = report->leg;
	struct leg *other = call_other(call, leg);
	struct sdp *sdp = NULL;
	bool news = false;
	int err = oa_read_answer(call, report->message, &sdp, report->text);

	if (!err && !sdp)
		media_again_cancel(call->session, leg, other);
	else if (!err)
		err = media_again_answer(call->session, call->config, leg, sdp, other,
			&news, report->text);
	leg_ack(leg, NULL);
	if (news)
		call->oa.restoring = other;
	return err;
}
