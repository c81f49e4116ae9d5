#include "bridge/media_lines.h"
#include "bridge/media_sdp.h"
#include "bridge/oa_priv.h"

#include <errno.h>

int oa_stand_in(struct leg *from, struct call *outer, struct leg *stays)
{
	struct err_text text = {{0}};
	struct sdp *sdp = oa_wake(outer) ? NULL : media_lines_resumed(stays);
	int err = sdp ? oa_receive(from, sdp, &text) : -ENOMEM;

	oa_rest(outer);
	return err;
}

bool oa_may_join(const struct call *call, const struct leg *leg)
{
	enum oa_carrier went;

	return call->oa.state == OA_IDLE && !call->oa.restoring &&
	       oa_choose_carrier(leg, OA_BY_INVITE, &went);
}

int oa_join(struct call *call, struct leg *with, struct err_text *text)
{
	return oa_offer_before(call, with, text);
}

void oa_unjoin(struct call *call, struct leg *with)
{
	offer_reopen(&call_other(call, with)->offer, OFFER_IDLE);
	media_sdp_cancel(call->session, call->a, call->b);
	oa_agreed(call);
	oa_set_state(call, OA_IDLE);
}
