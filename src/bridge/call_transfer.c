#include "bridge/call_transfer.h"

#include "bridge/call_inner.h"
#include "bridge/call_log.h"
#include "bridge/call_priv.h"
#include "bridge/leg_notifier.h"
#include "bridge/refer.h"
#include "media/relay.h"
#include "trunk/emergency.h"
#include "trunk/number.h"

#include <errno.h>
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
	/* The call of the REFER. NULL from PARTING on, unless it is attended: it goes on by itself. */
	struct call *outer;
	/* Blind: the inner call, or NULL when it is over; while JOINING the referrer is its leg b. Attended: the call that the
	 * referrer consulted in, in whose place the leg that stays comes; NULL from PARTING on. */
	struct call *inner;
	struct leg *referrer; /* NULL: there is none any more */
	struct leg *stays;
	struct leg *
		consults; /* attended: the referrer's leg of the other call; NULL: it is blind */
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

/* What came of it is in the record of CALL. TARGET, an id, took it; NULL: nobody. */
static void note(struct transfer *transfer, int status, const char *target)
{
	struct call *outer = transfer->outer;

	history_transferred(&outer->history, status, target);
	call_log_transfer(outer, status, target);
}

/* ---- its end ---- */

static void transfer_free(struct transfer *transfer)
{
	timer_stop(&transfer->timer);
	message_unref(transfer->request);
	free(transfer);
}

static void detach(struct call *call)
{
	call->transfer = NULL;
	call->ended_h = NULL;
	call->stays = NULL;
}

static void leave_outer(struct transfer *transfer)
{
	detach(transfer->outer);
	transfer->outer = NULL;
	if (transfer->inner)
		transfer->inner->stays = NULL;
}

static struct call *leave_inner(struct transfer *transfer)
{
	struct call *inner = transfer->inner;

	transfer->inner = NULL;
	if (inner)
		detach(inner);
	return inner;
}

/* The inner call, with whoever is in it, ends for STATUS. */
static void end_inner(struct transfer *transfer, int status)
{
	struct call *inner = leave_inner(transfer);

	if (inner)
		call_end(inner, CALL_BY_TANDEM, "transfer", status, NULL);
}

/* A call whose leg has hung up meanwhile. */
static void end_lone(struct call *call, int status)
{
	if (call && (call->state == CALL_ASIDE || call->a->state == LEG_OVER))
		call_end(call, CALL_BY_TANDEM, "transfer-failed", status, NULL);
}

/* Nobody took it: the call goes on as before, and so does one that was consulted in; a call without its referrer
 * ends. */
static void fail(struct transfer *transfer, int status)
{
	struct call *outer = transfer->outer, *consulted = NULL;

	note(transfer, status, NULL);
	say(transfer, status);
	if (transfer->consults)
		consulted = leave_inner(transfer);
	else
		end_inner(transfer, 487);
	leave_outer(transfer);
	transfer_free(transfer);
	end_lone(outer, status);
	end_lone(consulted, status);
}

static void exchange(struct transfer *transfer);

/* The record of the outer call is of the legs that it had. */
static void record_outer(struct transfer *transfer, const char *cause)
{
	struct call *outer = transfer->outer;

	exchange(transfer);
	call_record(outer, transfer->referrer == outer->a ? CALL_BY_A : CALL_BY_B, cause,
		200);
	exchange(transfer);
}

static void outer_ended_h(struct call *outer, int status)
{
	struct transfer *transfer = outer->transfer;

	(void)status;
	if (transfer->state != TRANSFER_PARTING) {
		note(transfer, 487, NULL);
		say(transfer, 487);
	}
	/* one that was consulted in goes on, unless it has a leg of this one */
	if (!transfer->consults || transfer->state == TRANSFER_JOINING)
		end_inner(transfer, 487);
	else
		end_lone(leave_inner(transfer), 487);
	leave_outer(transfer);
	transfer_free(transfer);
}

