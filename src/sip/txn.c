#include "sip/txn.h"

#include "base/err.h"
#include "base/log.h"
#include "base/secret.h"
#include "sip/compose.h"
#include "sip/txn_priv.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int txn_layer_new(struct txn_layer **ret, struct timers *timers,
	const struct txn_times *times, const struct txn_handlers *handlers)
{
	struct txn_layer *layer = calloc(1, sizeof(*layer));

	if (!layer)
		return -ENOMEM;
	layer->timers = timers;
	layer->times = *times;
	layer->handlers = *handlers;
	log_limit_init(
		&layer->log_limit, timers, "txn", LOG_LEVEL_INFO, LOG_LINES_A_SECOND);
	list_init(&layer->dead);
	if (hash_init(&layer->clients) || hash_init(&layer->servers) ||
		hash_init(&layer->merges)) {
		txn_layer_free(layer);
		return -ENOMEM;
	}
	*ret = layer;
	return 0;
}

static void drop_client(void *arg, struct hash_node *node)
{
	struct txn_client *txn = txn_client_of_node(node);

	(void)arg;
	txn_client_detach(txn);
	txn_client_base(txn)->transport_failed_h(txn_client_base(txn));
}

static void drop_server(void *arg, struct hash_node *node)
{
	struct txn_server *txn = txn_server_of_node(node);

	(void)arg;
	txn_server_detach(txn);
	txn_server_base(txn)->transport_failed_h(txn_server_base(txn));
}

void txn_layer_free(struct txn_layer *layer)
{
	if (!layer)
		return;
	if (layer->clients.slots)
		hash_each(&layer->clients, drop_client, NULL);
	if (layer->servers.slots)
		hash_each(&layer->servers, drop_server, NULL);
	txn_base_free_ended(layer);
	timer_stop(&layer->reaper);
	log_limit_end(&layer->log_limit);
	hash_free(&layer->clients);
	hash_free(&layer->servers);
	hash_free(&layer->merges);
	free(layer);
}

/* A response counts from the peer that has the request. */
static struct txn_client *find_client(
	struct txn_layer *layer, const struct flow *flow, const struct message *response)
{
	struct txn_client *txn = txn_client_find(layer, response);

	return txn && txn_base_is_with(txn_client_base(txn), flow) ? txn : NULL;
}

uint64_t txn_owner_of(
	struct txn_layer *layer, const struct flow *flow, const struct message *message)
{
	enum message_method method = message_method(message);
	struct txn_client *client;
	struct txn_server *server;
	struct txn_id id;

	if (!message_is_request(message)) {
		client = find_client(layer, flow, message);
		return client ? txn_client_base(client)->owner : 0;
	}
	if (method == MESSAGE_ACK || method == MESSAGE_CANCEL)
		method = MESSAGE_INVITE;
	txn_id_read(&id, flow, message);
	server = txn_server_find(layer, &id, method, flow);
	return server ? txn_server_base(server)->owner : 0;
}

unsigned txn_count(const struct txn_layer *layer)
{
	return layer->count;
}

void txn_branch(char out[static TXN_BRANCH_SIZE])
{
	memcpy(out, "z9hG4bK", 7);
	secret_token(out + 7, 12);
}

/* Answers without a transaction, for what must leave no state behind. */
static void refuse_statelessly(struct txn_layer *layer, struct flow *flow,
	const struct message *request, const struct txn_refusal *refusal)
{
	struct flow *back = txn_response_flow(flow, request);
	struct buf out;

	buf_init(&out, 0);
	txn_trace(layer, flow, request, refusal);
	if (!compose_response(&out, request, refusal->status, refusal->phrase, "0")) {
		if (message_method(request) == MESSAGE_INVITE)
			txn_add_warning(layer, flow, refusal, &out);
		compose_body(&out, NULL, (struct span){0});
		if (!out.err)
			flow_send(back, 0, out.data, out.len);
	}
	buf_free(&out);
	flow_unref(back);
}

/* What cannot be answered: it is an ACK or a response, or lacks what an answer needs. */
static void drop(struct txn_layer *layer, const struct flow *flow,
	const struct message *message, const struct message_fault *fault)
{
	const struct txn_refusal dropped = {.where = fault->header,
		.why = fault->reason ? fault->reason : "incomplete"};

	txn_trace(layer, flow, message, &dropped);
}

/* RFC 3261 9.2: 200 when the INVITE is known, whatever becomes of it; else 481. */
static void receive_cancel(struct txn_layer *layer, struct txn_server *cancel_txn,
	struct message *cancel, const struct txn_id *id)
{
	struct txn_server *invite =
		txn_server_find(layer, id, MESSAGE_INVITE, txn_server_flow(cancel_txn));

	if (!invite) {
		txn_server_reply(cancel_txn, 481, NULL, NULL, NULL);
		return;
	}
	txn_server_set_owner(cancel_txn, txn_server_base(invite)->owner);
	txn_server_reply(cancel_txn, 200, NULL, NULL, NULL);
	if (!txn_server_has_final(invite))
		layer->handlers.cancel_h(layer->handlers.arg, invite, cancel);
}

unsigned txn_loose(const struct txn_layer *layer)
{
	return layer->loose;
}

static void begin_server(struct txn_layer *layer, struct flow *flow,
	struct message *request, const struct txn_id *id)
{
	struct txn_server *txn;

