#include "bridge/leg.h"

#include "base/log.h"
#include "base/secret.h"
#include "bridge/body.h"
#include "bridge/dial.h"
#include "bridge/dtmf.h"
#include "bridge/identity.h"
#include "bridge/leg_priv.h"
#include "sip/compose.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void server_failed_h(void *arg, struct txn_server *txn);
static void server_ended_h(void *arg, struct txn_server *txn);
static void response_h(void *arg, struct txn_client *txn, struct message *response);
static void client_failed_h(void *arg, struct txn_client *txn, int err);
static void client_ended_h(void *arg, struct txn_client *txn);

const char *leg_state_name(enum leg_state state)
{
	static const char *const names[] = {
		[LEG_IDLE] = "idle",
		[LEG_INVITING] = "inviting",
		[LEG_TALKING] = "talking",
		[LEG_CLOSING] = "closing",
		[LEG_OVER] = "over",
	};

	return names[state];
}

const char *leg_host(const struct leg *leg)
{
	return leg->settings->host;
}

static struct timers *leg_timers(const struct leg *leg)
{
	return leg->home->bridge->timers;
}

static uint64_t t1_ms(const struct leg *leg)
{
	return leg->home->bridge->config->sip.t1_ms;
}

static void set_over(struct leg *leg);

static void last_h(void *arg)
{
	struct leg *leg = arg;

	log_warning("leg", "call=%llu leg=%s event=never-closed",
		(unsigned long long)leg->call, leg->name);
	set_over(leg);
}

/* The one setter: states only ever advance, but a leg that was reset may call again. A closing
 * leg waits for an INVITE and for a BYE, each of which has a timer of 64*T1, one behind the
 * other at most: past both nothing can be owed to it. */
static void set_state(struct leg *leg, enum leg_state state)
{
	log_debug("leg", "call=%llu leg=%s from=%s to=%s", (unsigned long long)leg->call,
		leg->name, leg_state_name(leg->state), leg_state_name(state));
	leg->state = state;
	if (state == LEG_CLOSING && !timer_running(&leg->last_timer))
		timer_start(leg_timers(leg), &leg->last_timer, 3 * 64 * t1_ms(leg),
			last_h, leg);
	else if (state == LEG_OVER)
		timer_stop(&leg->last_timer);
}

void leg_report(struct leg *leg, enum leg_event event, struct message *message,
	int status, const char *why)
{
	struct leg_report report = {
		.event = event, .message = message, .status = status, .why = why};

	leg->h(leg->arg, leg, &report);
}

static void set_flow(struct leg *leg, struct flow *flow)
{
	if (leg->flow == flow)
		return;
	if (flow && !target_takes_flow(leg->target, flow)) {
		log_error("leg", "call=%llu leg=%s event=flow-refused transport=%s",
			(unsigned long long)leg->call, leg->name,
			transport_kind_name(flow->kind));
		return;
	}
	if (leg->flow)
		flow_release(leg->flow, &leg->flow_node);
	leg->flow = flow;
	if (flow)
		flow_hold(flow, FLOW_LEG, &leg->flow_node);
}

void leg_follow_route(struct leg *leg)
{
	struct flow *flow = dial_hop(leg->home, leg->flow, leg->dialog.next_hop);

	if (!flow)
		return;
	set_flow(leg, flow);
	flow_unref(flow);
}

static void stop_waiting_for_ack(struct leg *leg)
{
	leg->ack_awaited = false;
	timer_stop(&leg->ok_timer);
	timer_stop(&leg->ack_timer);
	secret_free(leg->ok_text, leg->ok_len);
	leg->ok_text = NULL;
	leg->ok_len = 0;
}

void leg_init(struct leg *leg, const struct leg_params *params)
{
	memset(leg, 0, sizeof(*leg));
	leg->home = params->home;
	leg->h = params->h;
	leg->arg = params->arg;
	leg->call = params->call;
	leg->name = params->name;
	leg->target = target_ref(params->target);
	leg->trunk = leg->target->trunk;
	leg->trunk->calls++;
	leg->trunk->calls_total++;
	leg->settings = leg->target->settings;
	leg->server = leg->target->server;
	leg->gateway = leg->target->gateway;
	offer_init(&leg->offer);
}

