#include "bridge/exchange.h"

#include "base/log.h"
#include "bridge/mediate.h"
#include "sip/multipart.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Whether who sent BODY wants it refused where nothing of it is understood. */
static bool must_be_understood(const struct multipart *body)
{
	for (unsigned i = 0; i < body->count; i++)
		if (!multipart_is_optional(&body->parts[i]))
			return true;
	return false;
}

int exchange_read(struct message *message, struct sdp **ret, struct err_text *text)
{
	bool offers =
		message_is_request(message) && message_method(message) != MESSAGE_ACK;
	const struct multipart_part *part;
	struct multipart body;
	unsigned nth = 0;
	int err = multipart_read(&body, message, text);

	*ret = NULL;
	if (err)
		return offers ? err : 0;
	while ((part = multipart_sdp(&body, nth++))) {
		err = sdp_read(ret, part->body.p, part->body.len, text);
		if (!err)
			return 0;
	}
	if (!err && offers && must_be_understood(&body))
		err = err_set(text, ERR_SUPPORT, "no part of the body is SDP");
	return err;
}

/* What LEG said becomes part of its offer state. Takes SDP in any case. */
static int receive(
	struct leg *leg, struct sdp *sdp, bool *ret_is_offer, struct err_text *text)
{
	int err = offer_receive(&leg->offer, sdp, ret_is_offer, text);

	if (err)
		sdp_free(sdp);
	return err;
}

int exchange_first_offer(struct call *call, struct sdp **ret, struct err_text *text)
{
	*ret = NULL;
	if (call->a.offer.state != OFFER_RECEIVED)
		return 0;
	return mediate_offer(call->session, call->config, &call->a, call->a.offer.remote,
		&call->b, ret, text);
}

/* ---- early media and forks ---- */

/* Leg a sees one dialog per fork: once it has the answer of one, that of another must come
 * under another tag of ours (RFC 3261 12.1, 13.2.2.4). */
static void follow_fork(struct call *call, const struct message *response)
{
	struct span tag = message_to(response)->tag;

	if (!call->preview_tag || span_equal_str(tag, call->preview_tag))
		return;
	leg_retag(&call->a);
	free(call->preview_tag);
	call->preview_tag = NULL;
}

static void remember_fork(struct call *call, const struct message *response)
{
	free(call->preview_tag);
	call->preview_tag = span_dup(message_to(response)->tag);
}

/* An answer in an unreliable 18x is a preview: media may flow, the exchange stays open. */
static int preview(struct call *call, struct message *response, struct sdp *sdp,
	struct sdp **ret, struct err_text *text)
{
	bool is_offer;
	int err = receive(&call->b, sdp, &is_offer, text);

	if (err)
		return err;
	follow_fork(call, response);
	err = mediate_answer(call->session, call->config, &call->b, call->b.offer.remote,
		&call->a, false, ret, text);
	offer_reopen(&call->b.offer, OFFER_SENT);
	if (err)
		return err;
	offer_reopen(&call->a.offer, OFFER_RECEIVED);
	remember_fork(call, response);
	return 0;
}

static bool passes_early_media(const struct call *call)
{
	return !call->b.gateway || call->b.gateway->early_media;
}

void exchange_provisional(struct call *call, struct message *response)
{
	struct err_text text = {{0}};
	struct sdp *sdp = NULL;
	struct sdp *out = NULL;
	int err = exchange_read(response, &sdp, &text);

	if (!err && sdp &&
		(call->b.offer.state != OFFER_SENT || !passes_early_media(call))) {
		/* an offer in an unreliable 18x is not allowed (RFC 3261 13.2.1) */
		sdp_free(sdp);
		sdp = NULL;
	}
	if (!err && sdp)
		err = preview(call, response, sdp, &out, &text);
	if (err)
		log_warning("call",
			"call=%s leg=b event=early-media-refused reason=\"%s\"", call->id,
			text.text);
	leg_provision(&call->a, message_status(response), out);
	sdp_free(out);
}

