/* The offer/answer of the first INVITE: early media, branches, reliable 18x, the 2xx. */
#include "bridge/oa_priv.h"

#include "base/log.h"
#include "bridge/media_sdp.h"

#include <stdlib.h>

int oa_first_offer(struct call *call, struct sdp **ret, struct err_text *text)
{
	*ret = NULL;
	call->oa.made = call->oa.preview = call->oa.renew = false;
	if (call->a->offer.state == OFFER_RECEIVED)
		return oa_make_offer(call, call->a, call->b, ret, text);
	if (call->b->settings->delayed_offer == CONFIG_DELAYED_OFFER_PASS)
		return 0;
	call->oa.made = true;
	return media_sdp_make_offer(
		call->session, call->config, call->a, call->b, ret, text);
}

void oa_first_sent(struct call *call)
{
	call->oa.first = true;
	call->oa.asker = call->a;
	call->oa.came = call->oa.went = OA_BY_INVITE;
	oa_set_state(call, OA_ASKED);
}

/* Leg a is asked to take the answer of another branch: it sees one dialog for each (RFC 3261
 * 12.1, 13.2.2.4), under a tag of its own. */
static void forget_branch(struct call *call)
{
	struct oa *oa = &call->oa;

	leg_retag(call->a);
	free(oa->preview_tag);
	oa->preview_tag = NULL;
	if (oa->answered_a)
		offer_reopen(&call->a->offer, OFFER_RECEIVED);
	oa->answered_a = oa->settled = false;
}

void oa_first_lost(struct call *call)
{
	/* an offer by PRACK or UPDATE, whose other leg is gone */
	if (call->oa.txn)
		oa_refuse_asker(call, 500);
	oa_set_state(call, OA_IDLE);
	if (call->oa.preview_tag)
		forget_branch(call);
}

static bool is_same_branch(const struct call *call, const struct message *response)
{
	return call->oa.preview_tag &&
	       span_equal_str(message_to(response)->tag, call->oa.preview_tag);
}

static void follow_branch(struct call *call, const struct message *response)
{
	if (call->oa.preview_tag && !is_same_branch(call, response))
		forget_branch(call);
}

static void remember_branch(struct call *call, const struct message *response)
{
	free(call->oa.preview_tag);
	call->oa.preview_tag = span_dup(message_to(response)->tag);
}

static bool passes_early_media(const struct call *call)
{
	return !call->b->gateway || call->b->gateway->early_media;
}

/*
 * SDP, taken, answers our offer early. In an unreliable 18x that is a preview: media may flow,
 * the offer stays open (RFC 6337 3.1.1). Leg a has its answer when it gets it reliably.
 */
static int take_early_answer(struct call *call, struct message *response, struct sdp *sdp,
	struct sdp **ret, struct err_text *text)
{
	bool reliable = call->b->prack_due != 0;
	struct sdp *out = NULL;
	int err;

	if (call->b->offer.state ==
		OFFER_IDLE) /* another branch answers the same offer */
		offer_reopen(&call->b->offer, OFFER_SENT);
	err = oa_receive(call->b, sdp, text);
	if (err)
		return err;
	follow_branch(call, response);
	if (call->oa.answered_a)
		offer_reopen(&call->a->offer, OFFER_RECEIVED);
	err = oa_make_answer(call, call->b, call->a, false, &out, text);
	if (!reliable || err)
		offer_reopen(&call->b->offer, OFFER_SENT);
	if (err)
		return err;
	remember_branch(call, response);
	if (call->oa.answered_a || !passes_early_media(call)) {
		sdp_free(out);
		out = NULL;
	}
	call->oa.answered_a = call->oa.answered_a || (out && call->a->reliable);
	if (!call->oa.answered_a)
		offer_reopen(&call->a->offer, OFFER_RECEIVED);
	else if (reliable)
		oa_set_state(call, OA_IDLE); /* either may offer again, by UPDATE */
	*ret = out;
	return 0;
}

/* SDP, taken, is the offer that our INVITE asked for: it is for leg a to answer in PRACK, and
 * for us to answer in ours. */
static int pass_early_offer(struct call *call, struct message *response, struct sdp *sdp,
	struct sdp **ret, struct err_text *text)
{
	int err = oa_receive(call->b, sdp, text);

	if (!err)
		err = oa_make_offer(call, call->b, call->a, ret, text);
	if (err)
		return err;
	remember_branch(call, response);
	call->oa.came = call->oa.went = OA_BY_PRACK;
	oa_set_state(call, OA_OWED);
	return 0;
}

/* What leg b answered to our own offer is offered to leg a, whose PRACK has the answer. What comes of
 * it is settled then, though leg b's 18x may have been a preview. */
static int offer_early_answer(
	struct call *call, bool reliable, struct sdp **ret, struct err_text *text)
{
	int err = media_sdp_pass_own_answer(
		call->session, call->config, call->b, call->a, ret, text);