void leg_drop_digits(struct leg *leg)
{
	dtmf_free(leg->dtmf);
	leg->dtmf = NULL;
}

/* Our transactions may outlive the leg by their timers; they no longer tell it anything. */
static void detach_transactions(struct leg *leg)
{
	if (leg->invite_in)
		txn_server_detach(leg->invite_in);
	if (leg->bye_in)
		txn_server_detach(leg->bye_in);
	if (leg->invite_out)
		txn_client_detach(leg->invite_out);
	if (leg->bye_out)
		txn_client_detach(leg->bye_out);
	leg->invite_in = NULL;
	leg->bye_in = NULL;
	leg->invite_out = NULL;
	leg->bye_out = NULL;
	leg_drop_digits(leg);
}

void leg_free(struct leg *leg)
{
	if (!leg->home)
		return;
	detach_transactions(leg);
	stop_waiting_for_ack(leg);
	timer_stop(&leg->last_timer);
	secret_free(leg->ack_text, leg->ack_len);
	set_flow(leg, NULL);
	dialog_free(&leg->dialog);
	offer_free(&leg->offer);
	for (unsigned i = 0; i < RELAY_STREAMS; i++)
		stream_free(leg->streams[i]);
	leg->trunk->calls--;
	target_unref(leg->target);
	memset(leg, 0, sizeof(*leg));
}

static void set_over(struct leg *leg)
{
	if (leg->state == LEG_OVER)
		return;
	set_state(leg, LEG_OVER);
	stop_waiting_for_ack(leg);
	leg_report(leg, LEG_EVENT_OVER, NULL, 0, NULL);
}

/* ---- composing ---- */

/* PRODUCT: "Server" in responses, "User-Agent" in requests. */
static void add_identity(struct leg *leg, const char *product, struct buf *out)
{
	char contact[IDENTITY_SIZE];

	compose_header_str(out, "Contact", identity_contact(leg, contact));
	compose_header_str(out, "Allow", leg_allow(leg));
	compose_header_str(out, product, "Tandem");
}

/* ---- INVITE from there ---- */

void leg_attach(struct leg *leg, struct txn_server *txn)
{
	struct txn_server_user user = {
		.failed_h = server_failed_h, .ended_h = server_ended_h, .arg = leg};

	txn_server_attach(txn, &user);
	txn_server_set_call(txn, leg->call);
}

int leg_accept(struct leg *leg, struct txn_server *invite)
{
	int err = dialog_init_uas(&leg->dialog, txn_server_request(invite));

	if (err)
		return err;
	set_flow(leg, txn_server_flow(invite));
	leg->invite_in = invite;
	leg_attach(leg, invite);
	dialog_list(&leg->home->dialogs, &leg->dialog, leg);
	set_state(leg, LEG_INVITING);
	return 0;
}

void leg_retag(struct leg *leg)
{
	secret_token(leg->dialog.local_tag, 8);
	dialog_list(&leg->home->dialogs, &leg->dialog, leg);
}

/* The response to invite_in that carries our Contact, and SDP where there is some. */
static int respond(struct leg *leg, int status, const struct sdp *sdp, struct buf *out)
{
	int err = compose_response(out, txn_server_request(leg->invite_in), status, NULL,
		leg->dialog.local_tag);

	if (err)
		return err;
	add_identity(leg, "Server", out);
	return body_add_sdp(out, leg->flow, sdp);
}

int leg_provision(struct leg *leg, int status, const struct sdp *sdp)
{
	struct buf out;
	int err;

	if (!leg->invite_in)
		return ERR_STATE;
	buf_init(&out, 0);
	err = respond(leg, status, sdp, &out);
	if (!err)
		err = txn_server_respond(leg->invite_in, status, out.data, out.len);
	buf_free(&out);
	return err;
}

/* RFC 3261 13.3.1.4: the 2xx is repeated by us, not by the transaction, over any
 * transport, since a proxy behind a stream may speak UDP further on. */
