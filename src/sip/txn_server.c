/* Server transactions: RFC 3261 17.2 with RFC 6026 7.1 and 8.7. */
#include "base/err.h"
#include "base/secret.h"
#include "sip/compose.h"
#include "sip/txn_priv.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum server_state {
	SERVER_TRYING, /* other requests than INVITE; nothing was answered */
	SERVER_PROCEEDING,
	SERVER_ACCEPTED,  /* INVITE, 2xx sent: the user retransmits it (RFC 6026) */
	SERVER_COMPLETED, /* final response sent */
	SERVER_CONFIRMED, /* INVITE: its ACK came */
	SERVER_TERMINATED,
	SERVER_STATES,
};

enum server_event {
	SERVER_REQUEST, /* the request again */
	SERVER_ACK,
	SERVER_SEND_1XX,
	SERVER_SEND_2XX,
	SERVER_SEND_3XX_6XX,
	SERVER_RETRANSMIT, /* Timer G */
	SERVER_TIMEOUT,    /* Timer H, I, J or L */
	SERVER_FAILED,     /* the transport failed */
	SERVER_EVENTS,
};

struct txn_server {
	struct txn_base base;
	struct hash_node node;
	struct hash_node merge_node;
	uint64_t key, merge_key;
	bool merge_listed;
	bool is_loose; /* of no call: counted in the layer */
	enum server_state state;
	struct txn_server_user user;
	struct message *request; /* until the final response */
	char *response;          /* last sent, for retransmission */
	size_t response_len;
	char to_tag[20];
	size_t id_len;
	char id[]; /* the bytes of its struct txn_id */
};

struct server_rule {
	/* FROM is the state before; the transaction is in `next` already. Returns what
	 * sending gave. */
	int (*act)(struct txn_server *txn, enum server_state from, struct span response);
	enum server_state next;
};

static int server_event(
	struct txn_server *txn, enum server_event event, struct span response);

static void server_retransmit_h(void *arg)
{
	server_event(arg, SERVER_RETRANSMIT, (struct span){0});
}

static void server_timeout_h(void *arg)
{
	server_event(arg, SERVER_TIMEOUT, (struct span){0});
}

/* Sending may close the flow and so end the transaction: then no timer may start. */
static void start_timeout(struct txn_server *txn, uint64_t delay_ms)
{
	if (!txn->base.ended)
		timer_start(txn->base.layer->timers, &txn->base.timeout, delay_ms,
			server_timeout_h, txn);
}

static void start_retransmit(struct txn_server *txn, uint64_t interval_ms)
{
	if (txn->base.ended)
		return;
	txn->base.interval_ms = interval_ms;
	timer_start(txn->base.layer->timers, &txn->base.retransmit, interval_ms,
		server_retransmit_h, txn);
}

static uint64_t t1_ms(const struct txn_server *txn)
{
	return txn->base.layer->times.t1_ms;
}

static bool reliable(const struct txn_server *txn)
{
	return flow_is_reliable(txn->base.flow);
}

static int keep_and_send(struct txn_server *txn, struct span response)
{
	char *copy = span_dup(response);

	if (!copy)
		return -ENOMEM;
	secret_free(txn->response, txn->response_len);
	txn->response = copy;
	txn->response_len = response.len;
	return txn_base_send(&txn->base, response);
}

static void forget_request(struct txn_server *txn)
{
	message_unref(txn->request);
	txn->request = NULL;
}

static void forget_response(struct txn_server *txn)
{
	secret_free(txn->response, txn->response_len);
	txn->response = NULL;
	txn->response_len = 0;
}

/* ---- actions ---- */

static int act_none(struct txn_server *txn, enum server_state from, struct span response)
{
	(void)txn;
	(void)from;
	(void)response;
	return 0;
}

static int act_reject(
	struct txn_server *txn, enum server_state from, struct span response)
{
	(void)txn;
	(void)from;
	(void)response;
	return ERR_STATE;
}

static int act_resend(
	struct txn_server *txn, enum server_state from, struct span response)
{
	(void)from;
	(void)response;
	if (!txn->response)
		return 0;
	return txn_base_send(&txn->base, (struct span){txn->response, txn->response_len});
}

static int act_provisional(
	struct txn_server *txn, enum server_state from, struct span response)
{
	(void)from;
	return keep_and_send(txn, response);
}

