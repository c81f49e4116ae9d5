#include "upkeep/register_send.h"

#include "sip/compose.h"
#include "sip/failure.h"

static void response_h(void *arg, struct txn_client *txn, struct message *response)
{
	struct register_send *send = arg;
	const struct register_outcome outcome = {.response = response};

	if (message_status(response) < 200)
		return;
	txn_client_detach(txn);
	send->txn = NULL;
	send->h(send->arg, &outcome);
}

static void failed_h(void *arg, struct txn_client *txn, int err)
{
	struct register_send *send = arg;
	const struct flow *flow = send->flow;
	char words[ERR_REASON_SIZE];
	const struct register_outcome outcome = {
		.why = err == ERR_CLOSED && flow->why
			       ? flow->why
			       : failure_of_request(
					 err, flow->kind, &flow->remote, words)};

	txn_client_detach(txn);
	send->txn = NULL;
	send->h(send->arg, &outcome);
}

/* It was sent again with credentials: that is its transaction now. */
static void repeated_h(
	void *arg, struct txn_client *txn, const struct txn_client_request *request)
{
	struct register_send *send = arg;

	(void)request;
	send->txn = txn;
}

static int find_flow(const struct register_send_params *params, struct flow **ret,
	struct err_text *text)
{
	struct flow *standing = params->standing;
	struct transport_target to;
	int err;

	if (standing && !standing->closed &&
		addr_equal(&standing->remote, params->address)) {
		*ret = flow_ref(standing);
		return 0;
	}
	err = target_connection(params->target, params->address, &to, text);

	/* two flows to one registrar are two connections, to its two proxies */
	if (params->plan->reg_id)
		to.reuse = TRANSPORT_REUSE_HOST;
	return err ? err
		   : transport_flow(bridge_transport(params->by->bridge, SIDE_EXTERNAL),
			     &to, ret, text);
}

static int compose(struct register_send *send, const struct register_send_params *params,
	struct request *ret)
{
	struct bridge_names names;
	struct register_request asked = {.plan = params->plan,
		.registration = params->registration,
		.names = &names,
		.host = params->host,
		.expires_ms = params->expires_ms};
	int err = 0;

	bridge_names(params->by->bridge, params->target, target_host(params->target),
		send->flow, &names);
	register_request_contact(&asked, send->contact);
	if (!params->dialog->call_id)
		err = register_request_dialog(params->dialog, &asked);
	if (!err)
		err = dialog_name_us(
			params->dialog, params->target->settings->contact_host);
	if (!err)
		err = register_request_route(params->dialog, &asked, send->flow->kind);
	if (err)
		return err;
	*ret = (struct request){.txns = bridge_txns(params->by->bridge, SIDE_EXTERNAL),
		.flow = send->flow,
		.method = MESSAGE_REGISTER,
		.account = trunk_account(params->target->trunk, send->flow)};
	request_begin(ret, params->dialog);
	register_request_headers(ret, &asked);
	compose_body(&ret->text, NULL, (struct span){0});
	return 0;
}

int register_send_start(struct register_send *send,
	const struct register_send_params *params, struct err_text *text)
{
	const struct txn_client_user user = {.repeated_h = repeated_h,
		.response_h = response_h,
		.failed_h = failed_h,
		.arg = send};
	struct request request;
	int err;

	register_send_stop(send);
	send->h = params->h;
	send->arg = params->arg;
	send->expires_ms = params->expires_ms;
	err = find_flow(params, &send->flow, text);
	if (err)
		return err;
	err = compose(send, params, &request);
	if (!err)
		err = request_send(&request, &user, &send->txn);
	if (!err)
		return 0;
	register_send_stop(send);
	return err_set(text, err, "REGISTER cannot be sent: %s", err_str(err));
}

void register_send_stop(struct register_send *send)
{
	struct flow *flow = send->flow;

	if (send->txn)
		txn_client_abandon(send->txn);
	send->txn = NULL;
	send->flow = NULL;
	flow_unref(flow);
}
