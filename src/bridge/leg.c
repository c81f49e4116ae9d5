#include "bridge/leg.h"

#include "base/log.h"
#include "base/secret.h"
#include "bridge/body.h"
#include "bridge/dtmf.h"
#include "bridge/identity.h"
#include "bridge/leg_priv.h"
#include "bridge/parts.h"
#include "bridge/tolerated.h"
#include "bridge/uac.h"
#include "bridge/uas.h"
#include "sip/compose.h"
#include "sip/failure.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

	log_warning("leg", "call=%s leg=%s event=never-closed", leg->id, leg->name);
	set_over(leg);
}

/* The one setter: states only ever advance, but a leg that was reset may call again. A closing
 * leg waits for an INVITE and for a BYE, each of which has a timer of 64*T1, one behind the
 * other at most: past both nothing can be owed to it. */
static void set_state(struct leg *leg, enum leg_state state)
{
	log_debug("leg", "call=%s leg=%s event=state from=%s to=%s", leg->id, leg->name,
		leg_state_name(leg->state), leg_state_name(state));
	leg->state = state;
	if (state == LEG_CLOSING && !timer_running(&leg->last_timer))
		timer_start(leg_timers(leg), &leg->last_timer, 3 * 64 * t1_ms(leg),
			last_h, leg);
	else if (state == LEG_OVER)
		timer_stop(&leg->last_timer);
}

void leg_resume(struct leg *leg)
{
	dialog_list(&leg->home->dialogs, &leg->dialog, leg);
	leg_early_over(leg);
	set_state(leg, LEG_TALKING);
}

