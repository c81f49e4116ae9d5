#include "bridge/call_referral.h"

#include "bridge/call_inner.h"
#include "bridge/call_log.h"
#include "bridge/call_priv.h"
#include "bridge/identity.h"
#include "bridge/leg_notifier.h"
#include "bridge/leg_subscriber.h"
#include "bridge/party_numbers.h"
#include "bridge/refer.h"
#include "trunk/cause.h"
#include "trunk/emergency.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct referral {
	struct call *call;
	struct leg *from, *to;
	struct txn_server
		*in; /* its REFER; NULL: it is answered, or its sender is lost */
	struct txn_client *out;  /* ours, without a final response; NULL: it has one */
	struct timer late;       /* its sender is about to give up */
	struct message *request; /* the REFER; owned reference */
	bool silent;             /* no NOTIFY is wanted */
	bool noted;              /* it is the latest of the call's transfers */
};

/* ---- its end ---- */

static void referral_free(struct referral *referral)
{
	struct call *call = referral->call;

	if (referral->in)
		txn_server_detach(referral->in);
	if (referral->out)
		txn_client_abandon(referral->out);
	timer_stop(&referral->late);
	subscriber_free(referral->to->subscriber);
	call->referral = NULL;
	call->ended_h = NULL;
	message_unref(referral->request);
	free(referral);
}

/* STATUS is what came of it. */
static void note(struct referral *referral, int status)
{
	struct call *call = referral->call;
	const char *target = status < 300 ? referral->to->trunk->id : NULL;

	if (!referral->noted)
		return;
	history_transferred(&call->history, status, target);
	call_log_transfer(call, status, target);
}

/* Its sender has not been answered yet, or is, with STATUS. */
static void refuse(struct referral *referral, int status, const char *why)
{
	struct txn_server *in = referral->in;

	referral->in = NULL;
	if (!in)
		return;
	txn_server_detach(in);
	txn_server_refuse(in, NULL, &(struct txn_refusal){.status = status, .why = why});
}

static void ended_h(struct call *call, int status)
{
	struct referral *referral = call->referral;

	(void)status;
	refuse(referral, 481, "the call is over");
	note(referral, 487);
	referral_free(referral);
}

/* ---- what the other far end says ---- */

/* The far end takes it: its sender has a subscription of its own from now on. */
static void accepted(struct referral *referral)
{
	struct txn_server *in = referral->in;
	struct leg *from = referral->from;
	const unsigned expires_s =
		(unsigned)(referral->call->config->limits.setup_ms / 1000);

	referral->in = NULL;
	if (!in)
		return;
	txn_server_detach(in);
	if (!referral->silent && notifier_begin(from, referral->request, expires_s))
		referral->silent = true;
	leg_accept_refer(from, in, referral->silent);
	if (!referral->silent)
		notifier_say(from, 100);
}

static void notified_h(void *arg, int status)
{
	struct referral *referral = arg;
	const int last = status ? status : 500; /* it ended, and did not say how */

	/* it may overtake the 2xx to the REFER (RFC 6665 4.1.2.4) */
	accepted(referral);
	if (!referral->silent)
		notifier_say(referral->from, last);
	if (last < 200)
		return;
	note(referral, last);
	referral_free(referral);
}

static void refused(struct referral *referral, int status)
{
	struct leg *to = referral->to;
	const int shown = status == 408 ? 504 : cause_map(status);

	refuse(referral, shown, "the other side refused it");
	if (!referral->silent)
		notifier_say(referral->from, shown);
	note(referral, shown);
	referral_free(referral);
	/* RFC 5057 5.1: that dialog is gone */
	if (status == 481)
		leg_fail(to, status, "a request within the call was refused with 481");
}

/* Nothing is going to be notified (RFC 4488 4). */
static bool is_silent(const struct message *response)
{
	struct span line, word;

	return message_line(response, "Refer-Sub", 0, &line) &&
	       span_next(&line, ';', &word) &&
	       span_equal_nocase(span_trim(word), "false");
}

static void response_h(void *arg, struct txn_client *txn, struct message *response)
{
	struct referral *referral = arg;
	const int status = message_status(response);

	if (status < 200)
		return;
	txn_client_detach(txn);
	referral->out = NULL;
	timer_stop(&referral->late);
	if (status >= 300) {
		refused(referral, status);
		return;
	}
	accepted(referral);
	if (is_silent(response)) {
		note(referral, 202);
		referral_free(referral);
	}
}

static void failed_h(void *arg, struct txn_client *txn, int err)
{
	struct referral *referral = arg;

	txn_client_detach(txn);
	referral->out = NULL;
	refused(referral, err == -ETIMEDOUT ? 408 : 503);
}

static void repeated_h(
	void *arg, struct txn_client *txn, const struct txn_client_request *request)
{
	struct referral *referral = arg;

	(void)request;
	referral->out = txn;
	subscriber_sent(referral->to, referral->to->dialog.local_cseq);
}

static void late_h(void *arg)
{
	struct referral *referral = arg;

	txn_client_abandon(referral->out);
	referral->out = NULL;
	refused(referral, 408);
}

static void sender_lost_h(void *arg, struct txn_server *txn)
{
	struct referral *referral = arg;

	(void)txn;
	referral->in = NULL;
}

/* ---- what is sent ---- */

/* PHONE, as FROM says it, as TO is shown it. Owned; NULL without memory. */
static char *number_for(
	const struct leg *from, const struct leg *to, const struct phone *phone)
{
	struct party *party = calloc(1, sizeof(*party));
	char *number = NULL;

	if (!party)
		return NULL;
	party->called.phone = *phone;
	if (!party_numbers(party, &from->settings->numbers, NUMBER_IN) &&
		!party_numbers(party, &to->settings->numbers, NUMBER_OUT))
		number = party_number(&party->called);
	party_free(party);
	return number;
}

