#include "bridge/call_transfer.h"

#include "base/log.h"
#include "bridge/call_inner.h"
#include "bridge/call_priv.h"
#include "bridge/leg_notifier.h"
#include "bridge/refer.h"
#include "media/relay.h"
#include "trunk/emergency.h"
#include "trunk/number.h"

#include <stdlib.h>
#include <string.h>

/* Whoever was found waits for an exchange of the call to end: how often that is looked at, and how long. */
#define RETRY_MS 250
#define RETRIES 128
/* The referrer has so long to hang up when all is done (RFC 5589 6.1: it may let go itself). */
#define PART_MS 10000

enum transfer_state {
	TRANSFER_ASKING,  /* the inner call looks for somebody */
	TRANSFER_WAITING, /* he answered: the leg that stays may not be asked yet */
	TRANSFER_JOINING, /* it is asked */
	TRANSFER_PARTING, /* it is done: the referrer is to hang up */
};

struct transfer {
	enum transfer_state state;
	struct call *outer; /* NULL from PARTING on: it goes on by itself */
	struct call
		*inner; /* NULL: it is over. While JOINING the referrer is its leg b */
	struct leg *referrer; /* NULL: there is none any more */
	struct leg *stays;
	struct message *request;       /* the REFER; owned reference */
	struct refer refer;            /* borrows from it */
	char number[RULE_NUMBER_SIZE]; /* whom it asks for, where rules changed that */
	struct timer timer;
	unsigned tries;
};

/* ---- telling ---- */

static bool is_gone(const struct transfer *transfer)
{
	const struct leg *referrer = transfer->referrer;

	return !referrer || referrer->state != LEG_TALKING || referrer->bye_in;
}

static void say(const struct transfer *transfer, int status)
{
	if (!is_gone(transfer))
		notifier_say(transfer->referrer, status);
}

static void log_end(const struct call *call, int status, const char *target)
{
	const struct history *history = &call->history;
	const struct record_transfer *at =
		&history->transfers[history->transfer_count - 1];
	char called[LOG_TEXT_SIZE], by[PEER_WORDS_SIZE];

	log_info("call", "call=%s event=transfer%s called=%s target=%s status=%d",
		call->id, peer_words(at->by, by),
		log_number(called, at->to, strlen(at->to)), target ? target : "none",
		status);
}

/* What came of it is in the record of CALL. TARGET, an id, took it; NULL: nobody. */
static void note(struct transfer *transfer, int status, const char *target)
{
	struct call *outer = transfer->outer;

	history_transferred(&outer->history, status, target);
	log_end(outer, status, target);
}

/* ---- its end ---- */

static void transfer_free(struct transfer *transfer)
{
	timer_stop(&transfer->timer);
	message_unref(transfer->request);
	free(transfer);
}

static void leave_outer(struct transfer *transfer)
{
	transfer->outer->transfer = NULL;
	transfer->outer->ended_h = NULL;
	transfer->outer = NULL;
}

/* The inner call, with whoever is in it, ends for STATUS. */
static void end_inner(struct transfer *transfer, int status)
{
	struct call *inner = transfer->inner;

	transfer->inner = NULL;
	if (!inner)
		return;
	inner->transfer = NULL;
	inner->ended_h = NULL;
	call_end(inner, CALL_BY_TANDEM, "transfer", status, NULL);
}

/* Nobody took it: the call goes on as before; a call without its referrer ends. */
static void fail(struct transfer *transfer, int status)
{
	struct call *outer = transfer->outer;

	note(transfer, status, NULL);
	say(transfer, status);
	end_inner(transfer, 487);
	leave_outer(transfer);
	transfer_free(transfer);
	if (outer->state == CALL_ASIDE)
		call_end(outer, CALL_BY_TANDEM, "transfer-failed", status, NULL);
}

static void outer_ended_h(struct call *outer, int status)
{
	struct transfer *transfer = outer->transfer;

	(void)status;
	note(transfer, 487, NULL);
	say(transfer, 487);
	end_inner(transfer, 487);
	leave_outer(transfer);
	transfer_free(transfer);
}

static void inner_ended_h(struct call *inner, int status)
{
	struct transfer *transfer = inner->transfer;

	inner->transfer = NULL;
	inner->ended_h = NULL;
	transfer->inner = NULL;
	if (transfer->outer)
		history_append(&transfer->outer->history, &inner->history);
	if (transfer->state == TRANSFER_JOINING)
		transfer->referrer = NULL;
	else if (transfer->state == TRANSFER_PARTING)
		transfer_free(transfer);
	else
		fail(transfer, status);
}

