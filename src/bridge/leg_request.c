#include "bridge/leg_priv.h"

static void receive_bye(struct leg *leg, struct txn_server *txn)
{
	if (leg->state == LEG_CLOSING || leg->state == LEG_OVER) {
		txn_server_reply(txn, 200, NULL, NULL, NULL);
		return;
	}
	leg->bye_in = txn;
	leg_attach(leg, txn);
	leg_report(leg, LEG_EVENT_BYE, txn_server_request(txn), 0, NULL);
}

static void receive_reinvite(struct leg *leg, struct txn_server *txn)
{
	if (leg->state != LEG_TALKING) {
		txn_server_reply(txn, leg->state == LEG_INVITING ? 500 : 481, NULL, NULL,
			leg->state == LEG_INVITING ? "Retry-After: 5\r\n" : NULL);
		return;
	}
	/* RFC 3261 14.2: theirs while theirs is open, theirs while ours is open */
	if (leg->invite_in) {
		txn_server_reply(txn, 500, NULL, NULL, "Retry-After: 5\r\n");
		return;
	}
	if ((leg->invite_out && !leg->answered) || leg->offer.state != OFFER_IDLE) {
		txn_server_reply(txn, 491, NULL, NULL, NULL);
		return;
	}
	leg->invite_in = txn;
	leg_attach(leg, txn);
	leg_report(leg, LEG_EVENT_REINVITE, txn_server_request(txn), 0, NULL);
}

void leg_request(struct leg *leg, struct txn_server *txn, struct message *request)
{
	txn_server_set_call(txn, leg->call);
	if (dialog_receive(&leg->dialog, request)) {
		txn_server_reply(txn, 500, NULL, NULL, NULL);
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
		txn_server_reply(txn, 200, NULL, NULL,
			"Allow: " LEG_ALLOW "\r\nAccept: application/sdp\r\n");
		break;
	default:
		txn_server_reply(txn, 405, NULL, NULL, "Allow: " LEG_ALLOW "\r\n");
		break;
	}
}