static void repeat_ok_h(void *arg)
{
	struct leg *leg = arg;
	uint64_t t2_ms = leg->home->bridge->config->sip.t2_ms;

	leg->ok_interval_ms *= 2;
	if (leg->ok_interval_ms > t2_ms)
		leg->ok_interval_ms = t2_ms;
	timer_start(
		leg_timers(leg), &leg->ok_timer, leg->ok_interval_ms, repeat_ok_h, leg);
	flow_send(leg->flow, leg->call, leg->ok_text, leg->ok_len);
}

static void no_ack_h(void *arg)
{
	struct leg *leg = arg;

	stop_waiting_for_ack(leg);
	leg_report(leg, LEG_EVENT_FAILED, NULL, 408, "no ACK for our 200");
}

int leg_answer(struct leg *leg, const struct sdp *sdp)
{
	struct buf out;
	int err;

	if (!leg->invite_in)
		return ERR_STATE;
	buf_init(&out, 0);
	err = respond(leg, 200, sdp, &out);
	if (err) {
		buf_free(&out);
		return err;
	}
	leg->dialog.early = false;
	stop_waiting_for_ack(leg);
	leg->ack_awaited = true;
	leg->ok_cseq = message_cseq(txn_server_request(leg->invite_in));
	leg->ok_text = buf_steal(&out, &leg->ok_len);
	leg->ok_interval_ms = t1_ms(leg);
	timer_start(
		leg_timers(leg), &leg->ok_timer, leg->ok_interval_ms, repeat_ok_h, leg);
	timer_start(leg_timers(leg), &leg->ack_timer, 64 * t1_ms(leg), no_ack_h, leg);
	if (leg->state == LEG_INVITING)
		set_state(leg, LEG_TALKING);
	err = txn_server_respond(leg->invite_in, 200, leg->ok_text, leg->ok_len);
	if (leg->invite_in)
		txn_server_detach(leg->invite_in);
	leg->invite_in = NULL;
	return err;
}

void leg_refuse(struct leg *leg, int status, const char *extra)
{
	struct txn_server *txn = leg->invite_in;

	if (!txn)
		return;
	leg->invite_in = NULL;
	txn_server_detach(txn);
	txn_server_reply(txn, status, NULL, leg->dialog.local_tag, extra);
	if (leg->state == LEG_INVITING)
		set_over(leg);
}

static void server_failed_h(void *arg, struct txn_server *txn)
{
	struct leg *leg = arg;

	if (txn == leg->invite_in)
		leg_report(leg, LEG_EVENT_FAILED, NULL, 503, "connection lost");
}

static void server_ended_h(void *arg, struct txn_server *txn)
{
	struct leg *leg = arg;

	if (txn == leg->invite_in)
		leg->invite_in = NULL;
	if (txn == leg->bye_in)
		leg->bye_in = NULL;
}

void leg_receive_ack(struct leg *leg, struct message *ack)
{
	/* another request may have come between (RFC 5407 3.1.4) */
	if (!leg->ack_awaited || message_cseq(ack) != leg->ok_cseq)
		return;
	stop_waiting_for_ack(leg);
	leg_report(leg, LEG_EVENT_ACK, ack, 0, NULL);
}

void leg_receive_cancel(struct leg *leg)
{
	if (leg->invite_in)
		leg_report(leg, LEG_EVENT_CANCEL, NULL, 0, NULL);
}

/* ---- INVITE of ours ---- */

static int start_invite(struct leg *leg, struct buf *out, const char *branch)
{
	struct txn_client_user user = {.response_h = response_h,
		.failed_h = client_failed_h,
		.ended_h = client_ended_h,
		.arg = leg};

	if (out->err)
		return out->err;
	if (leg->invite_out)
		txn_client_detach(leg->invite_out);
	leg->invite_out = NULL;
	leg->answered = false;
	secret_free(leg->ack_text, leg->ack_len);
	leg->ack_text = NULL;
	return txn_client_start(leg->home->txns, &leg->invite_out, leg->flow,
		MESSAGE_INVITE, branch, leg->call, out->data, out->len, &user);
}