/* ---- the beginning ---- */

void transfer_refuse(struct txn_server *txn, int status, const char *why)
{
	txn_server_refuse(txn, NULL, &(struct txn_refusal){.status = status, .why = why});
}

/* Why FROM may not transfer CALL now; NULL: it may. */
static const char *obstacle_to(
	const struct call *call, const struct leg *from, int *ret_status)
{
	*ret_status = 491;
	if (call->transfer || from->notifier)
		return "another transfer of the call is not over yet";
	*ret_status = 403;
	if (call->emergency)
		return "an emergency call is not transferred";
	if (call->history.transfer_count == RECORD_TRANSFERS)
		return "the call was transferred as often as a call may be";
	return NULL;
}

/* Whom FROM asks for is a called number of FROM. */
static void apply_rules(struct transfer *transfer, const struct leg *from)
{
	struct phone *phone = &transfer->refer.phone;

	if (!number_called_in(&from->settings->numbers, phone, transfer->number))
		return;
	*phone = (struct phone){.number = span_of(transfer->number), .is_number = true};
}

static int read_refer(struct transfer *transfer, const struct config *config,
	const struct leg *from, struct refer_fault *fault)
{
	int err = refer_read(&transfer->refer, transfer->request, fault);

	if (!err)
		apply_rules(transfer, from);
	if (!err && (emergency_is_called(config, &transfer->refer.uri) ||
			    emergency_is_phone(config, &transfer->refer.phone))) {
		*fault = (struct refer_fault){.status = 403,
			.where = "Refer-To",
			.why = "an emergency call is made by who needs help"};
		err = ERR_FORMAT;
	}
	if (!err && transfer->refer.replaces.call_id.len) {
		*fault = (struct refer_fault){.status = 501,
			.where = "Refer-To",
			.why = "Replaces is not served"};
		err = ERR_FORMAT;
	}
	return err;
}

/* 0, or negative with *FAULT. */
static int prepare(struct transfer *transfer, struct call *call, struct leg *from,
	struct refer_fault *fault)
{
	char by[80];
	int err = read_refer(transfer, call->bridge->config, from, fault);

	if (err)
		return err;
	*fault = (struct refer_fault){.status = 503, .why = "no resources"};
	err = call_inner_new(&transfer->inner, call, from, &transfer->refer);
	if (!err && !transfer->refer.silent)
		err = notifier_begin(from, transfer->request,
			(unsigned)(call->config->limits.setup_ms / 1000));
	if (!err)
		err = history_transfer(&call->history, trunk_name(from->trunk, by),
			transfer->inner->to, call_now_us(call) - call->start_us);
	if (err && transfer->inner)
		end_inner(transfer, 503);
	if (err) {
		notifier_free(from->notifier);
		from->notifier = NULL;
	}
	return err;
}

static void too_long_h(void *arg)
{
	struct transfer *transfer = arg;

	call_end(transfer->inner, CALL_BY_TANDEM, "no-answer", 408, NULL);
}

static void begin(struct transfer *transfer, struct call *call, struct leg *from)
{
	transfer->outer = call;
	transfer->referrer = from;
	transfer->stays = call_other(call, from);
	call->transfer = transfer->inner->transfer = transfer;
	call->ended_h = outer_ended_h;
	transfer->inner->ended_h = inner_ended_h;
	notifier_say(from, 100);
	timer_start(call->bridge->timers, &transfer->timer, call->config->limits.setup_ms,
		too_long_h, transfer);
	call_hunt(transfer->inner);
}

void transfer_refer(struct call *call, struct leg *from, struct txn_server *txn)
{
	struct refer_fault fault = {.status = 503, .why = "no resources"};
	struct transfer *transfer;
	int status;
	const char *why = obstacle_to(call, from, &status);

	if (why) {
		transfer_refuse(txn, status, why);
		return;
	}
	transfer = calloc(1, sizeof(*transfer));
	if (transfer)
		transfer->request = message_ref(txn_server_request(txn));
	if (!transfer || prepare(transfer, call, from, &fault)) {
		txn_server_refuse(txn, NULL,
			&(struct txn_refusal){.status = fault.status,
				.where = fault.where,
				.why = fault.why});
		if (transfer)
			transfer_free(transfer);
		return;
	}
	leg_accept_refer(from, txn, transfer->refer.silent);
	begin(transfer, call, from);
}

/* ---- the inner call ---- */

void transfer_heard(struct call *call, int status)
{
	if (status > 100)
		say(call->transfer, status);
}

