/* Client transactions: RFC 3261 17.1 with RFC 6026 7.2 and 8.4. */
#include "base/err.h"
#include "base/log.h"
#include "base/secret.h"
#include "sip/compose.h"
#include "sip/txn_priv.h"
#include "sip/txn_text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* How soon an ICMP error must come that returns less of a request than its branch. */
#define QUOTE_RECENT_MS 2000

enum client_state {
	CLIENT_CALLING, /* Trying, for other requests than INVITE */
	CLIENT_PROCEEDING,
	CLIENT_ACCEPTED, /* INVITE alone */
	CLIENT_COMPLETED,
	CLIENT_TERMINATED,
	CLIENT_STATES,
};

enum client_event {
	CLIENT_1XX,
	CLIENT_2XX,
	CLIENT_3XX_6XX,
	CLIENT_RETRANSMIT, /* Timer A or E */
	CLIENT_TIMEOUT,    /* Timer B or F; after a CANCEL its 64*T1; Timer D, K or M */
	CLIENT_FAILED,     /* the transport failed */
	CLIENT_EVENTS,
};

struct txn_client {
	struct txn_base base;
	struct hash_node node;
	enum client_state state;
	struct txn_client_user user;
	char branch[TXN_BRANCH_SIZE];
	char *host;    /* of our Via, where the flow does not say it; NULL */
	char *request; /* until it can be sent no more; then, in Completed, the ACK */
	size_t request_len;
	char *cancel; /* composed, waiting for a provisional response (RFC 3261 9.1) */
	size_t cancel_len;
	bool cancelled;
	uint64_t sent_ms; /* when the request last went out */
	int failure; /* what failed_h will be told: ERR_CLOSED, or of txn_unreachable() */
	struct txn_again *again; /* owned; NULL: none */
	bool settled;            /* it is not asked any more */
};

struct client_rule {
	/* FROM is the state before; the transaction is in `next` already */
	void (*act)(
		struct txn_client *txn, enum client_state from, struct message *response);
	enum client_state next;
};

static void client_event(
	struct txn_client *txn, enum client_event event, struct message *response);

static void client_retransmit_h(void *arg)
{
	client_event(arg, CLIENT_RETRANSMIT, NULL);
}

static void client_timeout_h(void *arg)
{
	client_event(arg, CLIENT_TIMEOUT, NULL);
}

/* Sending may close the flow and so end the transaction: then no timer may start. */
static void start_timeout(struct txn_client *txn, uint64_t delay_ms)
{
	if (txn->base.ended)
		return;
	timer_start(txn->base.layer->timers, &txn->base.timeout, delay_ms,
		client_timeout_h, txn);
}

static void start_retransmit(struct txn_client *txn, uint64_t interval_ms)
{
	if (txn->base.ended)
		return;
	txn->base.interval_ms = interval_ms;
	timer_start(txn->base.layer->timers, &txn->base.retransmit, interval_ms,
		client_retransmit_h, txn);
}

static void tell(struct txn_client *txn, struct message *response)
{
	if (txn->user.response_h)
		txn->user.response_h(txn->user.arg, txn, response);
}

static struct span request_of(const struct txn_client *txn)
{
	return (struct span){txn->request, txn->request_len};
}

/* A request that can be sent no more, until it is known whether its like is sent again. */
struct sent {
	char *text;
	size_t len;
};

static struct sent take_request(struct txn_client *txn)
{
	const struct sent sent = {txn->request, txn->request_len};

	txn->request = NULL;
	txn->request_len = 0;
	return sent;
}

/* The final response is the user's, unless what it answers is sent again. Frees SENT. */
static void tell_final(struct txn_client *txn, struct message *response, struct sent sent)
{
	const struct span text = {sent.text, sent.len};
	bool again = txn->again && !txn->settled && !txn->cancelled && !txn->base.ended &&
		     txn->again->response_h(txn->again, txn, response, text);

	secret_free(sent.text, sent.len);
	if (!again)
		tell(txn, response);
}

/* ---- actions ---- */

static void act_none(
	struct txn_client *txn, enum client_state from, struct message *response)
{
	(void)txn;
	(void)from;
	(void)response;
}

