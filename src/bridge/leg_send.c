/* Requests within the dialog that we send, but for INVITE and BYE, and responses with a body. */
#include "bridge/leg_priv.h"

#include "bridge/body.h"
#include "bridge/uac.h"
#include "sip/compose.h"

#include <errno.h>

int leg_info(struct leg *leg, const char *type, struct span body,
	const struct txn_client_user *user, struct txn_client **ret)
{
	struct request info;

	leg_follow_route(leg);
	info = leg_begin(leg, MESSAGE_INFO);
	leg_refresh_add_supported(leg, NULL, &info.text);
	body_add(&info.text, leg->flow, type, body);
	return request_send(&info, user, ret);
}

int leg_refer(struct leg *leg, struct span lines, const struct txn_client_user *user,
	struct txn_client **ret)
{
	struct request refer;

	leg_follow_route(leg);
	refer = leg_begin(leg, MESSAGE_REFER);
	leg_add_identity(leg, "User-Agent", &refer.text);
	leg_refresh_add_supported(leg, NULL, &refer.text);
	buf_add_span(&refer.text, lines);
	body_add_sdp(&refer.text, leg->flow, NULL);
	return request_send(&refer, user, ret);
}

int leg_pass(struct leg *leg, const struct message *request,
	const struct txn_client_user *user, struct txn_client **ret)
{
	const bool is_info = message_method(request) == MESSAGE_INFO;
	struct request passed;
	struct span package;
	int err;

	leg_follow_route(leg);
	passed = leg_begin(leg, message_method(request));
	if (is_info && message_line(request, "Info-Package", 0, &package))
		compose_header(&passed.text, "Info-Package", package);
	crossing_add_usual(&passed.text, request, is_info ? HEADER_INFO : HEADER_MESSAGE);
	compose_header_str(&passed.text, "User-Agent", "Tandem");
	body_add_of(&passed.text, leg->flow, request);
	err = passed.text.err;
	if (!err && !is_info && leg->flow->kind == TRANSPORT_UDP &&
		passed.text.len > MESSAGES_UDP_MAX)
		err = ERR_SUPPORT;
	if (err) {
		buf_free(&passed.text);
		return err;
	}
	return request_send(&passed, user, ret);
}

/* RFC 3262 4. Its response says nothing that we could do anything about. */
void leg_prack(struct leg *leg, const struct sdp *sdp)
{
	struct request prack;

	if (!leg->prack_due || !leg->uac)
		return;
	leg_follow_route(leg);
	prack = leg_begin(leg, MESSAGE_PRACK);
	buf_printf(&prack.text, "RAck: %u %u INVITE\r\n", (unsigned)leg->prack_due,
		(unsigned)uac_cseq(leg->uac));
	leg->prack_due = 0;
	leg_refresh_add_supported(leg, NULL, &prack.text);
	body_add_sdp(&prack.text, leg->flow, sdp);
	request_send(&prack, NULL, NULL);
}

/* ---- UPDATE ---- */

static void update_over(
	struct leg *leg, struct txn_client *txn, struct message *response, int status)
{
	txn_client_detach(txn);
	leg->update_out = NULL;
	if (response && status < 300)
		dialog_refresh(&leg->dialog, response);
	if (response && status < 300 && leg->state == LEG_TALKING)
		leg_refresh_heed(leg, response);
	leg_report(leg, LEG_EVENT_UPDATED, response, status, NULL);
}

static void update_response_h(void *arg, struct txn_client *txn, struct message *response)
{
	if (message_status(response) >= 200)
		update_over(arg, txn, response, message_status(response));
}

static void update_failed_h(void *arg, struct txn_client *txn, int err)
{
	update_over(arg, txn, NULL, err == -ETIMEDOUT ? 408 : 503);
}

static void update_repeated_h(
	void *arg, struct txn_client *txn, const struct txn_client_request *request)
{
	struct leg *leg = arg;

	leg->update_out = txn;
	leg_refresh_repeated(leg, request->min_se_s);
}

int leg_update(struct leg *leg, const struct sdp *sdp)
{
	const struct txn_client_user user = {.repeated_h = update_repeated_h,
		.response_h = update_response_h,
		.failed_h = update_failed_h,
		.arg = leg};
	struct request update;

	leg_follow_route(leg);
	update = leg_begin(leg, MESSAGE_UPDATE);
	leg_add_identity(leg, "User-Agent", &update.text);
	leg_add_connected(leg, &update.text);
	leg_refresh_add_supported(leg, NULL, &update.text);
	if (leg->state == LEG_TALKING)
		leg_refresh_add_to_request(leg, false, &update.text);
	update.takes_422 = leg_refresh_takes_422(leg);
	leg_add_heard(leg, HEADER_REQUESTS, &update.text);
	body_add_sdp(&update.text, leg->flow, sdp);
	return request_send(&update, &user, &leg->update_out);
}

void leg_accept_refer(struct leg *leg, struct txn_server *txn, bool silent)
{
	struct buf extra;

	buf_init(&extra, 0);
	leg_add_identity(leg, "Server", &extra);
	if (silent)
		buf_add_str(&extra, "Refer-Sub: false\r\n");
	if (extra.err)
		txn_server_reply(txn, 503, NULL, leg->dialog.local_tag, NULL);
	else
		txn_server_reply(txn, 202, NULL, leg->dialog.local_tag, buf_str(&extra));
	buf_free(&extra);
}

void leg_reply(struct leg *leg, struct txn_server *txn, const struct sdp *sdp)
{
	struct message *request = txn_server_request(txn);
	const bool update = request && message_method(request) == MESSAGE_UPDATE;
	/* of an early dialog the 2xx to its INVITE decides */
	const bool timed = update && leg->state == LEG_TALKING;
	bool answered;
	struct buf out;

	if (!request)
		return;
	buf_init(&out, 0);
	compose_response(&out, request, 200, NULL, leg->dialog.local_tag);
	if (update) {
		leg_add_identity(leg, "Server", &out);
		leg_add_connected(leg, &out);
		leg_add_heard(leg, HEADER_RESPONSES, &out);
	}
	if (timed)
		leg_refresh_add_to_answer(leg, request, &out);
	answered = !body_add_sdp(&out, leg->flow, sdp);
	if (answered)
		txn_server_respond(txn, 200, out.data, out.len);
	else
		txn_server_reply(txn, 500, NULL, NULL, NULL);
	buf_free(&out);
	if (timed && answered)
		leg_refresh_answered(leg);
}