	if (err)
		return err;
	call->oa.preview = !reliable;
	call->oa.came = call->oa.went = OA_BY_PRACK;
	oa_set_state(call, OA_OWED);
	return 0;
}

/* SDP, taken, answers our own offer early. It is kept for the 2xx where leg a, which has no offer
 * yet, gets none reliably. */
static int keep_early_answer(struct call *call, struct message *response, struct sdp *sdp,
	struct sdp **ret, struct err_text *text)
{
	bool reliable = call->b->prack_due != 0;
	int err;

	offer_reopen(&call->b->offer, OFFER_SENT);
	err = oa_receive(call->b, sdp, text);
	if (!reliable || err)
		offer_reopen(&call->b->offer, OFFER_SENT);
	if (err)
		return err;
	remember_branch(call, response);
	return call->a->reliable && passes_early_media(call)
		       ? offer_early_answer(call, reliable, ret, text)
		       : 0;
}

/* What the SDP of leg b's 18x is. */
enum early { EARLY_NOTHING, EARLY_ANSWER, EARLY_OFFER, EARLY_KEPT, EARLY_KINDS };

static enum early early_kind(const struct call *call, const struct message *response)
{
	const struct offer *offer = &call->b->offer;
	bool reliable = call->b->prack_due != 0;

	/* another branch that answers is asked anew by then */
	if (call->oa.settled || (call->oa.made && call->oa.state == OA_OWED))
		return EARLY_NOTHING;
	if (call->oa.made)
		return offer->state == OFFER_SENT || !is_same_branch(call, response)
			       ? EARLY_KEPT
			       : EARLY_NOTHING;
	if (offer->state == OFFER_SENT)
		return passes_early_media(call) || reliable ? EARLY_ANSWER
							    : EARLY_NOTHING;
	if (offer->state == OFFER_IDLE && offer->complete && call->oa.preview_tag &&
		!is_same_branch(call, response))
		return EARLY_ANSWER;
	/* an offer in an unreliable 18x is not allowed (RFC 3261 13.2.1) */
	if (offer->state == OFFER_IDLE && !offer->complete && reliable &&
		call->a->reliable && call->a->offer.state == OFFER_IDLE)
		return EARLY_OFFER;
	return EARLY_NOTHING;
}

/* SDP, taken, means nothing here. */
static int pass_over(struct call *call, struct message *response, struct sdp *sdp,
	struct sdp **ret, struct err_text *text)
{
	(void)call;
	(void)response;
	(void)ret;
	(void)text;
	sdp_free(sdp);
	return 0;
}

typedef int take_early(struct call *call, struct message *response, struct sdp *sdp,
	struct sdp **ret, struct err_text *text);

static take_early *const early_rules[EARLY_KINDS] = {
	[EARLY_NOTHING] = pass_over,
	[EARLY_ANSWER] = take_early_answer,
	[EARLY_OFFER] = pass_early_offer,
	[EARLY_KEPT] = keep_early_answer,
};

/* RFC 3261 13.2.1: the first reliable message to a caller that made no offer has ours. */
static bool owes_offer(const struct leg *a)
{
	return a->reliable && a->offer.state == OFFER_IDLE && !a->offer.complete;
}

/* STATUS goes to leg a. While there is nothing to offer it goes unreliably (RFC 3262 3: it may), or,
 * where leg a requires 100rel, not at all. */
static int provision(struct call *call, int status, const struct sdp *sdp)
{
	struct leg *a = call->a;
	const struct message *invite = leg_invite_in(a);

	if (!owes_offer(a))
		return leg_provision(a, status, sdp, a->reliable);
	if (invite && message_lists(invite, "Require", "100rel"))
		return 0;
	return leg_provision(a, status, NULL, false);
}

int oa_provisional(struct call *call, struct message *response, struct err_text *text)
{
	struct sdp *sdp = NULL;
	struct sdp *out = NULL;
	enum early kind = EARLY_NOTHING;
	int err = oa_read(response, &sdp, text);

	if (!err && sdp)
		kind = early_kind(call, response);
	if (!err)
		err = early_rules[kind](call, response, sdp, &out, text);
	if (err)
		log_warning("call",
			"call=%s leg=b event=early-media-refused reason=\"%s\"", call->id,
			text->text);
	if (call->oa.state != OA_OWED || call->oa.made)
		leg_prack(call->b, NULL);
	/* an offer demands an answer in that PRACK, and there is none */
	if (err && kind == EARLY_OFFER)
		return err;
	err = provision(call, message_status(response), out);
	sdp_free(out);
	return err == ERR_TRUST ? err : 0;
}

/* SDP, taken, or what an 18x of this branch had (RFC 3261 13.2.1) answers our first offer. */
static int take_first_answer(struct call *call, struct message *response, struct sdp *sdp,
	struct sdp **ret, struct err_text *text)
{
	struct oa *oa = &call->oa;
	bool early = is_same_branch(call, response);
	int err = 0;

