/* BYE, of either side. The answer to theirs is in leg.c, since an INVITE of theirs goes with it. */
#include "bridge/leg_priv.h"

#include "bridge/body.h"
#include "bridge/uac.h"

void leg_end_dialog(struct leg *leg)
{
	if (leg_is_inviting(leg) && !uac_cancel(leg->uac, NULL)) {
		leg_set_state(leg, LEG_CLOSING);
		return;
	}
	leg_set_over(leg);
}

static void bye_over(struct leg *leg, struct txn_client *txn)
{
	txn_client_detach(txn);
	leg->bye_out = NULL;
	leg_end_dialog(leg);
}

static void bye_response_h(void *arg, struct txn_client *txn, struct message *response)
{
	if (message_status(response) >= 200)
		bye_over(arg, txn);
}

static void bye_failed_h(void *arg, struct txn_client *txn, int err)
{
	(void)err;
	bye_over(arg, txn);
}

static void bye_repeated_h(
	void *arg, struct txn_client *txn, const struct txn_client_request *request)
{
	struct leg *leg = arg;

	(void)request;
	leg->bye_out = txn;
}

void leg_send_bye(struct leg *leg)
{
	const struct txn_client_user user = {.repeated_h = bye_repeated_h,
		.response_h = bye_response_h,
		.failed_h = bye_failed_h,
		.arg = leg};
	struct request bye;

	leg_follow_route(leg);
	bye = leg_begin(leg, MESSAGE_BYE);
	leg_refresh_add_supported(leg, NULL, &bye.text);
	if (leg->ending)
		buf_add_str(&bye.text, leg->ending);
	body_add_sdp(&bye.text, leg->flow, NULL);
	if (request_send(&bye, &user, &leg->bye_out))
		leg_set_over(leg);
}

bool leg_bye_goes(struct leg *leg)
{
	if (!leg->bye_waits)
		return false;
	leg->bye_waits = false;
	leg_send_bye(leg);
	return true;
}

static void bye_ended_h(void *arg, struct txn_server *txn)
{
	struct leg *leg = arg;

	if (txn == leg->bye_in)
		leg->bye_in = NULL;
}

void leg_attach_bye(struct leg *leg, struct txn_server *txn)
{
	const struct txn_server_user user = {.ended_h = bye_ended_h, .arg = leg};

	leg->bye_in = txn;
	txn_server_attach(txn, &user);
}
