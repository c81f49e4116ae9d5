#include "sip/request.h"

#include "sip/repeat.h"

void request_begin(struct request *request, struct dialog *dialog)
{
	char via[TXN_VIA_SIZE];
	size_t len = 0;

	txn_branch(request->branch);
	request->host[0] = '\0';
	if (dialog->our_host)
		span_append(request->host, sizeof(request->host), &len, dialog->our_host);
	buf_init(&request->text, 0);
	request->dialog = dialog;
	dialog_request(dialog, &request->text, request->method,
		txn_via(request->txns, request->flow, dialog->our_host, request->branch,
			via),
		request->cseq, &request->cseq);
}

/* Who sends it again when he is asked to. Without memory it goes as it is, and that answer is its
 * final response. */
static struct txn_again *make_again(struct request *request)
{
	if (!request->account && !request->takes_422)
		return NULL;
	if (request->account)
		repeat_write_credentials(request->account, &request->text);
	if (request->account && request->method == MESSAGE_INVITE)
		request->credentials = repeat_credentials(buf_span(&request->text));
	return repeat_new(request->account, request->dialog, request->takes_422);
}

int request_send(struct request *request, const struct txn_client_user *user,
	struct txn_client **ret)
{
	struct txn_again *again = make_again(request);
	const int err = request->text.err;
	struct txn_client_params params = {.flow = request->flow,
		.method = request->method,
		.branch = request->branch,
		.host = request->host[0] ? request->host : NULL,
		.owner = request->owner,
		.user = user,
		.again = again};

	params.request = buf_steal(&request->text, &params.request_len);
	if (err && again)
		again->free_h(again);
	return err ? err : txn_client_start(request->txns, &params, ret);
}

int request_send_ack(struct request *request)
{
	const struct buf *text = &request->text;

	return text->err
		       ? text->err
		       : flow_send(request->flow, request->owner, text->data, text->len);
}
