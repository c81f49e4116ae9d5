#include "bridge/dtmf.h"

#include "base/log.h"
#include "base/secret.h"
#include "bridge/dtmf_body.h"
#include "bridge/dtmf_sdp.h"
#include "trunk/cause.h"

#include <errno.h>
#include <stdlib.h>

/* Digits that wait for INFO toward one leg. */
#define QUEUE 32
/* What waits to be played may take so long: then further digits are refused. */
#define BACKLOG_MS 5000
/* Where an INFO does not say how long its digit is. */
#define USUAL_MS 160

struct item {
	struct dtmf_digit digit;
	enum dtmf_body_type type;
	struct txn_server *info; /* the other leg's, to be answered; NULL: heard in RTP */
};

struct dtmf {
	struct leg *leg;
	struct txn_client *sent;  /* the INFO of the first item */
	struct item queue[QUEUE]; /* a ring */
	unsigned first, count;
	bool refused; /* that the far end takes no digit was logged */
};

static void send_next(struct dtmf *dtmf);

/* ---- what waits ---- */

static void answered_h(void *arg, struct txn_server *txn)
{
	struct dtmf *dtmf = arg;

	for (unsigned i = 0; i < QUEUE; i++)
		if (dtmf->queue[i].info == txn)
			dtmf->queue[i].info = NULL;
}

/* Takes the first item off; who asked for it hears STATUS. */
static void finish(struct dtmf *dtmf, int status)
{
	struct item *item = &dtmf->queue[dtmf->first];
	struct txn_server *info = item->info;

	secret_wipe_bytes(item, sizeof(*item));
	dtmf->first = (dtmf->first + 1) % QUEUE;
	dtmf->count--;
	if (!info)
		return;
	txn_server_detach(info);
	txn_server_reply(info, status, NULL, NULL, NULL);
}

static struct dtmf *queue_of(struct leg *leg)
{
	if (!leg->dtmf)
		leg->dtmf = calloc(1, sizeof(*leg->dtmf));
	if (leg->dtmf)
		leg->dtmf->leg = leg;
	return leg->dtmf;
}

static int enqueue(struct leg *leg, const struct item *item)
{
	struct dtmf *dtmf = queue_of(leg);
	struct txn_server_user user = {.ended_h = answered_h, .arg = dtmf};

	if (!dtmf)
		return -ENOMEM;
	if (dtmf->count == QUEUE)
		return ERR_LIMIT;
	dtmf->queue[(dtmf->first + dtmf->count++) % QUEUE] = *item;
	if (item->info)
		txn_server_attach(item->info, &user);
	send_next(dtmf);
	return 0;
}

bool dtmf_is_busy(const struct dtmf *dtmf)
{
	return dtmf && dtmf->count > 0;
}

void dtmf_free(struct dtmf *dtmf)
{
	if (!dtmf)
		return;
	if (dtmf->sent)
		txn_client_detach(dtmf->sent);
	while (dtmf->count)
		finish(dtmf, 487);
	free(dtmf);
}

/* ---- INFO of ours ---- */

/* What its asker hears. RFC 4320 4.2: no request but INVITE is answered 408. */
static int answer_of(int status)
{
	if (status == 408)
		return 504;
	return status < 300 ? status : cause_map(status);
}

/* A final response, or the want of one. */
static void conclude(struct dtmf *dtmf, int status, const char *why)
{
	struct leg *leg = dtmf->leg;

	txn_client_detach(dtmf->sent);
	dtmf->sent = NULL;
	finish(dtmf, answer_of(status));
	if (status >= 300 && !dtmf->refused) {
		dtmf->refused = true;
		log_warning("dtmf", "call=%s leg=%s event=info-refused status=%d",
			leg->id, leg->name, status);
	}
	/* RFC 3261 12.2.1.2: that dialog is gone. An early one ends with its INVITE. */
	if ((status == 481 || status == 408) && leg->state == LEG_TALKING)
		leg_fail(leg, status, why);
	else
		send_next(dtmf);
}

static void response_h(void *arg, struct txn_client *txn, struct message *response)
{
	(void)txn;
	if (message_status(response) >= 200)
		conclude(arg, message_status(response), "INFO refused with 408 or 481");
}

static void failed_h(void *arg, struct txn_client *txn, int err)
{
	(void)txn;
	conclude(arg, err == -ETIMEDOUT ? 408 : 503, "no response to INFO");
}

static void repeated_h(
	void *arg, struct txn_client *txn, const struct txn_client_request *request)
{
	struct dtmf *dtmf = arg;

	(void)request;
	dtmf->sent = txn;
}