/* Composes an INVITE within LEG's dialog, early or not, up to its body. */
static void compose_invite(
	struct leg *leg, struct buf *out, const char *branch, struct span headers)
{
	char via[IDENTITY_SIZE];

	dialog_request(&leg->dialog, out, MESSAGE_INVITE, identity_via(leg, branch, via),
		0, &leg->invite_cseq);
	add_identity(leg, "User-Agent", out);
	buf_add_span(out, headers);
}

int leg_invite(struct leg *leg, struct flow *flow, const struct leg_invite *invite,
	const struct sdp *sdp)
{
	char branch[TXN_BRANCH_SIZE];
	char host[IDENTITY_SIZE];
	struct buf out;
	int err;

	set_flow(leg, flow);
	err = dialog_init_uac(&leg->dialog, invite->from, invite->to, invite->uri,
		identity_host(leg, host));
	if (err)
		return err;
	leg->dialog.limited = true;
	leg->dialog.max_forwards = invite->max_forwards;
	txn_branch(branch);
	buf_init(&out, 0);
	compose_invite(leg, &out, branch, invite->headers);
	leg->dialog.limited = false;
	body_add_sdp(&out, leg->flow, sdp);
	dialog_list(&leg->home->dialogs, &leg->dialog, leg);
	set_state(leg, LEG_INVITING);
	err = start_invite(leg, &out, branch);
	buf_free(&out);
	if (err)
		leg_reset(leg);
	return err;
}

void leg_reset(struct leg *leg)
{
	detach_transactions(leg);
	dialog_free(&leg->dialog);
	set_flow(leg, NULL);
	set_state(leg, LEG_IDLE);
}

int leg_reinvite(struct leg *leg, const struct sdp *sdp)
{
	char branch[TXN_BRANCH_SIZE];
	struct buf out;
	int err;

	leg_follow_route(leg);
	txn_branch(branch);
	buf_init(&out, 0);
	compose_invite(leg, &out, branch, (struct span){0});
	body_add_sdp(&out, leg->flow, sdp);
	leg->reinviting = true;
	err = start_invite(leg, &out, branch);
	buf_free(&out);
	return err;
}

/* ACK, and BYE where a fork is not wanted, in a dialog that may not be the leg's own. */
static void send_ack(struct leg *leg, struct dialog *dialog, uint32_t cseq,
	const struct sdp *sdp, struct buf *out)
{
	char branch[TXN_BRANCH_SIZE];
	char via[IDENTITY_SIZE];

	leg_follow_route(leg);
	txn_branch(branch);
	dialog_request(
		dialog, out, MESSAGE_ACK, identity_via(leg, branch, via), cseq, NULL);
	body_add_sdp(out, leg->flow, sdp);
	if (!out->err)
		flow_send(leg->flow, leg->call, out->data, out->len);
}

void leg_ack(struct leg *leg, const struct sdp *sdp)
{
	struct buf out;

	buf_init(&out, 0);
	send_ack(leg, &leg->dialog, leg->invite_cseq, sdp, &out);
	secret_free(leg->ack_text, leg->ack_len);
	leg->ack_text = buf_steal(&out, &leg->ack_len);
	buf_free(&out);
}

/* *RET (may be NULL) is its transaction. */
static int send_bye(struct leg *leg, struct dialog *dialog, const char *reason,
	const struct txn_client_user *user, struct txn_client **ret)
{
	char branch[TXN_BRANCH_SIZE];
	char via[IDENTITY_SIZE];
	struct buf out;
	int err;

	leg_follow_route(leg);
	txn_branch(branch);
	buf_init(&out, 0);
	dialog_request(
		dialog, &out, MESSAGE_BYE, identity_via(leg, branch, via), 0, NULL);
	if (reason)
		compose_header_str(&out, "Reason", reason);
	err = body_add_sdp(&out, leg->flow, NULL);
	if (!err)
		err = txn_client_start(leg->home->txns, ret, leg->flow, MESSAGE_BYE,
			branch, leg->call, out.data, out.len, user);
	buf_free(&out);
	return err;
}