/* ---- the answer ---- */

/* FROM's 2xx has the offer (our INVITE had none): it goes to the other leg in its 2xx, and
 * FROM's ACK waits for that leg's answer. */
static int pass_delayed_offer(
	struct call *call, struct leg *from, struct sdp **ret, struct err_text *text)
{
	struct leg *to = call_other(call, from);
	int err = mediate_offer(
		call->session, call->config, from, from->offer.remote, to, ret, text);

	if (!err)
		call->ack_due = true;
	return err;
}

static int answer_with(struct call *call, struct leg *from, struct message *response,
	struct sdp *sdp, struct sdp **ret, struct err_text *text)
{
	struct leg *to = call_other(call, from);
	bool is_offer;
	int err = receive(from, sdp, &is_offer, text);

	if (err)
		return err;
	if (is_offer)
		return pass_delayed_offer(call, from, ret, text);
	if (call->state == CALL_SETUP)
		follow_fork(call, response);
	return mediate_answer(call->session, call->config, from, from->offer.remote, to,
		true, ret, text);
}

int exchange_answer(struct call *call, struct leg *from, struct message *response,
	struct err_text *text)
{
	struct leg *to = call_other(call, from);
	struct sdp *sdp = NULL;
	struct sdp *out = NULL;
	int err = exchange_read(response, &sdp, text);

	if (!err && sdp)
		err = answer_with(call, from, response, sdp, &out, text);
	else if (!err && from->offer.state == OFFER_SENT)
		err = err_set(text, ERR_FORMAT, "the 2xx has no answer to our offer");
	else if (!err)
		err = err_set(text, ERR_FORMAT, "the 2xx has no offer");
	if (err || !call->ack_due)
		leg_ack(from, NULL);
	if (!err)
		err = leg_answer(to, out);
	sdp_free(out);
	return err;
}

/* ---- re-INVITE ---- */

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

int exchange_reinvite(struct call *call, struct leg *from, struct message *request)
{
	struct leg *to = call_other(call, from);
	struct err_text text = {{0}};
	struct sdp *sdp = NULL;
	struct sdp *out = NULL;
	bool is_offer;
	int err;

	if (to->offer.state != OFFER_IDLE || leg_is_inviting(to) || leg_is_invited(to))
		return 491;
	err = exchange_read(request, &sdp, &text);
	if (err == ERR_SUPPORT)
		return 415;
	if (!err && sdp)
		err = receive(from, sdp, &is_offer, &text);
	if (!err && sdp)
		err = mediate_offer(call->session, call->config, from, from->offer.remote,
			to, &out, &text);
	if (!err)
		err = leg_reinvite(to, out);
	sdp_free(out);
	if (!err)
		return 0;
	log_warning("call", "call=%s leg=%s event=reinvite-refused reason=\"%s\"",
		call->id, from->name, text.text[0] ? text.text : err_str(err));
	mediate_cancel(call->session, from, to);
	return status_of(err);
}

int exchange_ack(
	struct call *call, struct leg *from, struct message *ack, struct err_text *text)
{
	struct leg *to = call_other(call, from);
	struct sdp *sdp = NULL;
	struct sdp *out = NULL;
	bool is_offer;
	int err;

	if (!call->ack_due)
		return 0; /* SDP in an ACK that answers nothing is not looked at */
	call->ack_due = false;
	err = exchange_read(ack, &sdp, text);
	if (!err && !sdp)
		err = err_set(text, ERR_FORMAT,
			"the ACK has no answer to the offer in the 2xx");
	if (!err)
		err = receive(from, sdp, &is_offer, text);
	if (!err)
		err = mediate_answer(call->session, call->config, from,
			from->offer.remote, to, true, &out, text);
	leg_ack(to, err ? NULL : out);
	sdp_free(out);
	return err;
}