static int send_first(struct dtmf *dtmf)
{
	const struct item *item = &dtmf->queue[dtmf->first];
	struct txn_client_user user = {.repeated_h = repeated_h,
		.response_h = response_h,
		.failed_h = failed_h,
		.arg = dtmf};
	struct buf body;
	int err;

	buf_init(&body, 0);
	dtmf_body_write(item->type, &item->digit, &body);
	err = body.err;
	if (!err)
		err = leg_info(dtmf->leg, dtmf_body_type_name(item->type),
			buf_span(&body), &user, &dtmf->sent);
	buf_free(&body);
	return err;
}

static void send_next(struct dtmf *dtmf)
{
	while (dtmf->count && !dtmf->sent)
		if (send_first(dtmf))
			finish(dtmf, 500);
}

/* ---- digits that come ---- */

void dtmf_hear(struct call *call, const struct relay_digit *digit)
{
	struct leg *to = call_other(call, call_leg(call, digit->end));
	struct item item = {.digit = digit->digit, .type = DTMF_BODY_RELAY};

	if (call->state >= CALL_ENDING || !to->home || !dtmf_sdp_is_signalled(to) ||
		!call_reaches(call, to))
		return;
	if (enqueue(to, &item))
		log_warning(
			"dtmf", "call=%s leg=%s event=digit-lost", call->id, to->name);
}

/* The first line of LEG that telephone-events were agreed on; -1: there is none. */
static int find_line(const struct call *call, const struct leg *leg, uint8_t event)
{
	for (unsigned i = 0; i < RELAY_STREAMS; i++) {
		const struct stream *stream = leg->streams[i];
		const struct stream_terms *holds;
		const struct dtmf_terms *terms;

		if (!stream || !relay_stream_exists(call->session, i))
			continue;
		holds = stream->now.set ? &stream->now : stream->next;
		terms = holds ? &holds->dtmf : NULL;
		if (terms && terms->count &&
			dtmf_sdp_takes(leg, i, terms->formats[0].type, event))
			return (int)i;
	}
	return -1;
}

/* The status that answers the INFO. */
static int play(struct call *call, const struct leg *to, struct dtmf_digit digit)
{
	uint64_t now_ms = timers_now_ms(call->bridge->timers);
	int line = find_line(call, to, digit.event);

	if (line < 0)
		return 488;
	if (!digit.duration_ms)
		digit.duration_ms = USUAL_MS;
	if (call->digits_until_ms < now_ms)
		call->digits_until_ms = now_ms;
	if (call->digits_until_ms - now_ms >= BACKLOG_MS ||
		relay_digit(call->session, (unsigned)line, &digit))
		return 500;
	call->digits_until_ms += digit.duration_ms + DTMF_PAUSE_MS;
	return 200;
}

/* Of another purpose, or none: 0 when it is a digit, else the status that answers it. */
static int read_info(struct message *info, struct item *item, const char **ret_extra)
{
	struct span body = message_body(info);
	struct span value;

	/* RFC 6086 4.2.2: we take no Info Package. */
	if (message_header(info, "Info-Package", 0, &value)) {
		*ret_extra = "Recv-Info:\r\n";
		return 469;
	}
	if (!body.len)
		return 200; /* RFC 2976 2.2: it asks whether we are there */
	if ((message_header(info, "Content-Encoding", 0, &value) &&
		    !span_equal_nocase(value, "identity")) ||
		dtmf_body_type_find(message_content_type(info), &item->type)) {
		*ret_extra = "Accept: " DTMF_BODY_ACCEPT "\r\n";
		return 415;
	}
	return dtmf_body_read(item->type, body, &item->digit) ? 400 : 0;
}

void dtmf_receive(
	struct call *call, struct leg *from, struct txn_server *txn, struct message *info)
{
	struct leg *to = call_other(call, from);
	struct item item = {.info = txn};
	const char *extra = NULL;
	int status = read_info(info, &item, &extra);

	if (!status && (!to->home || !call_reaches(call, to)))
		status = 480;
	if (!status && dtmf_sdp_is_signalled(to)) {
		if (!enqueue(to, &item))
			return;
		status = 500;
	} else if (!status) {
		status = play(call, to, item.digit);
	}
	if (status == 500)
		extra = "Retry-After: 1\r\n";
	if (status < 300)
		txn_server_reply(txn, status, NULL, NULL, extra);
	else
		txn_server_refuse(txn, NULL,
			&(struct txn_refusal){.status = status, .extra = extra});
}

void dtmf_tell_lost(const struct call *call)
{
	struct relay_stats stats[2];
	uint64_t lost = 0;

	for (unsigned i = 0; i < RELAY_STREAMS && call->session; i++) {
		relay_stats(call->session, i, RELAY_A, &stats[0]);
		relay_stats(call->session, i, RELAY_B, &stats[1]);
		lost += stats[0].digits_lost + stats[1].digits_lost;
	}
	if (lost)
		log_warning("dtmf", "call=%s event=digits-lost count=%llu", call->id,
			(unsigned long long)lost);
}
