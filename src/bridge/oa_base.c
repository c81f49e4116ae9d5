/* What the files of the offer/answer build on. */
#include "bridge/oa_priv.h"

#include "base/log.h"
#include "base/secret.h"
#include "bridge/media_sdp.h"
#include "sip/multipart.h"

#include <string.h>

/* Whether who sent BODY wants it refused where nothing of it is understood. */
static bool must_be_understood(const struct multipart *body)
{
	for (unsigned i = 0; i < body->count; i++)
		if (!multipart_is_optional(&body->parts[i]))
			return true;
	return false;
}

int oa_read(struct message *message, struct sdp **ret, struct err_text *text)
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

int oa_read_answer(struct call *call, struct message *message, struct sdp **ret,
	struct err_text *text)
{
	int err = oa_read(message, ret, text);

	if (err || *ret || call->oa.early_cseq != message_cseq(message))
		return err;
	*ret = call->oa.early;
	call->oa.early = NULL;
	return 0;
}

void oa_forget_early(struct call *call)
{
	sdp_free(call->oa.early);
	call->oa.early = NULL;
}

int oa_receive(struct leg *leg, struct sdp *sdp, struct err_text *text)
{
	bool is_offer;
	int err = offer_receive(&leg->offer, sdp, &is_offer, text);

	if (err)
		sdp_free(sdp);
	return err;
}

int oa_make_offer(struct call *call, struct leg *from, struct leg *to, struct sdp **ret,
	struct err_text *text)
{
	return media_sdp_offer(
		call->session, call->config, from, from->offer.remote, to, ret, text);
}

int oa_make_answer(struct call *call, struct leg *from, struct leg *to, bool final,
	struct sdp **ret, struct err_text *text)
{
	return media_sdp_answer(call->session, call->config, from, from->offer.remote, to,
		final, ret, text);
}

int oa_make_untold(struct call *call, struct leg *from, struct leg *to, struct sdp **ret,
	struct err_text *text)
{
	return media_sdp_answer_untold(call->session, call->config, from, to, ret, text);
}

/* ---- between exchanges ---- */

void oa_rest(struct call *call)
{
	if (call->oa.state != OA_IDLE || call->a->state != LEG_TALKING ||
		call->b->state != LEG_TALKING || call->a->offer.state != OFFER_IDLE ||
		call->b->offer.state != OFFER_IDLE)
		return;
	offer_rest(&call->a->offer);
	offer_rest(&call->b->offer);
}

int oa_wake(struct call *call)
{
	int err = offer_wake(&call->a->offer);

	return err ? err : offer_wake(&call->b->offer);
}

/* ---- state ---- */

void oa_set_state(struct call *call, enum oa_state state)
{
	static const char *const names[OA_STATES] = {
		[OA_IDLE] = "idle",
		[OA_ASKED] = "asked",
		[OA_WITHDRAWN] = "withdrawn",
		[OA_OWED] = "owed",
	};

	log_debug("oa", "call=%s event=state from=%s to=%s", call->id,
		names[call->oa.state], names[state]);
	call->oa.state = state;
	timer_stop(&call->oa.timer);
	/* a refresh that was withdrawn is taken nevertheless, where it is answered */
	if (state != OA_WITHDRAWN)
		oa_forget_early(call);
	if (state == OA_IDLE) {
		call->oa.asker = NULL;
		call->oa.txn = NULL;
		call->oa.refreshing = NULL;
		call->oa.went = OA_BY_INVITE;
	}
}

void oa_agreed(struct call *call)
{
	call->oa.restoring = NULL;
	call->oa.restore_tries = 0;
}

/* The asker's transaction ended by itself: nobody is left to be answered. */
static void txn_ended_h(void *arg, struct txn_server *txn)
{
	struct call *call = arg;

	if (call->oa.txn == txn)
		call->oa.txn = NULL;
}

void oa_keep_txn(struct call *call, struct txn_server *txn,
	void (*failed_h)(void *arg, struct txn_server *txn))
{
	const struct txn_server_user user = {
		.failed_h = failed_h, .ended_h = txn_ended_h, .arg = call};

	call->oa.txn = txn;
	if (txn)
		txn_server_attach(txn, &user);
}

struct txn_server *oa_release_txn(struct call *call)
{
	struct txn_server *txn = call->oa.txn;

	call->oa.txn = NULL;
	if (txn)
		txn_server_detach(txn);
	return txn;
}

int oa_pass_delayed_offer(struct call *call, struct leg *from, struct sdp *sdp,
	struct sdp **ret, struct err_text *text)
{
	int err;

	if (!sdp)
		return err_set(text, ERR_FORMAT, "the 2xx has no offer");
	err = oa_receive(from, sdp, text);
	return err ? err : oa_make_offer(call, from, call_other(call, from), ret, text);
}