static void act_resend(
	struct txn_client *txn, enum client_state from, struct message *response)
{
	const struct txn_times *times = &txn->base.layer->times;
	uint64_t interval_ms = txn->base.interval_ms * 2;

	(void)response;
	if (txn->base.method != MESSAGE_INVITE && interval_ms > times->t2_ms)
		interval_ms = times->t2_ms;
	if (from == CLIENT_PROCEEDING) /* Timer E in Proceeding: 17.1.2.2 */
		interval_ms = times->t2_ms;
	txn_base_send(&txn->base, request_of(txn));
	txn->sent_ms = timers_now_ms(txn->base.layer->timers);
	start_retransmit(txn, interval_ms);
}

static void send_cancel(struct txn_client *txn);

static void act_provisional(
	struct txn_client *txn, enum client_state from, struct message *response)
{
	if (txn->base.method == MESSAGE_INVITE) {
		timer_stop(&txn->base.retransmit);
		if (from == CLIENT_CALLING)
			timer_stop(&txn->base.timeout);
		if (txn->cancelled && !timer_running(&txn->base.timeout))
			send_cancel(txn);
	}
	tell(txn, response);
}

/* 2xx to INVITE: the user acknowledges; further ones pass until Timer M (RFC 6026 8.4). */
static void act_accept(
	struct txn_client *txn, enum client_state from, struct message *response)
{
	if (from == CLIENT_ACCEPTED) {
		tell(txn, response);
		return;
	}
	timer_stop(&txn->base.retransmit);
	start_timeout(txn, 64 * txn->base.layer->times.t1_ms);
	tell_final(txn, response, take_request(txn));
}

static void act_acknowledge_again(
	struct txn_client *txn, enum client_state from, struct message *response)
{
	(void)from;
	(void)response;
	if (txn->request)
		txn_base_send(&txn->base, request_of(txn));
}

/* RFC 3261 17.1.1.3: the ACK for a final response other than 2xx is the transaction's. */
static void act_refuse(
	struct txn_client *txn, enum client_state from, struct message *response)
{
	struct span to = {0};
	struct sent sent;
	char *to_line;
	struct buf ack;

	timer_stop(&txn->base.retransmit);
	buf_init(&ack, 0);
	message_header(response, "To", 0, &to);
	to_line = span_dup(to);
	txn_text_sibling(&ack, request_of(txn), "ACK", to_line ? to_line : "");
	free(to_line);
	compose_body(&ack, NULL, (struct span){0});
	sent = take_request(txn);
	if (!ack.err)
		txn->request = buf_steal(&ack, &txn->request_len);
	buf_free(&ack);
	act_acknowledge_again(txn, from, NULL);
	/* Timer D: at least 32 s over UDP, nothing to wait for over a stream */
	start_timeout(txn,
		flow_is_reliable(txn->base.flow) ? 0 : 64 * txn->base.layer->times.t1_ms);
	tell_final(txn, response, sent);
}

/* Final response to another request than INVITE. Timer K. */
static void act_finish(
	struct txn_client *txn, enum client_state from, struct message *response)
{
	(void)from;
	timer_stop(&txn->base.retransmit);
	start_timeout(
		txn, flow_is_reliable(txn->base.flow) ? 0 : txn->base.layer->times.t4_ms);
	tell_final(txn, response, take_request(txn));
}

static void act_time_out(
	struct txn_client *txn, enum client_state from, struct message *response)
{
	(void)from;
	(void)response;
	/* what waited for a connection all the time was never sent: nobody left it without an answer */
	if (txn->user.failed_h)
		txn->user.failed_h(txn->user.arg, txn,
			txn->base.flow->waiting ? ERR_CLOSED : -ETIMEDOUT);
}

static void act_fail(
	struct txn_client *txn, enum client_state from, struct message *response)
{
	(void)from;
	(void)response;
	if (txn->user.failed_h)
		txn->user.failed_h(txn->user.arg, txn, txn->failure);
}

/*
 * RFC 3261 figure 5, RFC 6026 figure 3. A response that does not fit the state is dropped
 * (act_none), and so is what a handler brings about while its transaction ends.
 */