void leg_init(struct leg *leg, const struct leg_params *params)
{
	memset(leg, 0, sizeof(*leg));
	leg->home = params->home;
	leg->end = params->end;
	leg->h = params->h;
	leg->closed_h = params->closed_h;
	leg->arg = params->arg;
	leg->call = params->call;
	leg->id = params->id;
	leg->name = params->name;
	leg->methods = params->methods;
	leg->target = target_ref(params->target);
	leg->trunk = leg->target->trunk;
	leg_count(leg);
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

/* Gives up the 2xx of theirs that wait for an ACK, and the INVITE that has none. */
static void drop_invites_in(struct leg *leg)
{
	uas_free(leg->uas);
	uas_free(leg->unacked);
	leg->uas = NULL;
	leg->unacked = NULL;
}

/* Lets our INVITE go: what still comes for it is acknowledged without us. */
static void drop_invite_out(struct leg *leg)
{
	uac_release(leg->uac);
	leg->uac = NULL;
}

/* Our transactions may outlive the leg by their timers; they no longer tell it anything. */
static void detach_transactions(struct leg *leg)
{
	drop_invites_in(leg);
	drop_invite_out(leg);
	if (leg->bye_in)
		txn_server_detach(leg->bye_in);
	if (leg->bye_out)
		txn_client_detach(leg->bye_out);
	if (leg->update_out)
		txn_client_detach(leg->update_out);
	leg->bye_in = NULL;
	leg->bye_out = NULL;
	leg->update_out = NULL;
	while (leg->replaced_count) {
		struct dialog *dialog = leg->replaced[--leg->replaced_count];

		dialog_free(dialog);
		free(dialog);
	}
	free(leg->replaced);
	leg->replaced = NULL;
	leg_drop_digits(leg);
}

void leg_free(struct leg *leg)
{
	if (!leg->home)
		return;
	detach_transactions(leg);
	timer_stop(&leg->last_timer);
	leg_set_flow(leg, NULL);
	dialog_free(&leg->dialog);
	offer_free(&leg->offer);
	for (unsigned i = 0; i < RELAY_STREAMS; i++)
		stream_free(leg->streams[i]);
	leg_uncount(leg);
	target_unref(leg->target);
	memset(leg, 0, sizeof(*leg));
}

static void set_over(struct leg *leg)
{
	if (leg->state == LEG_OVER)
		return;
	set_state(leg, LEG_OVER);
	drop_invites_in(leg);
	drop_invite_out(leg);
	leg_report(leg, LEG_EVENT_OVER, NULL, 0, NULL);
}

/* ---- INVITE from there ---- */

static void cancelled_h(void *arg, struct uas *uas, struct message *cancel)
{
	struct leg *leg = arg;

	(void)uas;
	leg_report(leg, LEG_EVENT_CANCEL, cancel, 0, NULL);
}

/* Frees that one of the two. */
static void forget_uas(struct leg *leg, struct uas *uas)
{
	if (leg->uas == uas)
		leg->uas = NULL;
	else if (leg->unacked == uas)
		leg->unacked = NULL;
	uas_free(uas);
}

static void send_bye(struct leg *leg);

/* Our 2xx is acknowledged, or never will be: a BYE that waited for that goes. */
static bool bye_goes(struct leg *leg)
{
	if (!leg->bye_waits)
		return false;
	leg->bye_waits = false;
	send_bye(leg);
	return true;
}

static void acked_h(void *arg, struct uas *uas, struct message *ack)
{
	struct leg *leg = arg;

	forget_uas(leg, uas);
	if (!bye_goes(leg))
		leg_report(leg, LEG_EVENT_ACK, ack, 0, NULL);
}

static void uas_failed_h(void *arg, struct uas *uas, int status, const char *why)
{
	struct leg *leg = arg;

	/* RFC 3261 8.1.3.1 and 14.1: who asked takes the lost connection for a 503 to its re-INVITE,
	 * and goes on with the terms of before */
	if (leg->state == LEG_TALKING && uas_is_open(uas) && status == 503) {
		leg_report(leg, LEG_EVENT_CANCEL, NULL, 0, NULL);
		return;
	}
	/* one that is open is refused when the call ends */
	if (!uas_is_open(uas))
		forget_uas(leg, uas);
	if (bye_goes(leg))
		return;
	leg_report(leg, LEG_EVENT_FAILED, NULL, status, why);
}

int leg_take_invite(struct leg *leg, struct txn_server *invite)
{
	const struct uas_params params = {.side = leg->home,
		.txn = invite,
		.call = leg->call,
		.user = {.cancelled_h = cancelled_h,
			.acked_h = acked_h,
			.failed_h = uas_failed_h,
			.arg = leg}};
	struct uas *uas;
	int err = uas_new(&uas, &params);

	if (err)
		return err;
	/* the ACK of the one before may have been overtaken (RFC 5407 3.1.4); that of the one
	 * before it is not waited for any more */
	uas_free(leg->unacked);
	leg->unacked = leg->uas;
	leg->uas = uas;
	return 0;
}

int leg_accept(struct leg *leg, struct txn_server *invite)
{
	int err = dialog_init_uas(&leg->dialog, txn_server_request(invite));

	if (!err)
		err = dialog_name_us(&leg->dialog, leg->settings->contact_host);
	if (!err)
		err = leg_take_invite(leg, invite);
	if (err)
		return err;
	leg_set_flow(leg, txn_server_flow(invite));
	leg_note_allow(leg, txn_server_request(invite));
	leg->reliable = leg_answers_reliably(leg, txn_server_request(invite));
	dialog_list(&leg->home->dialogs, &leg->dialog, leg);
	set_state(leg, LEG_INVITING);
	return 0;
}

/* A response to their INVITE with our Contact, and SDP where there is some: by SEND. */
static int respond(struct leg *leg, int status, const struct sdp *sdp,
	int (*send)(struct uas *uas, const struct uas_response *response))
{
	struct uas_response response = {
		.status = status, .tag = leg->dialog.local_tag, .sdp = sdp};
	struct buf headers;
	int err;

	if (!leg_is_invited(leg))
		return ERR_STATE;
	buf_init(&headers, 0);
	leg_add_identity(leg, "Server", &headers);
	err = headers.err;
	response.headers = buf_span(&headers);
	if (!err)
		err = send(leg->uas, &response);
	buf_free(&headers);
	return err;
}

int leg_provision(struct leg *leg, int status, const struct sdp *sdp, bool reliably)
{
	return respond(
		leg, status, sdp, reliably ? uas_provision_reliably : uas_provision);
}

/* Our 200 has left; one that waits for a PRACK has not. */
static void note_answered(struct leg *leg)
{
	if (leg_is_invited(leg))
		return;
	leg->dialog.early = false;
	/* the ACK of an earlier 2xx is not waited for any more */
	uas_free(leg->unacked);
	leg->unacked = NULL;
	if (leg->state == LEG_INVITING)
		set_state(leg, LEG_TALKING);
}

int leg_answer(struct leg *leg, const struct sdp *sdp)
{
	int err = respond(leg, 200, sdp, uas_answer);

	if (err)
		return err;
	note_answered(leg);
	return 0;
}

void leg_refuse(struct leg *leg, int status, const char *extra)
{
	leg_refuse_with(leg, &(struct txn_refusal){.status = status, .extra = extra});
}

void leg_refuse_with(struct leg *leg, const struct txn_refusal *refusal)
{
	if (!leg_is_invited(leg))
		return;
	uas_refuse(leg->uas, leg->dialog.local_tag, refusal);
	uas_free(leg->uas);
	leg->uas = leg->unacked;
	leg->unacked = NULL;
	if (leg->state == LEG_INVITING)
		set_over(leg);
}

void leg_go_on(struct leg *leg)
{
	if (!leg->uas)
		return;
	uas_go_on(leg->uas);
	note_answered(leg);
}

void leg_receive_ack(struct leg *leg, struct message *ack)
{
	if (!leg->uas || !uas_take_ack(leg->uas, ack))
		if (leg->unacked)
			uas_take_ack(leg->unacked, ack);
}

/* ---- INVITE of ours ---- */

static void repeated_h(void *arg);
static void provisional_h(void *arg, struct message *response);
static void accepted_h(void *arg, struct message *response);
static void refused_h(void *arg, struct message *response);
static void uac_failed_h(void *arg, int err);

static void uac_ended_h(void *arg)
{
	struct leg *leg = arg;

	leg->uac = NULL;
}

/* Sends an INVITE within the leg's dialog, early or not: HEADERS are whole lines. */
static int send_invite(struct leg *leg, struct span headers, const struct sdp *sdp,
	const struct parts *parts)
{
	const struct uac_params params = {.side = leg->home,
		.dialog = &leg->dialog,
		.trunk = leg->trunk,
		.first = leg->dialog.early,
		.user = {.repeated_h = repeated_h,
			.provisional_h = provisional_h,
			.accepted_h = accepted_h,
			.refused_h = refused_h,
			.failed_h = uac_failed_h,
			.ended_h = uac_ended_h,
			.arg = leg}};
	struct request invite = leg_begin(leg, MESSAGE_INVITE);

	leg_add_identity(leg, "User-Agent", &invite.text);
	if (params.first && leg->settings->reliable == CONFIG_RELIABLE_OFFER)
		compose_header_str(&invite.text, "Supported", "100rel");
	if (params.first && leg->settings->reliable == CONFIG_RELIABLE_REQUIRE)
		compose_header_str(&invite.text, "Require", "100rel");
	buf_add_span(&invite.text, headers);
	parts_add(&invite.text, leg->flow, sdp, parts);
	drop_invite_out(leg);
	return uac_start(&leg->uac, &invite, &params);
}

int leg_invite(struct leg *leg, struct flow *flow, const struct leg_invite *invite,
	const struct sdp *sdp)
{
	char host[IDENTITY_SIZE];
	int err;

	leg_set_flow(leg, flow);
	err = dialog_init_uac(&leg->dialog, invite->from, invite->to, invite->uri,
		identity_host(leg->home, leg->flow, leg->settings->contact_host, host));
	if (!err)
		err = dialog_name_us(&leg->dialog, leg->settings->contact_host);
	if (err)
		return err;
	leg_preload_route(leg);
	leg->dialog.limited = true;
	leg->dialog.max_forwards = invite->max_forwards;
	leg->allows =
		0; /* what another branch, or address, allowed is not known of this one */
	dialog_list(&leg->home->dialogs, &leg->dialog, leg);
	set_state(leg, LEG_INVITING);
	err = send_invite(leg, invite->headers, sdp, invite->parts);
	leg->dialog.limited = false;
	if (err)
		leg_reset(leg);
	return err;
}

void leg_reset(struct leg *leg)
{
	if (leg_is_inviting(leg))
		uac_cancel(leg->uac, NULL);
	detach_transactions(leg);
	dialog_free(&leg->dialog);
	leg_set_flow(leg, NULL);
	set_state(leg, LEG_IDLE);
}

int leg_reinvite(struct leg *leg, const struct sdp *sdp)
{
	leg_follow_route(leg);
	return send_invite(leg, (struct span){0}, sdp, NULL);
}

void leg_ack(struct leg *leg, const struct sdp *sdp)
{
	if (!leg->uac)
		return;
	leg_follow_route(leg);
	uac_ack(leg->uac, leg->flow, sdp);
}

void leg_cancel(struct leg *leg)
{
	if (leg->uac)
		uac_cancel(leg->uac, NULL);
}

int leg_load_invite(struct leg *leg, struct saved from, struct err_text *error)
{
	const struct uac_params params = {.side = leg->home,
		.dialog = &leg->dialog,
		.trunk = leg->trunk,
		.user = {.ended_h = uac_ended_h, .arg = leg}};

	return uac_load(&leg->uac, from, &params, leg->call, error);
}

/* ---- BYE ---- */

/* A BYE ended the dialog; an INVITE of ours that is still open gets its final response, whose
 * ACK is owed (RFC 5407 3.2.3). */
static void end_dialog(struct leg *leg)
{
	if (leg_is_inviting(leg) && !uac_cancel(leg->uac, NULL)) {
		set_state(leg, LEG_CLOSING);
		return;
	}
	set_over(leg);
}

static void bye_over(struct leg *leg, struct txn_client *txn)
{
	txn_client_detach(txn);
	leg->bye_out = NULL;
	end_dialog(leg);
}

static void bye_response_h(void *arg, struct txn_client *txn, struct message *response)
{
	if (message_status(response) >= 200)
		bye_over(arg, txn);
}

static void bye_failed_h(void *arg, struct txn_client *txn, int err)
{
	(void)err;
	bye_over(arg, txn);
}

static void bye_repeated_h(
	void *arg, struct txn_client *txn, const struct txn_client_request *request)
{
	struct leg *leg = arg;

	(void)request;
	leg->bye_out = txn;
}

/* Sends BYE, whose end is the leg's. */
static void send_bye(struct leg *leg)
{
	const struct txn_client_user user = {.repeated_h = bye_repeated_h,
		.response_h = bye_response_h,
		.failed_h = bye_failed_h,
		.arg = leg};
	struct request bye;

	leg_follow_route(leg);
	bye = leg_begin(leg, MESSAGE_BYE);
	if (leg->ending)
		buf_add_str(&bye.text, leg->ending);
	body_add_sdp(&bye.text, leg->flow, NULL);
	if (request_send(&bye, &user, &leg->bye_out))
		set_over(leg);
}

/* ---- what comes for an INVITE of ours ---- */

/* We gave up while the first INVITE was under way, and were answered nevertheless. */
static void answered_too_late(struct leg *leg, struct message *response)
{
	dialog_establish(&leg->dialog, response);
	leg_ack(leg, NULL);
	send_bye(leg);
}

static void first_accepted(struct leg *leg, struct message *response)
{
	if (dialog_establish(&leg->dialog, response)) {
		/* it cannot be used, but was picked up: ACK, and BYE behind it */
		leg_ack(leg, NULL);
		set_state(leg, LEG_TALKING);
		leg_report(leg, LEG_EVENT_FAILED, NULL, 502, "2xx that makes no dialog");
		return;
	}
	dialog_list(&leg->home->dialogs, &leg->dialog, leg);
	leg_early_over(leg);
	set_state(leg, LEG_TALKING);
	leg_report(leg, LEG_EVENT_ANSWER, response, message_status(response), NULL);
}

static void note_faults(struct leg *leg, const struct message *response)
{
	if (message_tolerated(response))
		tolerated_note(leg, TOLERATED_HEADER);
}

static void accepted_h(void *arg, struct message *response)
{
	struct leg *leg = arg;
	bool first = leg->dialog.early;

	leg_note_allow(leg, response);
	note_faults(leg, response);
	if (leg->state == LEG_CLOSING && first) {
		answered_too_late(leg, response);
	} else if (leg->state == LEG_CLOSING) {
		/* a BYE is on its way already; the ACK is still owed */
		leg_ack(leg, NULL);
		if (!leg->bye_out)
			set_over(leg); /* it was answered already, or was theirs */
	} else if (first) {
		first_accepted(leg, response);
	} else {
		dialog_refresh(&leg->dialog, response);
		leg_report(
			leg, LEG_EVENT_ANSWER, response, message_status(response), NULL);
	}
}

static void provisional_h(void *arg, struct message *response)
{
	struct leg *leg = arg;

	uint32_t rseq = 0;
	bool reliable = message_to(response)->tag.len &&
			leg->settings->reliable != CONFIG_RELIABLE_REFUSE &&
			reliable_is_asked(response, &rseq);

	note_faults(leg, response);
	if (leg->state == LEG_CLOSING || !leg->dialog.early)
		return;
	if (message_status(response) == 100) {
		leg_report(leg, LEG_EVENT_TRYING, NULL, 100, NULL);
		return;
	}
	if (reliable && !uac_take_reliable(leg->uac, message_to(response)->tag, rseq))
		return;
	leg_note_allow(leg, response);
	/* The latest branch that rang is the dialog that requests and early media belong to. A
	 * peer of RFC 2543's days rings without a tag: that makes no dialog, but it rings. */
	if (message_to(response)->tag.len && !dialog_establish(&leg->dialog, response))
		dialog_list(&leg->home->dialogs, &leg->dialog, leg);
	leg->prack_due = reliable ? rseq : 0;
	leg_report(leg, LEG_EVENT_PROVISIONAL, response, message_status(response), NULL);
}

static void repeated_h(void *arg)
{
	struct leg *leg = arg;

	if (leg->dialog.early && leg->state == LEG_INVITING)
		leg_report(leg, LEG_EVENT_ASKED_AGAIN, NULL, 0, NULL);
}

static void refused_h(void *arg, struct message *response)
{
	struct leg *leg = arg;
	const char *why = uac_why(leg->uac);

	note_faults(leg, response);
	drop_invite_out(leg);
	if (leg->state != LEG_CLOSING)
		leg_report(
			leg, LEG_EVENT_REFUSAL, response, message_status(response), why);
	else if (!leg->bye_out)
		set_over(leg);
}

static void uac_failed_h(void *arg, int err)
{
	struct leg *leg = arg;
	char text[ERR_REASON_SIZE];
	const char *why = leg->flow ? leg->flow->why : NULL;

	if (!why && leg->flow)
		why = failure_of_request(err, leg->flow->kind, &leg->flow->remote, text);
	drop_invite_out(leg);
	if (leg->state != LEG_CLOSING)
		leg_report(leg, LEG_EVENT_FAILED, NULL, err == -ETIMEDOUT ? 408 : 503,
			why ? why : "connection lost");
	else if (!leg->bye_out)
		set_over(leg);
}

/* ---- the end ---- */

static void bye_ended_h(void *arg, struct txn_server *txn)
{
	struct leg *leg = arg;

	if (txn == leg->bye_in)
		leg->bye_in = NULL;
}

void leg_attach_bye(struct leg *leg, struct txn_server *txn)
{
	const struct txn_server_user user = {.ended_h = bye_ended_h, .arg = leg};

	leg->bye_in = txn;
	txn_server_attach(txn, &user);
}

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

static void close_talking(struct leg *leg)
{
	leg_refuse(leg, 487, NULL);
	set_state(leg, LEG_CLOSING);
	leg_ack(leg, NULL);
	/* RFC 3261 15: no BYE before the ACK of our 2xx, or 64*T1 */
	leg->bye_waits = leg->uas && uas_awaits_ack(leg->uas);
	if (!leg->bye_waits)
		send_bye(leg);
}

void leg_close(struct leg *leg, int status, const char *headers)
{
	leg->ending = headers;
	switch (leg->state) {
	case LEG_IDLE:
		set_over(leg);
		break;
	case LEG_INVITING:
		if (leg_is_invited(leg)) {
			leg_refuse(leg, status, headers);
		} else if (leg_is_inviting(leg)) {
			set_state(leg, LEG_CLOSING);
			uac_cancel(leg->uac, headers);
		} else {
			set_over(leg);
		}
		break;
	case LEG_TALKING:
		close_talking(leg);
		break;
	case LEG_CLOSING:
	case LEG_OVER:
		break;
	}
}
