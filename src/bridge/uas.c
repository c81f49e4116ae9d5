#include "bridge/uas.h"

#include "base/secret.h"
#include "bridge/body.h"
#include "sip/compose.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

/* So many reliable responses may wait behind the one that has no PRACK yet. */
#define UAS_WAITING 8

/* A message that is repeated until somebody acknowledges it. */
struct repeated {
	char *text; /* NULL: none */
	size_t len;
	uint64_t interval_ms;
	struct timer again; /* sends it once more */
	struct timer last;  /* 64*T1 */
};

/* A reliable response that waits for its turn. */
struct waiting {
	char *text; /* whole */
	size_t len;
	int status;
	uint32_t rseq;
};

struct uas {
	struct bridge_side *side;
	struct txn_server *txn; /* NULL once it has ended, or has its final response */
	struct flow *flow;      /* owned reference; its leg holds it */
	struct uas_user user;
	uint64_t owner; /* for the tap */
	uint32_t cseq;
	uint32_t next_rseq; /* 0: none was needed yet */
	struct waiting
		waiting[UAS_WAITING]; /* the first was sent, and has no PRACK yet */
	unsigned waiting_count;
	bool sent; /* the first of them */
	struct repeated reliable;
	struct repeated ok;
	char *held; /* the 200 that waits for a PRACK; NULL: none */
	size_t held_len;
};

static const struct config *config_of(const struct uas *uas)
{
	return uas->side->bridge->config;
}

/* ---- repeating ---- */

static void stop(struct repeated *repeated)
{
	timer_stop(&repeated->again);
	timer_stop(&repeated->last);
	secret_free(repeated->text, repeated->len);
	repeated->text = NULL;
	repeated->len = 0;
}

/* Takes TEXT. H sends it again, LAST_H gives up. */
static void repeat(struct uas *uas, struct repeated *repeated, char *text, size_t len,
	timer_h *h, timer_h *last_h)
{
	struct timers *timers = uas->side->bridge->timers;
	uint64_t t1_ms = config_of(uas)->sip.t1_ms;

	stop(repeated);
	repeated->text = text;
	repeated->len = len;
	repeated->interval_ms = t1_ms;
	timer_start(timers, &repeated->again, t1_ms, h, uas);
	timer_start(timers, &repeated->last, 64 * t1_ms, last_h, uas);
}

/* RFC 3261 13.3.1.4: the 2xx is repeated by us, not by the transaction, over any transport,
 * since a proxy behind a stream may speak UDP further on. */
static void ok_again_h(void *arg)
{
	struct uas *uas = arg;
	uint64_t t2_ms = config_of(uas)->sip.t2_ms;

	uas->ok.interval_ms *= 2;
	if (uas->ok.interval_ms > t2_ms)
		uas->ok.interval_ms = t2_ms;
	timer_start(uas->side->bridge->timers, &uas->ok.again, uas->ok.interval_ms,
		ok_again_h, uas);
	flow_send(uas->flow, uas->owner, uas->ok.text, uas->ok.len);
}

static void no_ack_h(void *arg)
{
	struct uas *uas = arg;

	stop(&uas->ok);
	uas->user.failed_h(uas->user.arg, uas, 408, "no ACK for our 200");
}

/* RFC 3262 3: the interval doubles without end. */
static void reliable_again_h(void *arg)
{
	struct uas *uas = arg;

	uas->reliable.interval_ms *= 2;
	timer_start(uas->side->bridge->timers, &uas->reliable.again,
		uas->reliable.interval_ms, reliable_again_h, uas);
	if (uas->txn)
		txn_server_respond(uas->txn, uas->waiting[0].status, uas->reliable.text,
			uas->reliable.len);
}

static void no_prack_h(void *arg)
{
	struct uas *uas = arg;

	stop(&uas->reliable);
	uas->user.failed_h(uas->user.arg, uas, 504, "no PRACK for our reliable response");
}

/* ---- life ---- */

static void txn_failed_h(void *arg, struct txn_server *txn)
{
	struct uas *uas = arg;

	if (txn == uas->txn)
		uas->user.failed_h(uas->user.arg, uas, 503, "connection lost");
}

static void txn_ended_h(void *arg, struct txn_server *txn)
{
	struct uas *uas = arg;

	if (txn == uas->txn)
		uas->txn = NULL;
}

int uas_new(struct uas **ret, const struct uas_params *params)
{
	struct txn_server_user user = {.failed_h = txn_failed_h, .ended_h = txn_ended_h};
	struct uas *uas = calloc(1, sizeof(*uas));

	if (!uas)
		return -ENOMEM;
	uas->side = params->side;
	uas->txn = params->txn;
	uas->flow = flow_ref(txn_server_flow(params->txn));
	uas->user = params->user;
	uas->owner = params->owner;
	uas->cseq = message_cseq(txn_server_request(params->txn));
	user.arg = uas;
	txn_server_attach(params->txn, &user);
	txn_server_set_owner(params->txn, params->owner);
	*ret = uas;
	return 0;
}

static void drop_waiting(struct uas *uas)
{
	for (unsigned i = 0; i < uas->waiting_count; i++)
		secret_free(uas->waiting[i].text, uas->waiting[i].len);
	uas->waiting_count = 0;
	uas->sent = false;
	stop(&uas->reliable);
	secret_free(uas->held, uas->held_len);
	uas->held = NULL;
}

void uas_free(struct uas *uas)
{
	if (!uas)
		return;
	if (uas->txn)
		txn_server_detach(uas->txn);
	drop_waiting(uas);
	stop(&uas->ok);
	flow_unref(uas->flow);
	free(uas);
}

void uas_set_flow(struct uas *uas, struct flow *flow)
{
	flow_ref(flow);
	flow_unref(uas->flow);
	uas->flow = flow;
}