/* His leg and the referrer's change places, with their media. */
static void exchange(struct transfer *transfer)
{
	struct call *outer = transfer->outer, *inner = transfer->inner;

	call_exchange_legs(outer, call_other(outer, transfer->stays), inner, inner->b);
	call_exchange_media(outer, inner);
	/* who he was connected with is not who he is connected with */
	leg_tell(transfer->stays, NULL, false);
}

static void join(struct transfer *transfer)
{
	struct call *outer = transfer->outer;
	struct err_text text = {{0}};
	int err;

	exchange(transfer);
	transfer->state = TRANSFER_JOINING;
	call_set_state(outer, CALL_JOINING);
	err = oa_join(outer, transfer->stays, &text);
	if (err == ERR_TRUST)
		call_end(outer, CALL_BY_TANDEM, "key-stopped", 500,
			"a key was to leave in plain");
	else if (err)
		transfer_unjoin(outer, err == ERR_SUPPORT ? 488 : 500);
}

static void join_h(void *arg)
{
	struct transfer *transfer = arg;

	if (oa_may_join(transfer->outer, transfer->stays))
		join(transfer);
	else if (++transfer->tries < RETRIES)
		timer_start(transfer->outer->bridge->timers, &transfer->timer, RETRY_MS,
			join_h, transfer);
	else
		call_end(transfer->inner, CALL_BY_TANDEM, "transfer", 491, NULL);
}

void transfer_answered(struct call *call)
{
	struct transfer *transfer = call->transfer;

	timer_stop(&transfer->timer);
	transfer->state = TRANSFER_WAITING;
	history_append(&transfer->outer->history, &call->history);
	join_h(transfer);
}

/* ---- joined, or not ---- */

static void part_h(void *arg)
{
	struct transfer *transfer = arg;

	call_end(transfer->inner, CALL_BY_TANDEM, "transfer", 200, NULL);
}

/* It is done. The referrer, if there is one still, hears so, and is waited for. */
static void part(struct transfer *transfer)
{
	struct call *inner = transfer->inner;

	transfer->state = TRANSFER_PARTING;
	if (!inner) {
		transfer_free(transfer);
		return;
	}
	relay_close(inner->session);
	inner->session = NULL;
	inner->answer_us = 0; /* who talks for so long is not in it */
	say(transfer, 200);
	if (is_gone(transfer))
		part_h(transfer);
	else
		timer_start(inner->bridge->timers, &transfer->timer, PART_MS, part_h,
			transfer);
}

void transfer_settle(struct call *call)
{
	struct transfer *transfer = call->transfer;

	if (call->state != CALL_JOINING || call->oa.state != OA_IDLE ||
		call->oa.restoring)
		return;
	note(transfer, 200, call_other(call, transfer->stays)->trunk->id);
	call_set_state(call, CALL_TALKING);
	leave_outer(transfer);
	call_limit_duration(call);
	relay_set_timeout(call->session, call_silence_ms(call));
	(void)call_capture_follow(call);
	part(transfer);
}

void transfer_unjoin(struct call *call, int status)
{
	struct transfer *transfer = call->transfer;

	oa_unjoin(call, transfer->stays);
	if (is_gone(transfer)) {
		call_end(call, CALL_BY_TANDEM, "transfer-failed", status, NULL);
		return;
	}
	exchange(transfer);
	relay_set_timeout(call->session, call_silence_ms(call));
	call_set_state(call, CALL_TALKING);
	transfer->state = TRANSFER_WAITING;
	fail(transfer, status);
}

/* ---- who hangs up ---- */

static void let_go(struct leg *leg)
{
	if (leg->bye_in)
		leg_bye_answer(leg);
	else
		leg_close(leg, 487, NULL);
}

/* The call waits without its referrer, if no exchange of it is under way. */
static bool goes_aside(struct call *call)
{
	if (call->state == CALL_TALKING && call->oa.state == OA_IDLE &&
		!call->oa.restoring)
		call_set_state(call, CALL_ASIDE);
	return call->state == CALL_ASIDE;
}

bool transfer_leaves(struct call *call, struct leg *leg)
{
	struct transfer *transfer = call->transfer;

	if (!transfer || leg != transfer->referrer ||
		(call == transfer->outer && !goes_aside(call)))
		return false;
	leg_drop_digits(call_other(call, leg));
	leg_drop_digits(leg);
	let_go(leg);
	return true;
}

void transfer_left(struct call *call, struct leg *leg)
{
	struct transfer *transfer = call->transfer;

	if (transfer && leg == transfer->referrer && call == transfer->inner &&
		transfer->state == TRANSFER_PARTING)
		part_h(transfer);
}