static const struct client_rule invite_rules[CLIENT_STATES][CLIENT_EVENTS] = {
	[CLIENT_CALLING] =
		{
			[CLIENT_1XX] = {act_provisional, CLIENT_PROCEEDING},
			[CLIENT_2XX] = {act_accept, CLIENT_ACCEPTED},
			[CLIENT_3XX_6XX] = {act_refuse, CLIENT_COMPLETED},
			[CLIENT_RETRANSMIT] = {act_resend, CLIENT_CALLING},
			[CLIENT_TIMEOUT] = {act_time_out, CLIENT_TERMINATED},
			[CLIENT_FAILED] = {act_fail, CLIENT_TERMINATED},
		},
	[CLIENT_PROCEEDING] =
		{
			[CLIENT_1XX] = {act_provisional, CLIENT_PROCEEDING},
			[CLIENT_2XX] = {act_accept, CLIENT_ACCEPTED},
			[CLIENT_3XX_6XX] = {act_refuse, CLIENT_COMPLETED},
			[CLIENT_RETRANSMIT] = {act_none, CLIENT_PROCEEDING},
			[CLIENT_TIMEOUT] = {act_time_out, CLIENT_TERMINATED},
			[CLIENT_FAILED] = {act_fail, CLIENT_TERMINATED},
		},
	[CLIENT_ACCEPTED] =
		{
			[CLIENT_1XX] = {act_none, CLIENT_ACCEPTED},
			[CLIENT_2XX] = {act_accept, CLIENT_ACCEPTED},
			[CLIENT_3XX_6XX] = {act_none, CLIENT_ACCEPTED},
			[CLIENT_RETRANSMIT] = {act_none, CLIENT_ACCEPTED},
			[CLIENT_TIMEOUT] = {act_none, CLIENT_TERMINATED},
			[CLIENT_FAILED] = {act_none, CLIENT_TERMINATED},
		},
	[CLIENT_COMPLETED] =
		{
			[CLIENT_1XX] = {act_none, CLIENT_COMPLETED},
			[CLIENT_2XX] = {act_none, CLIENT_COMPLETED},
			[CLIENT_3XX_6XX] = {act_acknowledge_again, CLIENT_COMPLETED},
			[CLIENT_RETRANSMIT] = {act_none, CLIENT_COMPLETED},
			[CLIENT_TIMEOUT] = {act_none, CLIENT_TERMINATED},
			[CLIENT_FAILED] = {act_none, CLIENT_TERMINATED},
		},
	[CLIENT_TERMINATED] =
		{
			[CLIENT_1XX] = {act_none, CLIENT_TERMINATED},
			[CLIENT_2XX] = {act_none, CLIENT_TERMINATED},
			[CLIENT_3XX_6XX] = {act_none, CLIENT_TERMINATED},
			[CLIENT_RETRANSMIT] = {act_none, CLIENT_TERMINATED},
			[CLIENT_TIMEOUT] = {act_none, CLIENT_TERMINATED},
			[CLIENT_FAILED] = {act_none, CLIENT_TERMINATED},
		},
};