/* RFC 3261 13.2.2.4: a 2xx of a branch that lost, or that came after we gave up, is
 * acknowledged and ended at once. */
static void end_fork(struct leg *leg, const struct message *response)
{
	struct dialog fork;
	struct buf out;

	if (dialog_fork(&fork, &leg->dialog))
		return;
	buf_init(&out, 0);
	if (!dialog_establish(&fork, response)) {
		send_ack(leg, &fork, message_cseq(response), NULL, &out);
		send_bye(leg, &fork, NULL, NULL, NULL);
	}
	buf_free(&out);
	dialog_free(&fork);
}

/* A BYE ended the dialog; an INVITE of ours that is still open gets its final response, whose
 * ACK is owed (RFC 5407 3.2.3). */
static void end_dialog(struct leg *leg)
{
	if (leg->invite_out && !leg->answered &&
		!txn_client_cancel(leg->invite_out, NULL)) {
		set_state(leg, LEG_CLOSING);
		return;
	}
	set_over(leg);
}

static void bye_response_h(void *arg, struct txn_client *txn, struct message *response)
{
	struct leg *leg = arg;

	if (message_status(response) < 200)
		return;
	txn_client_detach(txn);
	leg->bye_out = NULL;
	end_dialog(leg);
}

static void bye_failed_h(void *arg, struct txn_client *txn, int err)
{
	struct leg *leg = arg;

	(void)err;
	txn_client_detach(txn);
	leg->bye_out = NULL;
	end_dialog(leg);
}

/* We gave up while the first INVITE was under way, and were answered nevertheless. */
static void answered_too_late(struct leg *leg, struct message *response)
{
	struct txn_client_user user = {
		.response_h = bye_response_h, .failed_h = bye_failed_h, .arg = leg};

	if (leg->answered) {
		end_fork(leg, response);
		return;
	}
	leg->answered = true;
	if (dialog_establish(&leg->dialog, response)) {
		set_over(leg);
		return;
	}
	leg_ack(leg, NULL);
	if (send_bye(leg, &leg->dialog, NULL, &user, &leg->bye_out))
		set_over(leg);
}

/* It failed: its transaction still acknowledges repetitions, but nothing waits for it. */
static void forget_invite(struct leg *leg)
{
	if (leg->invite_out)
		txn_client_detach(leg->invite_out);
	leg->invite_out = NULL;
}

/* A 2xx to our first INVITE. */
static void accepted(struct leg *leg, struct message *response)
{
	if (leg->answered) {
		if (!dialog_is_of(&leg->dialog, response))
			end_fork(leg, response);
		else if (leg->ack_text)
			flow_send(leg->flow, leg->call, leg->ack_text, leg->ack_len);
		return;
	}
	if (dialog_establish(&leg->dialog, response)) {
		forget_invite(leg);
		leg_report(
			leg, LEG_EVENT_FAILED, NULL, 502, "2xx without a usable Contact");
		return;
	}
	leg->answered = true;
	dialog_list(&leg->home->dialogs, &leg->dialog, leg);
	set_state(leg, LEG_TALKING);
	leg_report(leg, LEG_EVENT_ANSWER, response, message_status(response), NULL);
}

static void provisional(struct leg *leg, struct message *response)
{
	if (message_status(response) == 100)
		return;
	/* The latest branch that rang is the dialog that requests and early media belong to. A
	 * peer of RFC 2543's days rings without a tag: that makes no dialog, but it rings. */
	if (message_to(response)->tag.len && !dialog_establish(&leg->dialog, response))
		dialog_list(&leg->home->dialogs, &leg->dialog, leg);
	leg_report(leg, LEG_EVENT_PROVISIONAL, response, message_status(response), NULL);
}

static void first_response(struct leg *leg, struct message *response)
{
	int status = message_status(response);

	if (leg->state == LEG_CLOSING && status >= 200 && status < 300) {
		answered_too_late(leg, response);
	} else if (leg->state == LEG_CLOSING) {
		if (status >= 300 && !leg->answered)
			set_over(leg);
	} else if (status < 200) {
		provisional(leg, response);
	} else if (status < 300) {
		accepted(leg, response);
	} else {
		forget_invite(leg);
		leg_report(leg, LEG_EVENT_REFUSAL, response, status, NULL);
	}
}

