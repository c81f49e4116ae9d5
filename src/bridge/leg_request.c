#include "bridge/leg_priv.h"

#include "bridge/body.h"
#include "bridge/dtmf_sdp.h"
#include "bridge/identity.h"
#include "sip/compose.h"

#include <stdio.h>

const char *leg_allow(const struct leg *leg)
{
	return dtmf_sdp_is_signalled(leg) ? "INVITE, ACK, CANCEL, BYE, OPTIONS, INFO"
					  : "INVITE, ACK, CANCEL, BYE, OPTIONS";
}

/* 405: the peer learns what we do. */
static void refuse_method(struct leg *leg, struct txn_server *txn)
{
	char allow[160];

	snprintf(allow, sizeof(allow), "Allow: %s\r\n", leg_allow(leg));
	txn_server_refuse(
		txn, NULL, &(struct txn_refusal){.status = 405, .extra = allow});
}

static void answer_options(struct leg *leg, struct txn_server *txn)
{
	char extra[160];

	snprintf(extra, sizeof(extra),
		"Allow: %s\r\nAccept: application/sdp, multipart/mixed\r\n",
		leg_allow(leg));
	txn_server_reply(txn, 200, NULL, NULL, extra);
}

/* WHY, and EXTRA, which may be NULL: see struct txn_refusal. */
static void refuse(struct txn_server *txn, int status, const char *why, const char *extra)
{
	txn_server_refuse(txn, NULL,
		&(struct txn_refusal){.status = status, .why = why, .extra = extra});
}

static void receive_bye(struct leg *leg, struct txn_server *txn)
{
	if (leg->state == LEG_CLOSING || leg->state == LEG_OVER) {
		txn_server_reply(txn, 200, NULL, NULL, NULL);
		return;
	}
	leg_attach_bye(leg, txn);
	leg_report(leg, LEG_EVENT_BYE, txn_server_request(txn), 0, NULL);
}

static void receive_reinvite(struct leg *leg, struct txn_server *txn)
{
	if (leg->state != LEG_TALKING) {
		if (leg->state == LEG_INVITING)
			refuse(txn, 500, "the first INVITE is not answered yet",
				"Retry-After: 5\r\n");
		else
			refuse(txn, 481, "the call is over", NULL);
		return;
	}
	/* RFC 3261 14.2: theirs while theirs is open, theirs while ours is open */
	if (leg_is_invited(leg)) {
		refuse(txn, 500, "another INVITE of its sender is not answered yet",
			"Retry-After: 5\r\n");
		return;
	}
	if (leg_is_inviting(leg) || leg->offer.state != OFFER_IDLE) {
		refuse(txn, 491, "an INVITE of ours is not answered yet", NULL);
		return;
	}
	if (leg_take_invite(leg, txn)) {
		txn_server_reply(txn, 503, NULL, NULL, NULL);
		return;
	}
	leg_report(leg, LEG_EVENT_REINVITE, txn_server_request(txn), 0, NULL);
}

/* Digits alone come as INFO, and only from who is configured so. */
static void receive_info(struct leg *leg, struct txn_server *txn)
{
	const struct leg_report report = {
		.event = LEG_EVENT_INFO, .message = txn_server_request(txn), .txn = txn};

	if (!dtmf_sdp_is_signalled(leg))
		refuse_method(leg, txn);
	else if (leg->state == LEG_CLOSING || leg->state == LEG_OVER)
		refuse(txn, 481, "the call is over", NULL);
	else
		leg->h(leg->arg, leg, &report);
}

void leg_request(struct leg *leg, struct txn_server *txn, struct message *request)
{
	txn_server_set_call(txn, leg->call);
	if (dialog_receive(&leg->dialog, request)) {
		txn_server_refuse(txn, NULL,
			&(struct txn_refusal){.status = 500,
				.where = "CSeq",
				.why = "its number is not above the last one"});
		return;
	}
	leg_set_flow(leg, txn_server_flow(txn));
	switch (message_method(request)) {
	case MESSAGE_BYE:
		receive_bye(leg, txn);
		break;
	case MESSAGE_INVITE:
		receive_reinvite(leg, txn);
		break;
	case MESSAGE_OPTIONS:
		answer_options(leg, txn);
		break;
	case MESSAGE_INFO:
		receive_info(leg, txn);
		break;
	default:
		refuse_method(leg, txn);
		break;
	}
}

int leg_info(struct leg *leg, const char *type, struct span body,
	const struct txn_client_user *user, struct txn_client **ret)
{
	char branch[TXN_BRANCH_SIZE];
	char via[IDENTITY_SIZE];
	struct buf out;
	int err;

	leg_follow_route(leg);
	txn_branch(branch);
	buf_init(&out, 0);
	dialog_request(&leg->dialog, &out, MESSAGE_INFO,
		identity_via(leg->home, leg->flow, branch, via), 0, NULL);
	err = body_add(&out, leg->flow, type, body);
	if (!err)
		err = txn_client_start(leg->home->txns,
			&(struct txn_client_params){.flow = leg->flow,
				.method = MESSAGE_INFO,
				.branch = branch,
				.request = buf_span(&out),
				.call = leg->call,
				.user = user},
			ret);
	buf_free(&out);
	return err;
}
