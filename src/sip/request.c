#include "sip/request.h"

void request_begin(struct request *request, struct dialog *dialog)
{
	char via[TXN_VIA_SIZE];

	txn_branch(request->branch);
	buf_init(&request->text, 0);
	dialog_request(dialog, &request->text, request->method,
		txn_via(request->txns, request->flow, request->branch, via),
		request->cseq, &request->cseq);
}

int request_send(struct request *request, const struct txn_client_user *user,
	struct txn_client **ret)
{
	const int err = request->text.err;
	struct txn_client_params params = {.flow = request->flow,
		.method = request->method,
		.branch = request->branch,
		.call = request->call,
		.user = user};

	params.request = buf_steal(&request->text, &params.request_len);
	return err ? err : txn_client_start(request->txns, &params, ret);
}

int request_send_ack(struct request *request)
{
	const struct buf *text = &request->text;

	return text->err ? text->err
			 : flow_send(request->flow, request->call, text->data, text->len);
}