/* Timer L: retransmitted INVITEs are absorbed so long (RFC 6026 8.7). */
static int act_accept(
	struct txn_server *txn, enum server_state from, struct span response)
{
	forget_request(txn);
	forget_response(txn);
	if (from != SERVER_ACCEPTED)
		start_timeout(txn, 64 * t1_ms(txn));
	return txn_base_send(&txn->base, response);
}

/* Timers G and H. */
static int act_refuse(
	struct txn_server *txn, enum server_state from, struct span response)
{
	int err = keep_and_send(txn, response);

	(void)from;
	forget_request(txn);
	start_timeout(txn, 64 * t1_ms(txn));
	if (!txn->base.ended && !reliable(txn))
		start_retransmit(txn, t1_ms(txn));
	return err;
}

/* Timer J. */
static int act_finish(
	struct txn_server *txn, enum server_state from, struct span response)
{
	int err = keep_and_send(txn, response);

	(void)from;
	forget_request(txn);
	if (!txn->base.ended)
		start_timeout(txn, reliable(txn) ? 0 : 64 * t1_ms(txn));
	return err;
}

static int act_retransmit(
	struct txn_server *txn, enum server_state from, struct span response)
{
	uint64_t interval_ms = txn->base.interval_ms * 2;

	if (interval_ms > txn->base.layer->times.t2_ms)
		interval_ms = txn->base.layer->times.t2_ms;
	act_resend(txn, from, response);
	start_retransmit(txn, interval_ms);
	return 0;
}

/* The ACK for a final response other than 2xx. Timer I absorbs its retransmissions. */
static int act_confirm(
	struct txn_server *txn, enum server_state from, struct span response)
{
	(void)from;
	(void)response;
	timer_stop(&txn->base.retransmit);
	forget_response(txn);
	start_timeout(txn, reliable(txn) ? 0 : txn->base.layer->times.t4_ms);
	return 0;
}

static int act_fail(struct txn_server *txn, enum server_state from, struct span response)
{
	(void)from;
	(void)response;
	if (txn->user.failed_h)
		txn->user.failed_h(txn->user.arg, txn);
	return 0;
}

/*
 * RFC 3261 figure 7, RFC 6026 figure 5. A response that does not fit the state is our own
 * mistake and refused (act_reject); what else does not fit is dropped. An INVITE has no Trying.
 */
