#include "bridge/passage.h"

#include "trunk/cause.h"

#include <errno.h>
#include <stdlib.h>

struct passage {
	struct passage *next; /* of the same leg */
	struct leg *to;
	struct txn_server *in;  /* NULL: its sender is lost */
	struct txn_client *out; /* NULL: it has its final response */
	enum message_method method;
	struct timer late;
	passage_h *h;
};

static void passage_free(struct passage *passage)
{
	struct passage **at = &passage->to->passages;

	while (*at != passage)
		at = &(*at)->next;
	*at = passage->next;
	timer_stop(&passage->late);
	if (passage->in)
		txn_server_detach(passage->in);
	if (passage->out)
		txn_client_abandon(passage->out);
	free(passage);
}

/* It is over: its sender gets STATUS, with EXTRA, whole lines or NULL. */
static void finish(struct passage *passage, int status, const char *extra)
{
	struct txn_server *in = passage->in;

	passage->in = NULL;
	if (in)
		txn_server_detach(in);
	if (in)
		txn_server_reply(in, status, NULL, NULL, extra);
	passage_free(passage);
}

void leg_drop_passages(struct leg *leg)
{
	while (leg->passages)
		finish(leg->passages, 487, NULL);
}

/* What its sender hears of STATUS: about what he sent he hears it as it is. */
static int answer_of(int status)
{
	if (status < 300 || cause_is_of_content(status))
		return status;
	return status == 408 ? 504 : cause_map(status);
}

static void conclude(struct passage *passage, int status, const char *why)
{
	struct leg *to = passage->to;
	const struct passage_end end = {.to = to,
		.method = passage->method,
		.status = answer_of(status),
		.far = status,
		.why = why};
	struct buf extra;

	buf_init(&extra, 0);
	passage->h(&end, &extra);
	finish(passage, end.status, extra.err || !extra.len ? NULL : buf_str(&extra));
	buf_free(&extra);
	/* RFC 5057 5.1: that dialog is gone. An early one ends with its INVITE. */
	if (status == 481 && to->state == LEG_TALKING)
		leg_fail(to, status, "a request within the call was refused with 481");
}

static void response_h(void *arg, struct txn_client *txn, struct message *response)
{
	struct passage *passage = arg;

	if (message_status(response) < 200)
		return;
	txn_client_detach(txn);
	passage->out = NULL;
	conclude(passage, message_status(response), NULL);
}

static void failed_h(void *arg, struct txn_client *txn, int err)
{
	struct passage *passage = arg;

	txn_client_detach(txn);
	passage->out = NULL;
	conclude(passage, err == -ETIMEDOUT ? 408 : 503, "it was not answered");
}

static void repeated_h(
	void *arg, struct txn_client *txn, const struct txn_client_request *request)
{
	struct passage *passage = arg;

	(void)request;
	passage->out = txn;
}

static void late_h(void *arg)
{
	conclude(arg, 408, "no answer came before its sender gives up");
}

static void sender_lost_h(void *arg, struct txn_server *txn)
{
	struct passage *passage = arg;

	(void)txn;
	passage->in = NULL;
}

static bool has_room(const struct leg *to)
{
	unsigned waiting = 0;

	for (const struct passage *passage = to->passages; passage;
		passage = passage->next)
		waiting++;
	return waiting < PASSAGES_MAX;
}

int passage_begin(
	struct leg *to, struct txn_server *txn, struct message *request, passage_h *h)
{
	struct passage *passage = has_room(to) ? calloc(1, sizeof(*passage)) : NULL;
	const struct txn_client_user user = {.repeated_h = repeated_h,
		.response_h = response_h,
		.failed_h = failed_h,
		.arg = passage};
	const struct bridge *bridge = to->home->bridge;
	int err;

	if (!passage)
		return has_room(to) ? -ENOMEM : ERR_LIMIT;
	passage->to = to;
	passage->method = message_method(request);
	passage->h = h;
	passage->next = to->passages;
	to->passages = passage;
	err = leg_pass(to, request, &user, &passage->out);
	if (err) {
		passage_free(passage);
		return err;
	}
	passage->in = txn;
	txn_server_attach(
		txn, &(struct txn_server_user){.ended_h = sender_lost_h, .arg = passage});
	timer_start(bridge->timers, &passage->late,
		BRIDGE_LATE_T1 * bridge->config->sip.t1_ms, late_h, passage);
	return 0;
}
