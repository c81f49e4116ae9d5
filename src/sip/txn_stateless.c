/* Requests that are answered without having been parsed: see stateless.h. */
#include "base/buf.h"
#include "sip/stateless.h"
#include "sip/txn_priv.h"

bool txn_has_invite(
	struct txn_layer *layer, const struct flow *flow, const struct stateless *invite)
{
	struct txn_id id;

	txn_id_make(&id, flow, invite->branch, invite->via_host, invite->via_port);
	return txn_server_find(layer, &id, MESSAGE_INVITE, flow) != NULL;
}

/* As txn_response_flow(). */
static struct flow *response_flow(struct flow *flow, const struct stateless *invite)
{
	const uint16_t port = invite->via_port ? invite->via_port : 5060;
	struct flow *result = NULL;

	if (flow->ops->at_port && !invite->rport && port != addr_port(&flow->remote))
		result = flow->ops->at_port(flow, port);
	return result ? result : flow_ref(flow);
}

void txn_refuse_unread(struct txn_layer *layer, struct flow *flow,
	const struct stateless *invite, int status, const char *extra)
{
	struct flow *back = response_flow(flow, invite);
	char host[ADDR_TEXT_SIZE];
	struct buf out;

	buf_init(&out, 0);
	stateless_respond(&out, invite, status, extra,
		addr_host_text(&flow->remote, host), addr_port(&flow->remote));
	if (!out.err)
		flow_send(back, 0, out.data, out.len);
	txn_count_refusal(layer, status);
	buf_free(&out);
	flow_unref(back);
}