static const struct server_rule invite_rules[SERVER_STATES][SERVER_EVENTS] =
	{
		[SERVER_TRYING] =
			{
				[SERVER_REQUEST] = {act_none, SERVER_TRYING},
				[SERVER_ACK] = {act_none, SERVER_TRYING},
				[SERVER_SEND_1XX] = {act_reject, SERVER_TRYING},
				[SERVER_SEND_2XX] = {act_reject, SERVER_TRYING},
				[SERVER_SEND_3XX_6XX] = {act_reject, SERVER_TRYING},
				[SERVER_RETRANSMIT] = {act_none, SERVER_TRYING},
				[SERVER_TIMEOUT] = {act_none, SERVER_TRYING},
				[SERVER_FAILED] = {act_none, SERVER_TRYING},
			},
		[SERVER_PROCEEDING] =
			{
				[SERVER_REQUEST] = {act_resend, SERVER_PROCEEDING},
				[SERVER_ACK] = {act_none, SERVER_PROCEEDING},
				[SERVER_SEND_1XX] = {act_provisional, SERVER_PROCEEDING},
				[SERVER_SEND_2XX] = {act_accept, SERVER_ACCEPTED},
				[SERVER_SEND_3XX_6XX] = {act_refuse, SERVER_COMPLETED},
				[SERVER_RETRANSMIT] = {act_none, SERVER_PROCEEDING},
				[SERVER_TIMEOUT] = {act_none, SERVER_PROCEEDING},
				[SERVER_FAILED] = {act_fail, SERVER_TERMINATED},
			},
		[SERVER_ACCEPTED] =
			{
				[SERVER_REQUEST] = {act_none, SERVER_ACCEPTED},
				[SERVER_ACK] = {act_none, SERVER_ACCEPTED},
				[SERVER_SEND_1XX] = {act_reject, SERVER_ACCEPTED},
				[SERVER_SEND_2XX] = {act_accept, SERVER_ACCEPTED},
				[SERVER_SEND_3XX_6XX] = {act_reject, SERVER_ACCEPTED},
				[SERVER_RETRANSMIT] = {act_none, SERVER_ACCEPTED},
				[SERVER_TIMEOUT] = {act_none, SERVER_TERMINATED},
				[SERVER_FAILED] = {act_none, SERVER_TERMINATED},
			},
		[SERVER_COMPLETED] =
			{
				[SERVER_REQUEST] = {act_resend, SERVER_COMPLETED},
				[SERVER_ACK] = {act_confirm, SERVER_CONFIRMED},
				[SERVER_SEND_1XX] = {act_reject, SERVER_COMPLETED},
				[SERVER_SEND_2XX] = {act_reject, SERVER_COMPLETED},
				[SERVER_SEND_3XX_6XX] = {act_reject, SERVER_COMPLETED},
				[SERVER_RETRANSMIT] = {act_retransmit, SERVER_COMPLETED},
				[SERVER_TIMEOUT] = {act_fail, SERVER_TERMINATED},
				[SERVER_FAILED] = {act_fail, SERVER_TERMINATED},
			},
		[SERVER_CONFIRMED] =
			{
				[SERVER_REQUEST] = {act_none, SERVER_CONFIRMED},
				[SERVER_ACK] = {act_none, SERVER_CONFIRMED},
				[SERVER_SEND_1XX] = {act_reject, SERVER_CONFIRMED},
				[SERVER_SEND_2XX] = {act_reject, SERVER_CONFIRMED},
				[SERVER_SEND_3XX_6XX] = {act_reject, SERVER_CONFIRMED},
				[SERVER_RETRANSMIT] = {act_none, SERVER_CONFIRMED},
				[SERVER_TIMEOUT] = {act_none, SERVER_TERMINATED},
				[SERVER_FAILED] = {act_none, SERVER_TERMINATED},
			},
		[SERVER_TERMINATED] =
			{
				[SERVER_REQUEST] = {act_none, SERVER_TERMINATED},
				[SERVER_ACK] = {act_none, SERVER_TERMINATED},
				[SERVER_SEND_1XX] = {act_reject, SERVER_TERMINATED},
				[SERVER_SEND_2XX] = {act_reject, SERVER_TERMINATED},
				[SERVER_SEND_3XX_6XX] = {act_reject, SERVER_TERMINATED},
				[SERVER_RETRANSMIT] = {act_none, SERVER_TERMINATED},
				[SERVER_TIMEOUT] = {act_none, SERVER_TERMINATED},
				[SERVER_FAILED] = {act_none, SERVER_TERMINATED},
			},
};