	if (sdp && (call->b->offer.state == OFFER_SENT || !early)) {
		offer_reopen(&call->b->offer, OFFER_SENT);
		err = oa_receive(call->b, sdp, text);
	} else {
		sdp_free(sdp);
		if (!early)
			return err_set(
				text, ERR_FORMAT, "the 2xx has no answer to our offer");
		if (oa->settled)
			return 0;
	}
	if (err)
		return err;
	follow_branch(call, response);
	if (oa->answered_a)
		offer_reopen(&call->a->offer, OFFER_RECEIVED);
	return oa_make_answer(call, call->b, call->a, true, ret, text);
}

/* SDP, taken, or what an 18x of this branch had answers our own offer. */
static int take_own_answer(struct call *call, struct message *response, struct sdp *sdp,
	struct err_text *text)
{
	bool early = is_same_branch(call, response);

	if (sdp && (call->b->offer.state == OFFER_SENT || !early)) {
		offer_reopen(&call->b->offer, OFFER_SENT);
		return oa_receive(call->b, sdp, text);
	}
	sdp_free(sdp);
	if (!early)
		return err_set(text, ERR_FORMAT, "the 2xx has no answer to our offer");
	offer_reopen(&call->b->offer, OFFER_IDLE);
	return 0;
}

/* Leg b's 2xx to an offer of our own: it is acknowledged at once, and leg a, which offered
 * nothing, gets an offer of what leg b took. Its answer is in its ACK. */
static int accept_made(struct call *call, struct message *response, struct err_text *text)
{
	struct sdp *sdp = NULL;
	struct sdp *out = NULL;
	int err = oa_read(response, &sdp, text);

	if (!err)
		err = take_own_answer(call, response, sdp, text);
	if (!err)
		err = media_sdp_pass_own_answer(
			call->session, call->config, call->b, call->a, &out, text);
	leg_ack(call->b, NULL);
	if (!err)
		err = leg_answer(call->a, out);
	sdp_free(out);
	if (err)
		return err;
	call->oa.came = OA_BY_INVITE;
	oa_set_state(call, OA_OWED);
	call->oa.asker = call->a;
	return 0;
}

/* Whether leg b's 2xx says something else than what leg a was answered, or offered, early: it is of
 * another branch, or of the same one with SDP, which may be NULL, unlike its preview. */
static bool is_news(
	const struct call *call, const struct message *response, const struct sdp *sdp)
{
	if (!is_same_branch(call, response))
		return true;
	return call->oa.preview && sdp &&
	       !sdp_equal_but_origin(sdp, call->b->offer.remote);
}

/* Leg a gets the final response to its first INVITE; a stand-in made none, and one whose place is to be taken may have given
 * it up. */
static int answer_a(struct call *call, const struct sdp *sdp)
{
	return call->inner || call->a->state == LEG_OVER ? 0 : leg_answer(call->a, sdp);
}

int oa_accept_first(struct call *call, struct message *response, struct err_text *text)
{
	struct offer *offer = &call->b->offer;
	bool delayed = offer->state == OFFER_IDLE && !offer->complete;
	struct sdp *sdp = NULL;
	struct sdp *out = NULL;
	int err;

	if (call->oa.made && call->oa.state != OA_OWED)
		return accept_made(call, response, text);
	err = oa_read(response, &sdp, text);
	/* a PRACK is still to come, or the answer to an UPDATE: that goes on by itself */
	if (call->oa.state == OA_OWED || call->oa.went == OA_BY_UPDATE) {
		call->oa.renew = call->oa.made && is_news(call, response, sdp);
		sdp_free(sdp);
		leg_ack(call->b, NULL);
		return answer_a(call, NULL);
	}
	if (call->oa.settled && is_news(call, response, sdp)) {
		/* all was agreed with what leg b said before: leg a need not know */
		sdp_free(sdp);
		leg_ack(call->b, NULL);
		err = answer_a(call, NULL);
		return err ? err : 1;
	}
	if (!err && delayed)
		err = oa_pass_delayed_offer(call, call->b, sdp, &out, text);
	else if (!err)
		err = take_first_answer(call, response, sdp, &out, text);
	if (err || !delayed)
		leg_ack(call->b, NULL);
	if (!err)
		err = answer_a(call, call->oa.answered_a ? NULL : out);
	sdp_free(out);
	if (!err)
		oa_set_state(call, delayed ? OA_OWED : OA_IDLE);
	if (!err && delayed)
		call->oa.asker = call->a;
	return err;
}

static bool has_active_line(const struct sdp *sdp)
{
	for (unsigned i = 0; i < sdp_count_media(sdp); i++)
		if (sdp_media(sdp, i)->port)
			return true;
	return false;
}

int oa_take_made(struct call *call, struct err_text *text)
{
	struct sdp *out = NULL;
	int err;

	if (!has_active_line(call->a->offer.remote))
		return err_set(text, ERR_SUPPORT, "the answer takes no media");
	offer_reopen(&call->b->offer, OFFER_RECEIVED);
	err = oa_make_untold(call, call->a, call->b, &out, text);
	sdp_free(out);
	return err;
}