	if (txn_server_is_merged(layer, request)) {
		refuse_statelessly(layer, flow, request,
			&(struct txn_refusal){.status = 482,
				.why = "the same request came by another path"});
		return;
	}
	if (txn_server_start(layer, &txn, flow, request, id)) {
		refuse_statelessly(layer, flow, request,
			&(struct txn_refusal){.status = 503, .why = "out of memory"});
		return;
	}
	if (message_method(request) == MESSAGE_CANCEL)
		receive_cancel(layer, txn, request, id);
	else
		layer->handlers.request_h(layer->handlers.arg, txn, request);
}

static void receive_request(struct txn_layer *layer, struct flow *flow,
	struct message *request, const struct message_fault *fault)
{
	enum message_method method = message_method(request);
	struct txn_server *txn;
	struct txn_id id;

	if (fault->status) {
		if (method != MESSAGE_ACK && message_can_answer(request))
			refuse_statelessly(layer, flow, request,
				&(struct txn_refusal){.status = fault->status,
					.phrase = fault->reason,
					.where = fault->header});
		else
			drop(layer, flow, request, fault);
		return;
	}
	txn_id_read(&id, flow, request);
	txn = txn_server_find(
		layer, &id, method == MESSAGE_ACK ? MESSAGE_INVITE : method, flow);
	if (method == MESSAGE_ACK && (!txn || txn_server_base(txn)->ended))
		layer->handlers.ack_h(layer->handlers.arg, flow, request);
	else if (txn)
		txn_server_receive(txn, request);
	else
		begin_server(layer, flow, request, &id);
}

/* One line names the headers whose faults were let pass. */
static void log_tolerated(const struct flow *flow, const struct message *message)
{
	char where[ADDR_TEXT_SIZE], text[LOG_TEXT_SIZE];
	struct buf names;

	if (!message_tolerated(message) || log_finest_level() < LOG_LEVEL_DEBUG)
		return;
	buf_init(&names, 0);
	for (unsigned i = 0; i < message_tolerated(message); i++)
		buf_printf(&names, "%s%s", i ? ", " : "",
			message_tolerated_name(message, i));
	log_debug("txn", "event=header-tolerated remote=%s header=%s",
		addr_text(&flow->remote, where),
		log_text(text, names.data ? names.data : "", names.len));
	buf_free(&names);
}

void txn_receive(struct txn_layer *layer, struct flow *flow, struct message *message,
	const struct message_fault *fault)
{
	struct txn_client *txn;

	log_tolerated(flow, message);
	if (message_is_request(message)) {
		receive_request(layer, flow, message, fault);
		return;
	}
	if (fault->status || !message_can_answer(message)) {
		drop(layer, flow, message, fault);
		return;
	}
	txn = find_client(layer, flow, message);
	if (txn)
		txn_client_receive(txn, message);
	else
		layer->handlers.unmatched_h(layer->handlers.arg, flow, message);
}

static struct txn_base *base_on_flow(struct list *node)
{
	return LIST_ENTRY(node, struct txn_base, flow_node);
}

void txn_flow_closed(struct txn_layer *layer, struct flow *flow)
{
	struct list closing;

	/* Handlers may start or end any transaction, so those of now are listed first. */
	list_init(&closing);
	LIST_FOREACH (&flow->held[FLOW_TXN], node, next) {
		struct txn_base *base = base_on_flow(node);

		if (base->layer == layer)
			list_append(&closing, &base->closing_node);
	}
	while (!list_empty(&closing)) {
		struct txn_base *base =
			LIST_ENTRY(closing.next, struct txn_base, closing_node);

		list_remove(&base->closing_node);
		base->transport_failed_h(base);
	}
}

void txn_flow_replaced(struct txn_layer *layer, struct flow *waiting, struct flow *flow)
{
	struct list moving;

	/* Sending may end any of them. */
	list_init(&moving);
	LIST_FOREACH (&waiting->held[FLOW_TXN], node, next) {
		struct txn_base *base = base_on_flow(node);

		if (base->layer == layer && base->quoted_h)
			list_append(&moving, &base->closing_node);
	}
	while (!list_empty(&moving)) {
		struct txn_base *base =
			LIST_ENTRY(moving.next, struct txn_base, closing_node);

		list_remove(&base->closing_node);
		txn_client_begin(base, flow);
	}
}

/* By what little is quoted: it may be that of several. */
static void unreachable_by_start(
	struct txn_layer *layer, struct flow *flow, struct span quoted, int err)
{
	struct list failing;

	list_init(&failing);
	LIST_FOREACH (&flow->held[FLOW_TXN], node, next) {
		struct txn_base *base = base_on_flow(node);

		if (base->layer == layer && base->quoted_h &&
			base->quoted_h(base, quoted))
			list_append(&failing, &base->closing_node);
	}
	while (!list_empty(&failing)) {
		struct txn_base *base =
			LIST_ENTRY(failing.next, struct txn_base, closing_node);

		list_remove(&base->closing_node);
		txn_client_unreachable(base, err);
	}
}

/* A far end that goes while very many transactions are with it sends as many errors: none may cost a look at all of
 * them. */
void txn_unreachable(
	struct txn_layer *layer, struct flow *flow, struct span quoted, int err)
{
	struct txn_base *base;

	if (!txn_client_find_quoted(layer, quoted, &base))
		unreachable_by_start(layer, flow, quoted, err);
	else if (base && base->flow == flow && base->quoted_h(base, quoted))
		txn_client_unreachable(base, err);
}