/* The call that the referrer consulted in ends. */
static void consulted_ended_h(struct call *inner, int status)
{
	struct transfer *transfer = inner->transfer;
	struct call *outer = transfer->outer;

	if (transfer->state == TRANSFER_JOINING) {
		note(transfer, 487, NULL);
		say(transfer, 487);
		record_outer(transfer, "transfer-failed");
		leave_inner(transfer);
		leave_outer(transfer);
		transfer_free(transfer);
		call_end(outer, CALL_BY_TANDEM, "transfer-failed", 487, NULL);
		return;
	}
	leave_inner(transfer);
	fail(transfer, status);
}

static void inner_ended_h(struct call *inner, int status)
{
	struct transfer *transfer = inner->transfer;

	detach(inner);
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
	if (call->transfer || call->replacement || call->referral || from->notifier)
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

	if (!err && emergency_is_called(config, from->settings, &transfer->refer.phone)) {
		*fault = (struct refer_fault){.status = 403,
			.where = "Refer-To",
			.why = "an emergency call is made by who needs help"};
		err = ERR_FORMAT;
	}
	if (!err)
		apply_rules(transfer, from);
	return err;
}

/* It is in the record of CALL from now on. 0, ERR_LIMIT or -ENOMEM. */
static int note_begin(
	const struct transfer *transfer, struct call *call, const struct leg *from)
{
	const struct party_name name = {.phone = transfer->refer.phone};
	char *to = party_number(&name);
	char by[80];
	int err = to ? history_transfer(&call->history, trunk_name(from->trunk, by), to,
			       call_now_us(call) - call->start_us)
		     : -ENOMEM;

	free(to);
	return err;
}

/* 0, or negative with *FAULT. */
static int prepare(struct transfer *transfer, struct call *call, struct leg *from,
	struct refer_fault *fault)
{
	int err = read_refer(transfer, call->bridge->config, from, fault);