/* RFC 3261 figure 6; Accepted is of INVITE alone. */
static const struct client_rule other_rules[CLIENT_STATES][CLIENT_EVENTS] =
	{
		[CLIENT_CALLING] =
			{
				[CLIENT_1XX] = {act_provisional, CLIENT_PROCEEDING},
				[CLIENT_2XX] = {act_finish, CLIENT_COMPLETED},
				[CLIENT_3XX_6XX] = {act_finish, CLIENT_COMPLETED},
				[CLIENT_RETRANSMIT] = {act_resend, CLIENT_CALLING},
				[CLIENT_TIMEOUT] = {act_time_out, CLIENT_TERMINATED},
				[CLIENT_FAILED] = {act_fail, CLIENT_TERMINATED},
			},
		[CLIENT_PROCEEDING] =
			{
				[CLIENT_1XX] = {act_provisional, CLIENT_PROCEEDING},
				[CLIENT_2XX] = {act_finish, CLIENT_COMPLETED},
				[CLIENT_3XX_6XX] = {act_finish, CLIENT_COMPLETED},
				[CLIENT_RETRANSMIT] = {act_resend, CLIENT_PROCEEDING},
				[CLIENT_TIMEOUT] = {act_time_out, CLIENT_TERMINATED},
				[CLIENT_FAILED] = {act_fail, CLIENT_TERMINATED},
			},
		[CLIENT_ACCEPTED] =
			{
				[CLIENT_1XX] = {act_none, CLIENT_ACCEPTED},
				[CLIENT_2XX] = {act_none, CLIENT_ACCEPTED},
				[CLIENT_3XX_6XX] = {act_none, CLIENT_ACCEPTED},
				[CLIENT_RETRANSMIT] = {act_none, CLIENT_ACCEPTED},
				[CLIENT_TIMEOUT] = {act_none, CLIENT_ACCEPTED},
				[CLIENT_FAILED] = {act_none, CLIENT_ACCEPTED},
			},
		[CLIENT_COMPLETED] =
			{
				[CLIENT_1XX] = {act_none, CLIENT_COMPLETED},
				[CLIENT_2XX] = {act_none, CLIENT_COMPLETED},
				[CLIENT_3XX_6XX] = {act_none, CLIENT_COMPLETED},
				[CLIENT_RETRANSMIT] = {act_none, CLIENT_COMPLETED},
				[CLIENT_TIMEOUT] = {act_none, CLIENT_TERMINATED},
				[CLIENT_FAILED] = {act_none, CLIENT_TERMINATED},
			},
		[CLIENT_TERMINATED] =
			{
				[CLIENT_1XX] = {act_none, CLIENT_TERMINATED},
				[CLIENT_2XX] = {act_none, CLIENT_TERMINATED},
				[CLIENT_3XX_6XX] = {act_none, CLIENT_TERMINATED},
				[CLIENT_RETRANSMIT] = {act_none, CLIENT_TERMINATED},
				[CLIENT_TIMEOUT] = {act_none, CLIENT_TERMINATED},
				[CLIENT_FAILED] = {act_none, CLIENT_TERMINATED},
			},
};

static void client_end(struct txn_client *txn)
{
	struct txn_client_user user = txn->user;

	hash_remove(&txn->base.layer->clients, &txn->node);
	txn_client_detach(txn);
	txn_base_end(&txn->base);
	if (user.ended_h)
		user.ended_h(user.arg, txn);
}

static void client_event(
	struct txn_client *txn, enum client_event event, struct message *response)
{
	const struct client_rule *rule = txn->base.method == MESSAGE_INVITE
						 ? &invite_rules[txn->state][event]
						 : &other_rules[txn->state][event];
	enum client_state from = txn->state;

	if (txn->base.ended)
		return;
	txn->state = rule->next;
	rule->act(txn, from, response);
	/* a handler may have ended it already, e.g. by closing the flow */
	if (rule->next == CLIENT_TERMINATED && !txn->base.ended)
		client_end(txn);
}

/* ---- life ---- */

static void free_again(struct txn_again *again)
{
	if (again)
		again->free_h(again);
}

static void client_free(struct txn_base *base)
{
	struct txn_client *txn = (struct txn_client *)base;

	secret_free(txn->request, txn->request_len);
	secret_free(txn->cancel, txn->cancel_len);
	free_again(txn->again);
	free(txn->host);
	free(txn);
}

static void client_transport_failed(struct txn_base *base)
{
	client_event((struct txn_client *)base, CLIENT_FAILED, NULL);
}

/* Routers that follow RFC 4884 put zeros, or a header that has one, behind what they quote. */
static bool quote_ends(struct span rest)
{
	return rest.len == 0 || memchr(rest.p, '\0', rest.len < 4 ? rest.len : 4);
}