/* RFC 3261 figure 8; Accepted and Confirmed are of INVITE alone. */
static const struct server_rule other_rules[SERVER_STATES][SERVER_EVENTS] =
	{
		[SERVER_TRYING] =
			{
				[SERVER_REQUEST] = {act_none, SERVER_TRYING},
				[SERVER_ACK] = {act_none, SERVER_TRYING},
				[SERVER_SEND_1XX] = {act_provisional, SERVER_PROCEEDING},
				[SERVER_SEND_2XX] = {act_finish, SERVER_COMPLETED},
				[SERVER_SEND_3XX_6XX] = {act_finish, SERVER_COMPLETED},
				[SERVER_RETRANSMIT] = {act_none, SERVER_TRYING},
				[SERVER_TIMEOUT] = {act_none, SERVER_TRYING},
				[SERVER_FAILED] = {act_fail, SERVER_TERMINATED},
			},
		[SERVER_PROCEEDING] =
			{
				[SERVER_REQUEST] = {act_resend, SERVER_PROCEEDING},
				[SERVER_ACK] = {act_none, SERVER_PROCEEDING},
				[SERVER_SEND_1XX] = {act_provisional, SERVER_PROCEEDING},
				[SERVER_SEND_2XX] = {act_finish, SERVER_COMPLETED},
				[SERVER_SEND_3XX_6XX] = {act_finish, SERVER_COMPLETED},
				[SERVER_RETRANSMIT] = {act_none, SERVER_PROCEEDING},
				[SERVER_TIMEOUT] = {act_none, SERVER_PROCEEDING},
				[SERVER_FAILED] = {act_fail, SERVER_TERMINATED},
			},
		[SERVER_ACCEPTED] =
			{
				[SERVER_REQUEST] = {act_none, SERVER_ACCEPTED},
				[SERVER_ACK] = {act_none, SERVER_ACCEPTED},
				[SERVER_SEND_1XX] = {act_reject, SERVER_ACCEPTED},
				[SERVER_SEND_2XX] = {act_reject, SERVER_ACCEPTED},
				[SERVER_SEND_3XX_6XX] = {act_reject, SERVER_ACCEPTED},
				[SERVER_RETRANSMIT] = {act_none, SERVER_ACCEPTED},
				[SERVER_TIMEOUT] = {act_none, SERVER_ACCEPTED},
				[SERVER_FAILED] = {act_none, SERVER_ACCEPTED},
			},
		[SERVER_COMPLETED] =
			{
				[SERVER_REQUEST] = {act_resend, SERVER_COMPLETED},
				[SERVER_ACK] = {act_none, SERVER_COMPLETED},
				[SERVER_SEND_1XX] = {act_reject, SERVER_COMPLETED},
				[SERVER_SEND_2XX] = {act_reject, SERVER_COMPLETED},
				[SERVER_SEND_3XX_6XX] = {act_reject, SERVER_COMPLETED},
				[SERVER_RETRANSMIT] = {act_none, SERVER_COMPLETED},
				[SERVER_TIMEOUT] = {act_none, SERVER_TERMINATED},
				[SERVER_FAILED] = {act_none, SERVER_TERMINATED},
			},
		[SERVER_CONFIRMED] =
			{
				[SERVER_REQUEST] = {act_none, SERVER_CONFIRMED},
				[SERVER_ACK] = {act_none, SERVER_CONFIRMED},
				[SERVER_SEND_1XX] = {act_reject, SERVER_CONFIRMED},
				[SERVER_SEND_2XX] = {act_reject, SERVER_CONFIRMED},
				[SERVER_SEND_3XX_6XX] = {act_reject, SERVER_CONFIRMED},
				[SERVER_RETRANSMIT] = {act_none, SERVER_CONFIRMED},
				[SERVER_TIMEOUT] = {act_none, SERVER_CONFIRMED},
				[SERVER_FAILED] = {act_none, SERVER_CONFIRMED},
			},
		[SERVER_TERMINATED] =
			{
				[SERVER_REQUEST] = {act_none, SERVER_TERMINATED},
				[SERVER_ACK] = {act_none, SERVER_TERMINATED},
				[SERVER_SEND_1XX] = {act_reject, SERVER_TERMINATED},
				[SERVER_SEND_2XX] = {act_reject, SERVER_TERMINATED},
				[SERVER_SEND_3XX_6XX] = {act_reject, SERVER_TERMINATED},
				[SERVER_RETRANSMIT] = {act_none, SERVER_TERMINATED},
				[SERVER_TIMEOUT] = {act_none, SERVER_TERMINATED},
				[SERVER_FAILED] = {act_none, SERVER_TERMINATED},
			},
};

/* It belongs to a call, or ends. */
static void tie(struct txn_server *txn)
{
	txn->base.layer->loose -= txn->is_loose;
	txn->is_loose = false;
}

static void server_end(struct txn_server *txn)
{
	struct txn_server_user user = txn->user;

	tie(txn);
	hash_remove(&txn->base.layer->servers, &txn->node);
	if (txn->merge_listed)
		hash_remove(&txn->base.layer->merges, &txn->merge_node);
	txn_server_detach(txn);
	txn_base_end(&txn->base);
	if (user.ended_h)
		user.ended_h(user.arg, txn);
}

static int server_event(
	struct txn_server *txn, enum server_event event, struct span response)
{
	const struct server_rule *rule = txn->base.method == MESSAGE_INVITE
						 ? &invite_rules[txn->state][event]
						 : &other_rules[txn->state][event];
	enum server_state from = txn->state;
	int err;

	if (txn->base.ended)
		return ERR_STATE;
	txn->state = rule->next;
	err = rule->act(txn, from, response);
	if (rule->next == SERVER_TERMINATED && !txn->base.ended)
		server_end(txn);
	return err;
}

/* ---- matching ---- */

/* Cut where longer than TXN_ID_MAX. */
static void add_to_id(struct txn_id *id, const void *data, size_t len)
{
	if (len > TXN_ID_MAX - id->len)
		len = TXN_ID_MAX - id->len;
	if (len)
		memcpy(id->bytes + id->len, data, len);
	id->len += len;
}

static void add_word_to_id(struct txn_id *id, struct span word)
{
	add_to_id(id, " ", 1);
	add_to_id(id, word.p, word.len);
}