static void add_escaped(struct buf *out, const char *text)
{
	for (; *text; text++)
		if (strchr("-_.!~*'()", *text) || isalnum((unsigned char)*text))
			buf_add_char(out, *text);
		else
			buf_printf(out, "%%%02X", (unsigned)(unsigned char)*text);
}

/* The far end that LEG is with, and its dialog as that sees it (RFC 3891). */
static void add_dialog(struct buf *out, const struct leg *leg)
{
	buf_printf(out, "Refer-To: <%s?Replaces=", leg->dialog.remote_target);
	add_escaped(out, leg->dialog.call_id);
	buf_add_str(out, "%3Bto-tag%3D");
	add_escaped(out, leg->dialog.remote_tag);
	buf_add_str(out, "%3Bfrom-tag%3D");
	add_escaped(out, leg->dialog.local_tag);
	buf_add_str(out, ">\r\n");
}

/* OTHER: whose dialog is to be replaced; NULL: NUMBER is to be called. */
static void add_refer_to(struct buf *out, const struct leg *to, const struct leg *other,
	const char *number)
{
	char host[IDENTITY_SIZE];

	if (other)
		add_dialog(out, other);
	else
		buf_printf(out, "Refer-To: <sip:%s@%s>\r\n", number,
			identity_host(
				to->home, to->flow, to->settings->contact_host, host));
}

static int send_on(struct referral *referral, const struct leg *other, const char *number)
{
	const struct txn_client_user user = {.repeated_h = repeated_h,
		.response_h = response_h,
		.failed_h = failed_h,
		.arg = referral};
	struct leg *to = referral->to;
	struct buf lines;
	int err;

	buf_init(&lines, 0);
	add_refer_to(&lines, to, other, number);
	if (referral->silent)
		buf_add_str(&lines, "Refer-Sub: false\r\n");
	err = lines.err ? -ENOMEM
			: leg_refer(to, buf_span(&lines), &user, &referral->out);
	buf_free(&lines);
	subscriber_sent(to, to->dialog.local_cseq);
	return err;
}

/* ---- whether it goes on ---- */

/* What REFER asks for can be asked of TO: *RET_OTHER is the leg of TO's far end that a dialog in it is of; NULL: it
 * names none. */
static bool is_for(const struct leg *from, const struct leg *to,
	const struct refer *refer, struct leg **ret_other)
{
	struct leg *named;
	struct call *call;

	*ret_other = NULL;
	if (!refer->phone.number.len)
		return false;
	if (!refer->replaces.call_id.len)
		return true;
	named = call_leg_of_dialog(from->home->bridge, from->trunk, &refer->replaces);
	call = named ? named->arg : NULL;
	if (!call || call == from->arg || call->state != CALL_TALKING ||
		call->emergency || call->transfer || call->replacement || call->referral)
		return false;
	*ret_other = call_other(call, named);
	return (*ret_other)->trunk == to->trunk && !refer->replaces.early_only;
}

static bool may_pass(
	const struct call *call, const struct leg *from, const struct leg *to)
{
	return from->settings->transfer.refer == CONFIG_REFER_PASS &&
	       leg_allows(to, MESSAGE_REFER) && !call->emergency && !call->transfer &&
	       !call->replacement && !call->referral && !from->notifier &&
	       !to->subscriber && call->history.transfer_count < RECORD_TRANSFERS;
}

/* It is in the record of CALL from now on, where there is memory for that. */
static void note_begin(struct referral *referral, const char *number)
{
	struct call *call = referral->call;
	char by[80];

	referral->noted =
		!history_transfer(&call->history, trunk_name(referral->from->trunk, by),
			number, call_now_us(call) - call->start_us);
}

static int begin(struct referral *referral, const struct leg *other, const char *number)
{
	struct leg *to = referral->to;
	const unsigned expires_s =
		(unsigned)(referral->call->config->limits.setup_ms / 1000);
	int err = subscriber_begin(to, expires_s, notified_h, referral);

	if (!err)
		err = send_on(referral, other, number);
	if (err)
		subscriber_free(to->subscriber);
	return err;
}

static bool pass(struct referral *referral, const struct leg *other, const char *number,
	struct txn_server *txn)
{
	struct call *call = referral->call;

	referral->request = message_ref(txn_server_request(txn));
	if (begin(referral, other, number)) {
		message_unref(referral->request);
		free(referral);
		return false;
	}
	call->referral = referral;
	call->ended_h = ended_h;
	referral->in = txn;
	txn_server_attach(txn,
		&(struct txn_server_user){.ended_h = sender_lost_h, .arg = referral});
	timer_start(call->bridge->timers, &referral->late,
		BRIDGE_LATE_T1 * call->bridge->config->sip.t1_ms, late_h, referral);
	note_begin(referral, number);
	return true;
}

bool referral_take(struct call *call, struct leg *from, struct txn_server *txn)
{
	struct leg *to = call_other(call, from), *other;
	struct refer_fault fault;
	struct referral *referral;
	struct refer refer;
	char *number;
	bool passed;

	if (!may_pass(call, from, to) ||
		refer_read(&refer, txn_server_request(txn), &fault) ||
		!is_for(from, to, &refer, &other) ||
		emergency_is_called(call->bridge->config, from->settings, &refer.phone))
		return false;
	number = number_for(from, to, &refer.phone);
	referral = number ? calloc(1, sizeof(*referral)) : NULL;
	if (!referral) {
		free(number);
		return false;
	}
	*referral = (struct referral){
		.call = call, .from = from, .to = to, .silent = refer.silent};
	passed = pass(referral, other, number, txn);
	free(number);
	return passed;
}
