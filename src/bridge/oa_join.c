#include "bridge/media_lines.h"
#include "bridge/media_sdp.h"
#include "bridge/oa_priv.h"

#include <errno.h>
#include <limits.h>

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

void oa_give_back(struct call *call)
{
	media_sdp_cancel(call->session, call->a, call->b);
	oa_agreed(call);
	oa_set_state(call, OA_IDLE);
}

/* ---- a call that rings is picked up ---- */

static bool has_active_line(const struct sdp *sdp)
{
	for (unsigned i = 0; i < sdp_count_media(sdp); i++)
		if (sdp_media(sdp, i)->port)
			return true;
	return false;
}

/* SDP, taken, becomes the answer of leg a to what leg b offers. */
static int answer_stand_in(
	struct call *call, struct sdp *sdp, struct sdp **ret, struct err_text *text)
{
	int err = oa_receive(call->a, sdp, text);

	if (!err)
		err = oa_make_answer(call, call->a, call->b, true, ret, text);
	if (err || has_active_line(*ret))
		return err;
	sdp_free(*ret);
	*ret = NULL;
	return err_set(text, ERR_SUPPORT, "both sides have no media in common");
}

int oa_pick_up(struct call *call, const struct sdp *offer, struct sdp *sdp,
	struct sdp **ret, struct err_text *text)
{
	const unsigned tolerated = call->a->tolerated;
	struct sdp *copy = sdp_copy(offer);
	struct sdp *unsent = NULL;
	int err = copy ? oa_receive(call->b, copy, text) : -ENOMEM;

	/* it is no answer, and so no bad one */
	call->a->tolerated = UINT_MAX;
	if (!err)
		err = oa_make_offer(call, call->b, call->a, &unsent, text);
	sdp_free(unsent);
	if (err)
		sdp_free(sdp);
	else
		err = answer_stand_in(call, sdp, ret, text);
	call->a->tolerated = tolerated;
	return err;
}

void oa_swap_media(struct leg *a, struct leg *b)
{
	const struct offer offer = a->offer;
	const unsigned secured = a->secured;
	const bool v6 = a->media_v6, udptl = a->udptl;

	a->offer = b->offer;
	b->offer = offer;
	a->secured = b->secured;
	b->secured = secured;
	a->media_v6 = b->media_v6;
	b->media_v6 = v6;
	a->udptl = b->udptl;
	b->udptl = udptl;
	for (unsigned i = 0; i < RELAY_STREAMS; i++) {
		struct stream *stream = a->streams[i];

		a->streams[i] = b->streams[i];
		b->streams[i] = stream;
	}
}

void oa_forget_media(struct leg *leg)
{
	for (unsigned i = 0; i < RELAY_STREAMS; i++) {
		stream_free(leg->streams[i]);
		leg->streams[i] = NULL;
	}
	offer_free(&leg->offer);
	offer_init(&leg->offer);
	leg->secured = 0;
	leg->udptl = false;
}