static bool client_quoted(const struct txn_base *base, struct span quoted)
{
	const struct txn_client *txn = (const struct txn_client *)base;
	const uint64_t age_ms = timers_now_ms(base->layer->timers) - txn->sent_ms;
	size_t same = 0;

	if (txn->state > CLIENT_PROCEEDING)
		return false;
	while (same < quoted.len && same < txn->request_len &&
		quoted.p[same] == txn->request[same])
		same++;
	if (same >= txn_text_branch_end(request_of(txn), txn->branch))
		return true;
	return txn->state == CLIENT_CALLING && age_ms <= QUOTE_RECENT_MS &&
	       quote_ends((struct span){quoted.p + same, quoted.len - same});
}

void txn_client_unreachable(struct txn_base *base, int err)
{
	struct txn_client *txn = (struct txn_client *)base;

	txn->failure = err;
	client_event(txn, CLIENT_FAILED, NULL);
}

static uint64_t client_key(struct span branch, enum message_method method)
{
	return hash_bytes(branch.p, branch.len, (uint64_t)method);
}

/* The request was sent (RFC 3261 17.1.1.2, 17.1.2.2), or waits: then there is nothing to repeat. */
static void begin_timers(struct txn_client *txn)
{
	const uint64_t t1_ms = txn->base.layer->times.t1_ms;

	txn->sent_ms = timers_now_ms(txn->base.layer->timers);
	if (!flow_is_reliable(txn->base.flow) && !txn->base.flow->waiting)
		start_retransmit(txn, t1_ms);
	start_timeout(txn, 64 * t1_ms);
}

void txn_client_begin(struct txn_base *base, struct flow *flow)
{
	struct txn_client *txn = (struct txn_client *)base;
	char via[TXN_VIA_SIZE];

	txn_base_move(base, flow);
	txn_via(base->layer, flow, txn->host, txn->branch, via);
	txn_text_renew_via(&txn->request, &txn->request_len, via);
	if (txn->cancel) /* it names the same Via (RFC 3261 9.1) */
		txn_text_renew_via(&txn->cancel, &txn->cancel_len, via);
	txn_base_send(base, request_of(txn));
	if (!base->ended)
		begin_timers(txn);
}

int txn_client_start(struct txn_layer *layer, const struct txn_client_params *params,
	struct txn_client **ret)
{
	struct txn_client *txn = params->request ? calloc(1, sizeof(*txn)) : NULL;
	const struct span branch = span_of(params->branch);
	struct flow *flow = params->flow;
	int err = -ENOMEM;

	if (!txn || span_copy(branch, txn->branch, sizeof(txn->branch)))
		goto out;
	txn->host = params->host ? strdup(params->host) : NULL;
	if (params->host && !txn->host)
		goto out;
	err = flow->waiting ? 0
			    : flow_send(flow, params->owner, params->request,
				      params->request_len);
	if (err)
		goto out;
	txn->request = params->request;
	txn->request_len = params->request_len;
	txn_base_init(&txn->base, layer, flow, params->method);
	txn->base.free_h = client_free;
	txn->base.transport_failed_h = client_transport_failed;
	txn->base.quoted_h = client_quoted;
	txn->failure = ERR_CLOSED;
	txn->base.owner = params->owner;
	if (params->user)
		txn->user = *params->user;
	txn->again = params->again;
	hash_add(&layer->clients, &txn->node, client_key(branch, params->method));
	begin_timers(txn);
	if (ret)
		*ret = txn;
	return 0;
out:
	secret_free(params->request, params->request_len);
	free_again(params->again);
	if (txn)
		free(txn->host);
	free(txn);
	return err;
}

struct log_limit *txn_client_log_limit(const struct txn_client *txn)
{
	return &txn->base.layer->log_limit;
}

struct flow *txn_client_flow(const struct txn_client *txn)
{
	return txn->base.flow;
}

const char *txn_client_via(
	const struct txn_client *txn, const char *branch, char buf[static TXN_VIA_SIZE])
{
	return txn_via(txn->base.layer, txn->base.flow, txn->host, branch, buf);
}

int txn_client_send_again(struct txn_client *txn, struct txn_client_request *request)
{
	const struct txn_client_user user = txn->user;
	struct txn_client_params params = {.flow = txn->base.flow,
		.method = txn->base.method,
		.branch = request->branch,
		.host = txn->host,
		.request = request->text,
		.request_len = request->text_len,
		.owner = txn->base.owner,
		.user = &user};
	struct txn_client *next;
	int err = txn_client_start(txn->base.layer, &params, &next);

	if (!err) {
		next->again = txn->again;
		txn->again = NULL;
		txn_client_detach(txn);
		if (user.repeated_h)
			user.repeated_h(user.arg, next, request);
	}
	free(request->credentials);
	return err;
}