struct message *uas_request(const struct uas *uas)
{
	return uas->txn ? txn_server_request(uas->txn) : NULL;
}

bool uas_is_open(const struct uas *uas)
{
	return uas->txn != NULL;
}

bool uas_awaits_ack(const struct uas *uas)
{
	return uas->ok.text != NULL;
}

bool uas_awaits_prack(const struct uas *uas)
{
	return uas->waiting_count > 0;
}

/* ---- responses ---- */

void uas_trying(struct uas *uas)
{
	if (uas->txn)
		txn_server_reply(uas->txn, 100, NULL, NULL, NULL);
}

/* RSEQ 0: not reliable. */
static int compose(const struct uas *uas, const struct uas_response *response,
	uint32_t rseq, struct buf *out)
{
	int err;

	if (!uas->txn)
		return ERR_STATE;
	err = compose_response(
		out, txn_server_request(uas->txn), response->status, NULL, response->tag);
	if (err)
		return err;
	if (rseq) {
		compose_header_str(out, "Require", "100rel");
		compose_header_uint(out, "RSeq", rseq);
	}
	buf_add_span(out, response->headers);
	return body_add_sdp(out, uas->flow, response->sdp);
}

int uas_provision(struct uas *uas, const struct uas_response *response)
{
	struct buf out;
	int err;

	buf_init(&out, 0);
	err = compose(uas, response, 0, &out);
	if (!err)
		err = txn_server_respond(uas->txn, response->status, out.data, out.len);
	buf_free(&out);
	return err;
}

/* Sends the first that waits, which from now on waits for its PRACK. */
static void send_waiting(struct uas *uas)
{
	struct waiting *first = &uas->waiting[0];

	if (!uas->waiting_count || uas->sent || !uas->txn)
		return;
	uas->sent = true;
	txn_server_respond(uas->txn, first->status, first->text, first->len);
	repeat(uas, &uas->reliable, first->text, first->len, reliable_again_h,
		no_prack_h);
	first->text = NULL;
	first->len = 0;
}

/* RFC 3262 3: the first is random, in the lower half, and no number is used twice. */
static uint32_t random_rseq(void)
{
	char hex[9];

	secret_token(hex, 4);
	return (uint32_t)(strtoul(hex, NULL, 16) & 0x7fffffff) | 1;
}

int uas_provision_reliably(struct uas *uas, const struct uas_response *response)
{
	struct waiting *waiting = &uas->waiting[uas->waiting_count];
	struct buf out;
	int err;

	if (uas->waiting_count == UAS_WAITING)
		return ERR_LIMIT;
	if (!uas->next_rseq)
		uas->next_rseq = random_rseq();
	buf_init(&out, 0);
	err = compose(uas, response, uas->next_rseq, &out);
	if (!err) {
		waiting->rseq = uas->next_rseq++;
		waiting->status = response->status;
		waiting->text = buf_steal(&out, &waiting->len);
		uas->waiting_count++;
		send_waiting(uas);
	}
	buf_free(&out);
	return err;
}

/* Takes TEXT. */
static int send_ok(struct uas *uas, char *text, size_t len)
{
	int err;

	repeat(uas, &uas->ok, text, len, ok_again_h, no_ack_h);
	err = txn_server_respond(uas->txn, 200, text, len);
	if (uas->txn)
		txn_server_detach(uas->txn);
	uas->txn = NULL;
	return err;
}

int uas_answer(struct uas *uas, const struct uas_response *response)
{
	struct buf out;
	char *text;
	size_t len;
	int err;

	buf_init(&out, 0);
	err = uas->held ? ERR_STATE : compose(uas, response, 0, &out);
	if (err) {
		buf_free(&out);
		return err;
	}
	text = buf_steal(&out, &len);
	buf_free(&out);
	if (!uas->waiting_count)
		return send_ok(uas, text, len);
	uas->held = text;
	uas->held_len = len;
	return 0;
}

void uas_refuse(struct uas *uas, const char *tag, const struct txn_refusal *refusal)
{
	struct txn_server *txn = uas->txn;

	if (!txn)
		return;
	uas->txn = NULL;
	drop_waiting(uas);
	txn_server_detach(txn);
	if (refusal->why)
		txn_server_refuse(txn, tag, refusal);
	else
		txn_server_reply(txn, refusal->status, NULL, tag, refusal->extra);
}

/* ---- what comes for it ---- */

bool uas_take_ack(struct uas *uas, struct message *ack)
{
	/* another request may have come between (RFC 5407 3.1.4) */
	if (!uas->ok.text || message_cseq(ack) != uas->cseq)
		return false;
	stop(&uas->ok);
	uas->user.acked_h(uas->user.arg, uas, ack);
	return true;
}

int uas_take_prack(struct uas *uas, const struct reliable_ack *ack)
{
	if (!uas->sent || ack->method != MESSAGE_INVITE || ack->cseq != uas->cseq ||
		ack->rseq != uas->waiting[0].rseq)
		return ERR_STATE;
	stop(&uas->reliable);
	uas->waiting_count--;
	for (unsigned i = 0; i < uas->waiting_count; i++)
		uas->waiting[i] = uas->waiting[i + 1];
	uas->sent = false;
	return 0;
}

void uas_go_on(struct uas *uas)
{
	char *text = uas->held;

	if (uas->waiting_count) {
		send_waiting(uas);
	} else if (text && uas->txn) {
		uas->held = NULL;
		send_ok(uas, text, uas->held_len);
	}
}

void uas_receive_cancel(struct txn_server *invite, struct message *cancel)
{
	struct uas *uas = txn_server_user_arg(invite);

	if (uas && uas->txn == invite)
		uas->user.cancelled_h(uas->user.arg, uas, cancel);
}