	if (err)
		return err;
	*fault = (struct refer_fault){.status = 503, .why = "no resources"};
	if (!transfer->refer.replaces.call_id.len)
		err = call_inner_new(&transfer->inner, call, from, &transfer->refer);
	if (!err && !transfer->refer.silent)
		err = notifier_begin(from, transfer->request,
			(unsigned)(call->config->limits.setup_ms / 1000));
	if (!err)
		err = note_begin(transfer, call, from);
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

static void ask(struct transfer *transfer)
{
	struct call *outer = transfer->outer;

	transfer->inner->transfer = transfer;
	transfer->inner->ended_h = inner_ended_h;
	transfer->inner->stays = transfer->stays;
	timer_start(outer->bridge->timers, &transfer->timer,
		outer->config->limits.setup_ms, too_long_h, transfer);
	call_hunt(transfer->inner);
}

/* LEG has called, and nobody has answered yet. */
static bool calls(const struct call *call, const struct leg *leg)
{
	return call->state == CALL_SETUP && leg == call->a && leg->state == LEG_INVITING;
}

/*
 * The leg whose place is to be taken (RFC 3891 3). 0, or the status of why not.
 */
static int find_consulted(struct transfer *transfer, struct leg **ret)
{
	const struct leg *from = transfer->referrer;
	struct leg *leg = call_leg_of_dialog(
		transfer->outer->bridge, from->trunk, &transfer->refer.replaces);
	const struct call *call = leg ? leg->arg : NULL;

	if (!leg || call == transfer->outer || call->state >= CALL_ENDING)
		return 481;
	if (call->transfer || call->replacement || call->referral || call->inner ||
		(call->state != CALL_TALKING && !calls(call, leg)))
		return 491;
	if (call->state == CALL_TALKING && transfer->refer.replaces.early_only)
		return 486;
	if (call->emergency)
		return 403;
	*ret = leg;
	return 0;
}

static void wait_to_join(struct transfer *transfer);

static void attend(struct transfer *transfer)
{
	int status = find_consulted(transfer, &transfer->consults);

	if (status) {
		fail(transfer, status);
		return;
	}
	transfer->inner = transfer->consults->arg;
	transfer->inner->transfer = transfer;
	transfer->inner->ended_h = consulted_ended_h;
	if (transfer->inner->state == CALL_SETUP && transfer->inner->ringing_us)
		say(transfer, 180);
	wait_to_join(transfer);
}

static void begin(struct transfer *transfer, struct call *call, struct leg *from)
{
	transfer->outer = call;
	transfer->referrer = from;
	transfer->stays = call_other(call, from);
	call->transfer = transfer;
	call->ended_h = outer_ended_h;
	notifier_say(from, 100);
	if (transfer->inner)
		ask(transfer);
	else
		attend(transfer);
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

/* LEG knows from now on what the stand-in heard of who it is joined with: who it was connected with is not who it is
 * connected with. */
static void tell_of_other(struct leg *leg, struct leg *stand_in)
{
	leg_tell(leg, stand_in ? stand_in->connected : NULL,
		stand_in ? stand_in->connected_from : NULL, false);
	if (stand_in)
		stand_in->connected = stand_in->connected_from = NULL;
}

static bool is_in(const struct call *call, const struct leg *leg)
{
	return leg == call->a || leg == call->b;
}

/*
 * Blind: his leg and the referrer's change places, with their media. Attended: the leg that stays, and that of
 * the referrer in the other call, whose media goes on. The same again changes them back.
 */
static void exchange(struct transfer *transfer)
{
	struct call *outer = transfer->outer, *inner = transfer->inner;
	struct leg *stays = transfer->stays, *consults = transfer->consults;
	const bool away = consults && !is_in(outer, stays);

	tell_of_other(stays, consults ? NULL : inner->a);
	if (!consults) {
		call_exchange_legs(outer, call_other(outer, stays), inner, inner->b);
		call_exchange_media(outer, inner);
		return;
	}
	call_exchange_legs(
		outer, away ? consults : stays, inner, away ? stays : consults);
	call_exchange_ends(stays, consults);
}

/* The call that the leg that stays is to go on in. */
static struct call *joined(const struct transfer *transfer)
{
	return transfer->consults ? transfer->inner : transfer->outer;
}

static void join(struct transfer *transfer)
{
	struct call *call = joined(transfer);
	struct err_text text = {{0}};
	int err;

	call_note_sent(transfer->outer, transfer->stays);
	exchange(transfer);
	transfer->state = TRANSFER_JOINING;
	call_set_state(call, CALL_JOINING);
	if (transfer->consults && transfer->outer->state != CALL_ASIDE)
		call_set_state(transfer->outer, CALL_ASIDE);
	err = oa_join(call, transfer->stays, &text);
	if (err == ERR_TRUST)
		call_end(call, CALL_BY_TANDEM, "key-stopped", 500,
			"a key was to leave in plain");
	else if (err)
		transfer_unjoin(call, err == ERR_SUPPORT ? 488 : 500);
}

/* The leg that stays may be asked, and where it is to go no exchange is open. */
static bool is_ready(const struct transfer *transfer)
{
	return oa_may_join(transfer->outer, transfer->stays) &&
	       (!transfer->consults ||
		       oa_may_join(transfer->inner,
			       call_other(transfer->inner, transfer->consults)));
}

static void join_h(void *arg)
{
	wait_to_join(arg);
}

/* Whoever the referrer consults has not answered: that call has a limit of its own. */
static bool rings(const struct transfer *transfer)
{
	return transfer->consults && transfer->inner->state == CALL_SETUP;
}

static void wait_to_join(struct transfer *transfer)
{
	transfer->state = TRANSFER_WAITING;
	if (is_ready(transfer))
		join(transfer);
	else if (rings(transfer) || ++transfer->tries < RETRIES)
		timer_start(transfer->outer->bridge->timers, &transfer->timer, RETRY_MS,
			join_h, transfer);
	else
		fail(transfer, 491);
}

void transfer_answered(struct call *call)
{
	struct transfer *transfer = call->transfer;

	timer_stop(&transfer->timer);
	history_append(&transfer->outer->history, &call->history);
	wait_to_join(transfer);
}

/* ---- joined, or not ---- */

static void part_h(void *arg)
{
	struct transfer *transfer = arg;

	call_end(transfer->consults ? transfer->outer : transfer->inner, CALL_BY_TANDEM,
		"transferred", 200, NULL);
}

/* It is done. The referrer, if there is one still, hears so, and is waited for in CALL. */
static void part(struct transfer *transfer, struct call *call)
{
	transfer->state = TRANSFER_PARTING;
	relay_close(call->session);
	call->session = NULL;
	say(transfer, 200);
	if (is_gone(transfer))
		part_h(transfer);
	else
		timer_start(call->bridge->timers, &transfer->timer, PART_MS, part_h,
			transfer);
}

static void part_blind(struct transfer *transfer)
{
	struct call *inner = transfer->inner;

	leave_outer(transfer);
	if (!inner) {
		transfer_free(transfer);
		return;
	}
	inner->answer_us = 0; /* who talks for so long is not in it */
	part(transfer, inner);
}

/* The other call has all that was said of it; what is left of this one is the referrer. */
static void part_attended(struct transfer *transfer)
{
	struct call *outer = transfer->outer, *inner = transfer->inner;

	if (!note_begin(transfer, inner, transfer->referrer))
		history_transferred(&inner->history, 200, transfer->stays->trunk->id);
	record_outer(transfer, "transferred");
	leave_inner(transfer);
	leg_close(transfer->consults, 487, NULL);
	part(transfer, outer);
}

void transfer_settle(struct call *call)
{
	struct transfer *transfer = call->transfer;

	if (!transfer || call->state != CALL_JOINING || call->oa.state != OA_IDLE ||
		call->oa.restoring)
		return;
	note(transfer, 200, call_other(call, transfer->stays)->trunk->id);
	call_set_state(call, CALL_TALKING);
	call_limit_duration(call);
	relay_set_timeout(call->session, call_silence_ms(call));
	(void)call_capture_follow(call);
	if (transfer->consults)
		part_attended(transfer);
	else
		part_blind(transfer);
}

/* A leg that has not hung up. */
static bool talks(const struct leg *leg)
{
	return leg->state == LEG_TALKING && !leg->bye_in;
}

/* Both calls have the legs of before, as far as these have not hung up. */
static void unjoin_attended(struct transfer *transfer, int status)
{
	const bool alone = !talks(transfer->consults);
	struct call *inner = transfer->inner;

	exchange(transfer);
	call_set_state(inner, CALL_TALKING);
	if (!is_gone(transfer))
		call_set_state(transfer->outer, CALL_TALKING);
	transfer->state = TRANSFER_WAITING;
	fail(transfer, status);
	if (alone)
		call_end(inner, CALL_BY_TANDEM, "transfer-failed", status, NULL);
}

void transfer_unjoin(struct call *call, int status)
{
	struct transfer *transfer = call->transfer;

	oa_unjoin(call, transfer->stays);
	call_forget_sent(transfer->stays);
	if (transfer->consults && (talks(transfer->consults) || !is_gone(transfer))) {
		unjoin_attended(transfer, status);
		return;
	}
	if (transfer->consults || is_gone(transfer)) {
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

bool transfer_gives_up(struct call *call)
{
	struct transfer *transfer = call->transfer;

	if (!transfer || !rings(transfer))
		return false;
	leg_refuse(transfer->consults, 487, NULL);
	return true;
}

bool transfer_leaves(struct call *call, struct leg *leg)
{
	struct transfer *transfer = call->transfer;

	if (!transfer || (leg != transfer->referrer && leg != transfer->consults) ||
		(!call->inner && !call_goes_aside(call)))
		return false;
	leg_drop_digits(call_other(call, leg));
	leg_drop_digits(leg);
	call_let_go(leg);
	return true;
}

void transfer_left(struct call *call, struct leg *leg)
{
	struct transfer *transfer = call->transfer;

	if (transfer && leg == transfer->referrer && transfer->state == TRANSFER_PARTING)
		part_h(transfer);
}