const char *txn_client_why(const struct txn_client *txn)
{
	return txn->again ? txn->again->why : NULL;
}

void txn_client_settle(struct txn_client *txn)
{
	txn->settled = true;
	timer_stop(&txn->base.retransmit);
}

static struct txn_client *find_client(
	struct txn_layer *layer, struct span branch, enum message_method method)
{
	struct hash_node *node = hash_find(&layer->clients, client_key(branch, method));

	for (; node; node = hash_find_next(node)) {
		struct txn_client *txn = txn_client_of_node(node);

		if (txn->base.method == method && span_equal_str(branch, txn->branch))
			return txn;
	}
	return NULL;
}

struct txn_client *txn_client_find(
	struct txn_layer *layer, const struct message *response)
{
	return find_client(
		layer, message_via(response)->branch, message_method(response));
}

bool txn_client_find_quoted(
	struct txn_layer *layer, struct span quoted, struct txn_base **ret)
{
	struct txn_client *txn;
	struct span method, branch;

	*ret = NULL;
	/* what answers, or acknowledges, is no transaction of a client */
	if (span_starts(quoted, "SIP/2.0 ") || span_starts(quoted, "ACK "))
		return true;
	if (!txn_text_branch(quoted, &branch) || !span_next(&quoted, ' ', &method))
		return false;
	txn = find_client(layer, branch, message_method_of(method));
	*ret = txn ? &txn->base : NULL;
	return true;
}

void txn_client_receive(struct txn_client *txn, struct message *response)
{
	int status = message_status(response);

	if (status < 200)
		client_event(txn, CLIENT_1XX, response);
	else
		client_event(txn, status < 300 ? CLIENT_2XX : CLIENT_3XX_6XX, response);
}

/* Without memory for the CANCEL there is none, and the time that its answer has is the same. */
static void send_cancel(struct txn_client *txn)
{
	struct txn_layer *layer = txn->base.layer;

	if (txn->cancel)
		txn_client_start(layer,
			&(struct txn_client_params){.flow = txn->base.flow,
				.method = MESSAGE_CANCEL,
				.branch = txn->branch,
				.request = txn->cancel,
				.request_len = txn->cancel_len,
				.owner = txn->base.owner},
			NULL);
	txn->cancel = NULL; /* it is the new transaction's */
	/* RFC 3261 9.1: no final response in 64*T1: the transaction is given up */
	start_timeout(txn, 64 * layer->times.t1_ms);
}

int txn_client_cancel(struct txn_client *txn, const char *headers)
{
	struct buf cancel;
	int err;

	if (txn->base.method != MESSAGE_INVITE || txn->state > CLIENT_PROCEEDING)
		return ERR_STATE;
	if (txn->cancelled)
		return 0;
	buf_init(&cancel, 0);
	txn_text_sibling(&cancel, request_of(txn), "CANCEL", NULL);
	if (headers)
		buf_add_str(&cancel, headers);
	compose_body(&cancel, NULL, (struct span){0});
	txn->cancelled = true;
	err = cancel.err;
	txn->cancel = buf_steal(&cancel, &txn->cancel_len);
	if (txn->state == CLIENT_PROCEEDING)
		send_cancel(txn);
	return err;
}

void txn_client_detach(struct txn_client *txn)
{
	memset(&txn->user, 0, sizeof(txn->user));
}

void txn_client_abandon(struct txn_client *txn)
{
	txn_client_detach(txn);
	if (txn->base.ended)
		return;
	txn->state = CLIENT_TERMINATED;
	client_end(txn);
}

struct txn_base *txn_client_base(struct txn_client *txn)
{
	return &txn->base;
}

struct txn_client *txn_client_of_node(struct hash_node *node)
{
	return HASH_ENTRY(node, struct txn_client, node);
}