static void reinvite_response(struct leg *leg, struct message *response)
{
	int status = message_status(response);

	if (status < 200)
		return;
	if (status < 300 && leg->answered) {
		if (leg->ack_text)
			flow_send(leg->flow, leg->call, leg->ack_text, leg->ack_len);
		return;
	}
	if (status < 300) {
		leg->answered = true;
		dialog_refresh(&leg->dialog, response);
	}
	if (leg->state == LEG_CLOSING) {
		/* a BYE is on its way already; the ACK is still owed */
		if (status < 300)
			leg_ack(leg, NULL);
		else
			forget_invite(leg);
		if (!leg->bye_out)
			set_over(leg); /* it was answered already, or was theirs */
		return;
	}
	if (status >= 300)
		forget_invite(leg);
	leg_report(leg, status < 300 ? LEG_EVENT_ANSWER : LEG_EVENT_REFUSAL, response,
		status, NULL);
}

static void response_h(void *arg, struct txn_client *txn, struct message *response)
{
	struct leg *leg = arg;

	(void)txn;
	if (leg->reinviting)
		reinvite_response(leg, response);
	else
		first_response(leg, response);
}

static void client_failed_h(void *arg, struct txn_client *txn, int err)
{
	struct leg *leg = arg;

	if (txn != leg->invite_out)
		return;
	txn_client_detach(txn);
	leg->invite_out = NULL;
	if (leg->state == LEG_CLOSING && !leg->bye_out)
		set_over(leg);
	else if (leg->state != LEG_CLOSING)
		leg_report(leg, LEG_EVENT_FAILED, NULL, err == -ETIMEDOUT ? 408 : 503,
			txn_failure(err));
}

static void client_ended_h(void *arg, struct txn_client *txn)
{
	struct leg *leg = arg;

	if (txn == leg->invite_out)
		leg->invite_out = NULL;
}

void leg_cancel(struct leg *leg)
{
	if (leg->invite_out)
		txn_client_cancel(leg->invite_out, NULL);
}

/* ---- the end ---- */

void leg_bye_answer(struct leg *leg)
{
	struct txn_server *txn = leg->bye_in;

	if (!txn)
		return;
	leg->bye_in = NULL;
	txn_server_detach(txn);
	txn_server_reply(txn, 200, NULL, NULL, NULL);
	leg_refuse(leg, 487, NULL);
	end_dialog(leg);
}

static void close_talking(struct leg *leg, const char *reason)
{
	struct txn_client_user user = {
		.response_h = bye_response_h, .failed_h = bye_failed_h, .arg = leg};

	leg_refuse(leg, 487, NULL);
	/* a 2xx of ours that is not acknowledged yet is repeated no more: the BYE says all */
	stop_waiting_for_ack(leg);
	set_state(leg, LEG_CLOSING);
	if (leg->invite_out && leg->answered && !leg->ack_text)
		leg_ack(leg, NULL); /* 15: no BYE before the ACK */
	if (send_bye(leg, &leg->dialog, reason, &user, &leg->bye_out))
		set_over(leg);
}

void leg_close(struct leg *leg, int status, const char *reason)
{
	switch (leg->state) {
	case LEG_IDLE:
		set_over(leg);
		break;
	case LEG_INVITING:
		if (leg->invite_in) {
			leg_refuse(leg, status, NULL);
		} else if (leg->invite_out) {
			set_state(leg, LEG_CLOSING);
			txn_client_cancel(leg->invite_out, reason);
		} else {
			set_over(leg);
		}
		break;
	case LEG_TALKING:
		close_talking(leg, reason);
		break;
	case LEG_CLOSING:
	case LEG_OVER:
		break;
	}
}

/* ---- connections ---- */

void leg_set_flow(struct leg *leg, struct flow *flow)
{
	set_flow(leg, flow);
}