/*
 * Branch and sent-by (RFC 3261 17.2.3), or for the branches of RFC 2543 the whole of
 * Request-URI, From tag, Call-ID, CSeq and top Via; the To tag is left out, since it differs
 * between an INVITE and its ACK. Over TLS the peer too: one that has learnt the branch of
 * another finds nothing by it, and is not in its way.
 */
void txn_id_make(struct txn_id *ret, const struct flow *flow, struct span branch,
	struct span host, uint16_t port)
{
	ret->len = 0;
	add_to_id(ret, &port, sizeof(port));
	if (flow->peer)
		add_word_to_id(ret, span_of(flow->peer->id));
	add_word_to_id(ret, branch);
	add_word_to_id(ret, host);
}

void txn_id_read(
	struct txn_id *ret, const struct flow *flow, const struct message *request)
{
	const struct message_via *via = message_via(request);
	uint32_t cseq = message_cseq(request);

	txn_id_make(ret, flow, via->branch, via->host, via->port);
	if (span_starts(via->branch, "z9hG4bK"))
		return;
	add_to_id(ret, &cseq, sizeof(cseq));
	add_word_to_id(ret, message_from(request)->tag);
	add_word_to_id(ret, message_call_id(request));
	add_word_to_id(ret, message_request_uri(request)->whole);
}

static uint64_t id_key(const struct txn_id *id, enum message_method method)
{
	return hash_bytes(id->bytes, id->len, (uint64_t)method);
}

static uint64_t merge_key(const struct message *request)
{
	struct span call_id = message_call_id(request);
	struct span tag = message_from(request)->tag;
	uint64_t seed = hash_bytes(tag.p, tag.len,
		((uint64_t)message_cseq(request) << 8) |
			(uint64_t)message_method(request));

	return hash_bytes(call_id.p, call_id.len, seed);
}

struct txn_server *txn_server_find(struct txn_layer *layer, const struct txn_id *id,
	enum message_method method, const struct flow *flow)
{
	struct hash_node *node = hash_find(&layer->servers, id_key(id, method));

	for (; node; node = hash_find_next(node)) {
		struct txn_server *txn = txn_server_of_node(node);

		if (txn->base.method == method && txn->id_len == id->len &&
			memcmp(txn->id, id->bytes, id->len) == 0 &&
			txn_base_is_with(&txn->base, flow))
			return txn;
	}
	return NULL;
}

/* Only requests outside of dialogs can be merged; the keyed 64-bit hash of Call-ID, From
 * tag, CSeq and method stands for them. */
bool txn_server_is_merged(struct txn_layer *layer, const struct message *request)
{
	enum message_method method = message_method(request);

	if (message_to(request)->tag.len || method == MESSAGE_ACK ||
		method == MESSAGE_CANCEL)
		return false;
	return hash_find(&layer->merges, merge_key(request)) != NULL;
}

/* ---- life ---- */

static void server_free(struct txn_base *base)
{
	struct txn_server *txn = (struct txn_server *)base;

	message_unref(txn->request);
	secret_free(txn->response, txn->response_len);
	free(txn);
}

static void server_transport_failed(struct txn_base *base)
{
	server_event((struct txn_server *)base, SERVER_FAILED, (struct span){0});
}

int txn_server_start(struct txn_layer *layer, struct txn_server **ret, struct flow *flow,
	struct message *request, const struct txn_id *id)
{
	enum message_method method = message_method(request);
	struct txn_server *txn = calloc(1, sizeof(*txn) + id->len);
	struct flow *back;

	if (!txn)
		return -ENOMEM;
	memcpy(txn->id, id->bytes, id->len);
	txn->id_len = id->len;
	back = txn_response_flow(flow, request);
	txn_base_init(&txn->base, layer, back, method);
	flow_unref(back);
	txn->base.free_h = server_free;
	txn->base.transport_failed_h = server_transport_failed;
	txn->request = message_ref(request);
	txn->state = method == MESSAGE_INVITE ? SERVER_PROCEEDING : SERVER_TRYING;
	secret_token(txn->to_tag, 8);
	hash_add(&layer->servers, &txn->node, id_key(id, method));
	if (!message_to(request)->tag.len && method != MESSAGE_CANCEL) {
		hash_add(&layer->merges, &txn->merge_node, merge_key(request));
		txn->merge_listed = true;
	}
	txn->is_loose = true;
	layer->loose++;
	*ret = txn;
	return 0;
}

