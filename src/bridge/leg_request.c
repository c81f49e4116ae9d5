#include "bridge/leg_priv.h"

#include "bridge/dtmf_sdp.h"
#include "bridge/leg_subscriber.h"
#include "bridge/noted.h"
#include "bridge/redial.h"
#include "bridge/uas.h"
#include "sip/compose.h"
#include "sip/reliable.h"

#include <stdlib.h>

/* WHY, and EXTRA, which may be NULL: see struct txn_refusal. */
static void refuse(struct txn_server *txn, int status, const char *why, const char *extra)
{
	txn_server_refuse(txn, NULL,
		&(struct txn_refusal){.status = status, .why = why, .extra = extra});
}

static bool is_over(const struct leg *leg)
{
	return leg->state == LEG_CLOSING || leg->state == LEG_OVER;
}

/* True: REQUEST came when the call was over, and was refused. */
static bool refuse_late(struct leg *leg, struct txn_server *txn)
{
	if (is_over(leg))
		refuse(txn, 481, "the call is over", NULL);
	return is_over(leg);
}

/* Its transaction is for the call to answer. */
static void report_request(struct leg *leg, enum leg_event event, struct txn_server *txn)
{
	const struct leg_report report = {
		.event = event, .message = txn_server_request(txn), .txn = txn};

	leg->h(leg->arg, leg, &report);
}

static void receive_bye(struct leg *leg, struct txn_server *txn)
{
	if (is_over(leg)) {
		txn_server_reply(txn, 200, NULL, NULL, NULL);
		return;
	}
	leg_attach_bye(leg, txn);
	noted_microsoft(&leg->microsoft, txn_server_request(txn));
	leg_report(leg, LEG_EVENT_BYE, txn_server_request(txn), 0, NULL);
}

static void receive_invite(struct leg *leg, struct txn_server *txn)
{
	if (refuse_late(leg, txn))
		return;
	/* RFC 3261 14.2: theirs while theirs is open, theirs while ours is open */
	if (leg_is_invited(leg))
		refuse(txn, 500, "an INVITE of its sender is not answered yet",
			"Retry-After: 5\r\n");
	else if (leg_is_inviting(leg))
		refuse(txn, 491, "an INVITE of ours is not answered yet", NULL);
	else if (leg->offer.state == OFFER_SENT)
		refuse(txn, 491, "an offer of ours is not answered yet", NULL);
	else if (leg_refresh_refuse(leg, txn))
		return;
	else if (leg_take_invite(leg, txn))
		refuse(txn, 503, "out of memory", NULL);
	else
		leg_report(leg, LEG_EVENT_REINVITE, txn_server_request(txn), 0, NULL);
}

static void receive_update(struct leg *leg, struct txn_server *txn)
{
	if (!refuse_late(leg, txn) && !leg_refresh_refuse(leg, txn))
		report_request(leg, LEG_EVENT_UPDATE, txn);
}

static void receive_prack(struct leg *leg, struct txn_server *txn)
{
	struct reliable_ack ack;

	if (!reliable_read_ack(txn_server_request(txn), &ack))
		txn_server_refuse(
			txn, NULL, &(struct txn_refusal){.status = 400, .where = "RAck"});
	else if (!leg->uas || uas_take_prack(leg->uas, &ack))
		refuse(txn, 481, "it acknowledges no response that waits for it", NULL);
	else
		report_request(leg, LEG_EVENT_PRACK, txn);
}

/* Digits, packages, and messages: each from who is configured so. */
static void receive_info(struct leg *leg, struct txn_server *txn)
{
	if (!refuse_late(leg, txn))
		report_request(leg, LEG_EVENT_INFO, txn);
}

static void receive_refer(struct leg *leg, struct txn_server *txn)
{
	if (!refuse_late(leg, txn))
		report_request(leg, LEG_EVENT_REFER, txn);
}

/* Nothing is ever subscribed to by us but by REFER (RFC 6665 4.1.3). */
static void receive_notify(struct leg *leg, struct txn_server *txn)
{
	subscriber_receive(leg, txn);
}

