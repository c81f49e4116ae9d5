/* INVITEs that the leg receives, first or further, and our responses to them. */
#include "bridge/leg_priv.h"

#include "bridge/noted.h"
#include "bridge/uas.h"
#include "sip/compose.h"

static void cancelled_h(void *arg, struct uas *uas, struct message *cancel)
{
	struct leg *leg = arg;

	(void)uas;
	noted_microsoft(&leg->microsoft, cancel);
	leg_report(leg, LEG_EVENT_CANCEL, cancel, 0, NULL);
}

/* Frees that one of the two. */
static void forget_uas(struct leg *leg, struct uas *uas)
{
	if (leg->uas == uas)
		leg->uas = NULL;
	else if (leg->unacked == uas)
		leg->unacked = NULL;
	uas_free(uas);
}

static void acked_h(void *arg, struct uas *uas, struct message *ack)
{
	struct leg *leg = arg;

	forget_uas(leg, uas);
	if (!leg_bye_goes(leg))
		leg_report(leg, LEG_EVENT_ACK, ack, 0, NULL);
}

static void uas_failed_h(void *arg, struct uas *uas, int status, const char *why)
{
	struct leg *leg = arg;

	/* RFC 3261 8.1.3.1 and 14.1: who asked takes the lost connection for a 503 to its re-INVITE,
	 * and goes on with the terms of before */
	if (leg->state == LEG_TALKING && uas_is_open(uas) && status == 503) {
		leg_report(leg, LEG_EVENT_CANCEL, NULL, 0, NULL);
		return;
	}
	/* one that is open is refused when the call ends */
	if (!uas_is_open(uas))
		forget_uas(leg, uas);
	if (leg_bye_goes(leg))
		return;
	leg_report(leg, LEG_EVENT_FAILED, NULL, status, why);
}

int leg_take_invite(struct leg *leg, struct txn_server *invite)
{
	const struct uas_params params = {.side = leg->home,
		.txn = invite,
		.owner = leg_owner(leg),
		.user = {.cancelled_h = cancelled_h,
			.acked_h = acked_h,
			.failed_h = uas_failed_h,
			.arg = leg}};
	struct uas *uas;
	int err = uas_new(&uas, &params);

	if (err)
		return err;
	/* the ACK of the one before may have been overtaken (RFC 5407 3.1.4); that of the one
	 * before it is not waited for any more */
	uas_free(leg->unacked);
	leg->unacked = leg->uas;
	leg->uas = uas;
	return 0;
}

int leg_accept(struct leg *leg, struct txn_server *invite)
{
	int err = dialog_init_uas(&leg->dialog, txn_server_request(invite));

	if (!err)
		err = dialog_name_us(&leg->dialog, leg->settings->contact_host);
	if (!err)
		err = leg_take_invite(leg, invite);
	if (err)
		return err;
	leg_set_flow(leg, txn_server_flow(invite));
	leg_note_allow(leg, txn_server_request(invite));
	noted_microsoft(&leg->microsoft, txn_server_request(invite));
	noted_headers(&leg->headers, &leg->settings->record_headers,
		txn_server_request(invite));
	leg->reliable = leg_answers_reliably(leg, txn_server_request(invite));
	dialog_list(&leg->home->dialogs, &leg->dialog, leg);
	leg_set_state(leg, LEG_INVITING);
	return 0;
}

/* A response to their INVITE with our Contact, and SDP where there is some: by SEND. */
static int respond(struct leg *leg, int status, const struct sdp *sdp,
	int (*send)(struct uas *uas, const struct uas_response *response))
{
	struct uas_response response = {
		.status = status, .tag = leg->dialog.local_tag, .sdp = sdp};
	struct buf headers;
	int err;

	if (!leg_is_invited(leg))
		return ERR_STATE;
	buf_init(&headers, 0);
	leg_add_identity(leg, "Server", &headers);
	leg_add_connected(leg, &headers);
	if (status >= 200)
		leg_refresh_add_to_answer(leg, leg_invite_in(leg), &headers);
	leg_add_heard(leg, HEADER_RESPONSES, &headers);
	err = headers.err;
	response.headers = buf_span(&headers);
	if (!err)
		err = send(leg->uas, &response);
	buf_free(&headers);
	return err;
}

int leg_provision(struct leg *leg, int status, const struct sdp *sdp, bool reliably)
{
	return respond(
		leg, status, sdp, reliably ? uas_provision_reliably : uas_provision);
}

/* Our 200 has left; one that waits for a PRACK has not. */
static void note_answered(struct leg *leg)
{
	if (leg_is_invited(leg))
		return;
	leg->dialog.early = false;
	/* the ACK of an earlier 2xx is not waited for any more */
	uas_free(leg->unacked);
	leg->unacked = NULL;
	if (leg->state == LEG_INVITING)
		leg_set_state(leg, LEG_TALKING);
	leg_refresh_answered(leg);
}

int leg_answer(struct leg *leg, const struct sdp *sdp)
{
	int err = respond(leg, 200, sdp, uas_answer);

	if (err)
		return err;
	note_answered(leg);
	return 0;
}

void leg_refuse(struct leg *leg, int status, const char *extra)
{
	leg_refuse_with(leg, &(struct txn_refusal){.status = status, .extra = extra});
}

void leg_refuse_with(struct leg *leg, const struct txn_refusal *refusal)
{
	if (!leg_is_invited(leg))
		return;
	uas_refuse(leg->uas, leg->dialog.local_tag, refusal);
	uas_free(leg->uas);
	leg->uas = leg->unacked;
	leg->unacked = NULL;
	if (leg->state != LEG_INVITING)
		return;
	leg->refused = refusal->status;
	leg_set_over(leg);
}

void leg_go_on(struct leg *leg)
{
	if (!leg->uas)
		return;
	uas_go_on(leg->uas);
	note_answered(leg);
}

void leg_receive_ack(struct leg *leg, struct message *ack)
{
	if (!leg->uas || !uas_take_ack(leg->uas, ack))
		if (leg->unacked)
			uas_take_ack(leg->unacked, ack);
}