void txn_server_receive(struct txn_server *txn, struct message *request)
{
	bool ack = message_method(request) == MESSAGE_ACK;

	if (ack && txn->state == SERVER_ACCEPTED) {
		/* an ACK for a 2xx whose branch is wrongly the INVITE's */
		txn->base.layer->handlers.ack_h(
			txn->base.layer->handlers.arg, txn->base.flow, request);
		return;
	}
	server_event(txn, ack ? SERVER_ACK : SERVER_REQUEST, (struct span){0});
}

void txn_server_attach(struct txn_server *txn, const struct txn_server_user *user)
{
	txn->user = *user;
}

void txn_server_detach(struct txn_server *txn)
{
	memset(&txn->user, 0, sizeof(txn->user));
}

void *txn_server_user_arg(const struct txn_server *txn)
{
	return txn->user.arg;
}

struct message *txn_server_request(const struct txn_server *txn)
{
	return txn->request;
}

struct flow *txn_server_flow(const struct txn_server *txn)
{
	return txn->base.flow;
}

void txn_server_set_owner(struct txn_server *txn, uint64_t owner)
{
	txn->base.owner = owner;
	tie(txn);
}

/* Its answer went, and it is one of too many to be kept: TXN_LOOSE_MAX. */
static void forget(struct txn_server *txn)
{
	txn->user.failed_h = NULL; /* nothing did */
	server_event(txn, SERVER_TIMEOUT, (struct span){0});
}

int txn_server_respond(struct txn_server *txn, int status, const char *data, size_t len)
{
	enum server_event event = SERVER_SEND_3XX_6XX;
	int err;

	if (status < 200)
		event = SERVER_SEND_1XX;
	else if (status < 300)
		event = SERVER_SEND_2XX;
	err = server_event(txn, event, (struct span){data, len});
	if (!txn->base.ended && txn->state == SERVER_COMPLETED && txn->is_loose &&
		txn->base.layer->loose > TXN_LOOSE_MAX)
		forget(txn);
	return err;
}

/* There is no memory for its final response, and whoever gave it is done with it: it ends, and the
 * request sent again is a new one. */
static void give_up(struct txn_server *txn)
{
	txn_server_detach(txn);
	server_event(txn, SERVER_FAILED, (struct span){0});
}

/* WARNED: the answer has a Warning of what REFUSAL says. */
static int reply(struct txn_server *txn, const char *to_tag,
	const struct txn_refusal *refusal, bool warned)
{
	struct buf out;
	int err;

	if (!to_tag && refusal->status != 100)
		to_tag = txn->to_tag;
	buf_init(&out, 0);
	err = compose_response(
		&out, txn->request, refusal->status, refusal->phrase, to_tag);
	if (!err && warned)
		txn_add_warning(txn->base.layer, txn->base.flow, refusal, &out);
	if (!err && refusal->extra)
		buf_add_str(&out, refusal->extra);
	if (!err)
		compose_body(&out, NULL, (struct span){0});
	if (!err)
		err = out.err;
	if (!err)
		err = txn_server_respond(txn, refusal->status, out.data, out.len);
	buf_free(&out);
	if (err && refusal->status >= 200 && txn->request)
		give_up(txn);
	return err;
}

int txn_server_reply(struct txn_server *txn, int status, const char *reason,
	const char *to_tag, const char *extra)
{
	const struct txn_refusal answer = {
		.status = status, .phrase = reason, .extra = extra};

	if (!txn->request)
		return ERR_STATE;
	/* a call that ends leaves a trace of its own */
	if (status >= 400 && !txn->base.owner)
		return txn_server_refuse(txn, to_tag, &answer);
	return reply(txn, to_tag, &answer, false);
}

int txn_server_refuse(
	struct txn_server *txn, const char *to_tag, const struct txn_refusal *refusal)
{
	if (!txn->request)
		return ERR_STATE;
	txn_trace(txn->base.layer, txn->base.flow, txn->request, refusal);
	return reply(txn, to_tag, refusal, txn->base.method == MESSAGE_INVITE);
}

bool txn_server_has_final(const struct txn_server *txn)
{
	return txn->base.ended || txn->state >= SERVER_ACCEPTED;
}

struct txn_base *txn_server_base(struct txn_server *txn)
{
	return &txn->base;
}

struct txn_server *txn_server_of_node(struct hash_node *node)
{
	return HASH_ENTRY(node, struct txn_server, node);
}
