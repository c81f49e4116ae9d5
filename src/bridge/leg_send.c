/* Requests within the dialog that we send, but for INVITE and BYE, and responses with a body. */
#include "bridge/leg_priv.h"

#include "bridge/body.h"
#include "bridge/identity.h"
#include "bridge/uac.h"
#include "sip/compose.h"

#include <errno.h>

/* Begins METHOD within the leg's dialog; BRANCH is made. */
static void begin(struct leg *leg, enum message_method method,
	char branch[static TXN_BRANCH_SIZE], struct buf *out)
{
	char via[IDENTITY_SIZE];

	leg_follow_route(leg);
	txn_branch(branch);
	buf_init(out, 0);
	dialog_request(&leg->dialog, out, method,
		identity_via(leg->home, leg->flow, branch, via), 0, NULL);
}

/* Sends OUT, whole, and frees it. RET may be NULL. */
static int send_request(struct leg *leg, enum message_method method, const char *branch,
	struct buf *out, const struct txn_client_user *user, struct txn_client **ret)
{
	int err = out->err;

	if (!err)
		err = txn_client_start(leg->home->txns,
			&(struct txn_client_params){.flow = leg->flow,
				.method = method,
				.branch = branch,
				.request = buf_span(out),
				.call = leg->call,
				.user = user},
			ret);
	buf_free(out);
	return err;
}

int leg_info(struct leg *leg, const char *type, struct span body,
	const struct txn_client_user *user, struct txn_client **ret)
{
	char branch[TXN_BRANCH_SIZE];
	struct buf out;

	begin(leg, MESSAGE_INFO, branch, &out);
	body_add(&out, leg->flow, type, body);
	return send_request(leg, MESSAGE_INFO, branch, &out, user, ret);
}

/* RFC 3262 4. Its response says nothing that we could do anything about. */
void leg_prack(struct leg *leg, const struct sdp *sdp)
{
	char branch[TXN_BRANCH_SIZE];
	struct buf out;

	if (!leg->prack_due || !leg->uac)
		return;
	begin(leg, MESSAGE_PRACK, branch, &out);
	buf_printf(&out, "RAck: %u %u INVITE\r\n", (unsigned)leg->prack_due,
		(unsigned)uac_cseq(leg->uac));
	leg->prack_due = 0;
	body_add_sdp(&out, leg->flow, sdp);
	send_request(leg, MESSAGE_PRACK, branch, &out, NULL, NULL);
}

/* ---- UPDATE ---- */

static void update_over(
	struct leg *leg, struct txn_client *txn, struct message *response, int status)
{
	txn_client_detach(txn);
	leg->update_out = NULL;
	if (response && status < 300)
		dialog_refresh(&leg->dialog, response);
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

int leg_update(struct leg *leg, const struct sdp *sdp)
{
	const struct txn_client_user user = {
		.response_h = update_response_h, .failed_h = update_failed_h, .arg = leg};
	char branch[TXN_BRANCH_SIZE];
	struct buf out;

	begin(leg, MESSAGE_UPDATE, branch, &out);
	leg_add_identity(leg, "User-Agent", &out);
	body_add_sdp(&out, leg->flow, sdp);
	return send_request(leg, MESSAGE_UPDATE, branch, &out, &user, &leg->update_out);
}

void leg_reply(struct leg *leg, struct txn_server *txn, const struct sdp *sdp)
{
	struct message *request = txn_server_request(txn);
	struct buf out;

	if (!request)
		return;
	buf_init(&out, 0);
	compose_response(&out, request, 200, NULL, leg->dialog.local_tag);
	if (message_method(request) == MESSAGE_UPDATE)
		leg_add_identity(leg, "Server", &out);
	if (!body_add_sdp(&out, leg->flow, sdp))
		txn_server_respond(txn, 200, out.data, out.len);
	else
		txn_server_reply(txn, 500, NULL, NULL, NULL);
	buf_free(&out);
}