static void receive_options(struct leg *leg, struct txn_server *txn)
{
	struct buf extra;

	buf_init(&extra, 0);
	leg_add_allow(leg, &extra);
	buf_add_str(&extra, "Accept: application/sdp, multipart/mixed\r\n");
	txn_server_reply(txn, 200, NULL, NULL, buf_str(&extra));
	buf_free(&extra);
}

static bool takes_prack(const struct leg *leg)
{
	return leg->settings->reliable != CONFIG_RELIABLE_REFUSE;
}

static bool takes_refer(const struct leg *leg)
{
	return leg->settings->transfer.refer != CONFIG_REFER_REFUSE;
}

static bool takes_notify(const struct leg *leg)
{
	return leg->settings->transfer.allow_notify || leg->subscriber;
}

static bool takes_info(const struct leg *leg)
{
	return dtmf_sdp_is_signalled(leg) || leg->settings->messages.info_packages.count;
}

static bool takes_messages(const struct leg *leg)
{
	return leg->settings->messages.methods & CONFIG_METHOD_MESSAGE;
}

/* Allow is printed from it, in this order. */
const struct leg_method leg_methods[] = {
	{MESSAGE_INVITE, "INVITE", receive_invite, NULL},
	{MESSAGE_ACK, "ACK", NULL, NULL},       /* has no transaction */
	{MESSAGE_CANCEL, "CANCEL", NULL, NULL}, /* is its transaction's */
	{MESSAGE_BYE, "BYE", receive_bye, NULL},
	{MESSAGE_OPTIONS, "OPTIONS", receive_options, NULL},
	{MESSAGE_UPDATE, "UPDATE", receive_update, NULL},
	{MESSAGE_PRACK, "PRACK", receive_prack, takes_prack},
	{MESSAGE_INFO, "INFO", receive_info, takes_info},
	{MESSAGE_REFER, "REFER", receive_refer, takes_refer},
	{MESSAGE_NOTIFY, "NOTIFY", receive_notify, takes_notify},
	{MESSAGE_MESSAGE, "MESSAGE", receive_info, takes_messages},
	{.name = NULL},
};

/* 405: the peer learns what we do. */
static void refuse_method(struct leg *leg, struct txn_server *txn)
{
	struct buf allow;

	buf_init(&allow, 0);
	leg_add_allow(leg, &allow);
	refuse(txn, 405, NULL, buf_str(&allow));
	buf_free(&allow);
}

static void serve(struct leg *leg, struct txn_server *txn, enum message_method method)
{
	for (const struct leg_method *row = leg->methods; row->name; row++) {
		if (row->method != method || !row->receive)
			continue;
		if (row->allowed && !row->allowed(leg))
			break;
		row->receive(leg, txn);
		return;
	}
	refuse_method(leg, txn);
}

/* The request came over FLOW, which the leg uses from now on. What waited for another connection goes
 * there too: first, to keep its order, but behind the answer to an INVITE, since RFC 3261 14.1 wants no
 * INVITE of ours while one of theirs is open. */
static void serve_over(struct leg *leg, struct flow *flow, struct txn_server *txn,
	enum message_method method)
{
	struct flow *before = leg->flow ? flow_ref(leg->flow) : NULL;

	flow_ref(flow);
	if (before && method != MESSAGE_INVITE)
		redial_take(before, flow);
	leg_set_flow(leg, flow);
	serve(leg, txn, method);
	if (before && method == MESSAGE_INVITE)
		redial_take(before, flow);
	flow_unref(flow);
	flow_unref(before);
}

void leg_request(struct leg *leg, struct dialog *dialog, struct txn_server *txn,
	struct message *request)
{
	const enum message_method method = message_method(request);

	txn_server_set_owner(txn, leg_owner(leg));
	if (dialog_receive(dialog, request)) {
		txn_server_refuse(txn, NULL,
			&(struct txn_refusal){.status = 500,
				.where = "CSeq",
				.why = "its number is not above the last one"});
		return;
	}
	if (dialog != &leg->dialog && method != MESSAGE_PRACK) {
		refuse(txn, 481, "its early dialog gave way to another", NULL);
		return;
	}
	leg_note_allow(leg, request);
	/* over TLS in a call in plain: served, but the call goes on as it began */
	if (target_takes_flow(leg->target, txn_server_flow(txn)))
		serve_over(leg, txn_server_flow(txn), txn, method);
	else
		serve(leg, txn, method);
}
