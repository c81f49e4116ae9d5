/* INVITEs that we send to the leg, first or further, and what comes for them. */
#include "bridge/leg_priv.h"

#include "bridge/identity.h"
#include "bridge/noted.h"
#include "bridge/parts.h"
#include "bridge/tolerated.h"
#include "bridge/uac.h"
#include "sip/compose.h"
#include "sip/failure.h"
#include "sip/reliable.h"

#include <errno.h>

static void repeated_h(void *arg, const struct txn_client_request *request);
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
	const bool offers = leg->settings->reliable == CONFIG_RELIABLE_OFFER;
	struct request invite = leg_begin(leg, MESSAGE_INVITE);

	leg_add_identity(leg, "User-Agent", &invite.text);
	if (!params.first) /* that says who calls */
		leg_add_connected(leg, &invite.text);
	leg_refresh_add_supported(
		leg, params.first && offers ? "100rel" : NULL, &invite.text);
	leg_refresh_add_to_request(leg, params.first, &invite.text);
	invite.takes_422 = leg_refresh_takes_422(leg);
	if (params.first && leg->settings->reliable == CONFIG_RELIABLE_REQUIRE)
		compose_header_str(&invite.text, "Require", "100rel");
	buf_add_span(&invite.text, headers);
	leg_add_heard(leg, HEADER_REQUESTS, &invite.text);
	parts_add(&invite.text, leg->flow, sdp, parts);
	leg_drop_invite_out(leg);
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
	noted_free(&leg->headers);
	leg->allows =
		0; /* what another branch, or address, allowed is not known of this one */
	dialog_list(&leg->home->dialogs, &leg->dialog, leg);
	leg_set_state(leg, LEG_INVITING);
	err = send_invite(leg, invite->headers, sdp, invite->parts);
	leg->dialog.limited = false;
	if (err)
		leg_reset(leg);
	return err;
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

	return uac_load(&leg->uac, from, &params, leg_owner(leg), error);
}

/* ---- what comes for an INVITE of ours ---- */

/* We gave up while the first INVITE was under way, and were answered nevertheless. */
static void answered_too_late(struct leg *leg, struct message *response)
{
	dialog_establish(&leg->dialog, response);
	leg_ack(leg, NULL);
	leg_send_bye(leg);
}

static void first_accepted(struct leg *leg, struct message *response)
{
	if (dialog_establish(&leg->dialog, response)) {
		/* it cannot be used, but was picked up: ACK, and BYE behind it */
		leg_ack(leg, NULL);
		leg_set_state(leg, LEG_TALKING);
		leg_report(leg, LEG_EVENT_FAILED, NULL, 502, "2xx that makes no dialog");
		return;
	}
	dialog_list(&leg->home->dialogs, &leg->dialog, leg);
	leg_early_over(leg);
	leg_set_state(leg, LEG_TALKING);
	leg_report(leg, LEG_EVENT_ANSWER, response, message_status(response), NULL);
}

/* The response to its first INVITE is final. */
static void note_headers(struct leg *leg, const struct message *response)
{
	noted_headers(&leg->headers, &leg->settings->record_headers, response);
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
	if (leg->state != LEG_CLOSING)
		leg_refresh_heed(leg, response);
	if (leg->state == LEG_CLOSING && first) {
		answered_too_late(leg, response);
	} else if (leg->state == LEG_CLOSING) {
		/* a BYE is on its way already; the ACK is still owed */
		leg_ack(leg, NULL);
		if (!leg->bye_out)
			leg_set_over(leg); /* it was answered already, or was theirs */
	} else if (first) {
		noted_microsoft(&leg->microsoft, response);
		note_headers(leg, response);
		first_accepted(leg, response);
	} else {
		dialog_refresh(&leg->dialog, response);
		leg_report(
			leg, LEG_EVENT_ANSWER, response, message_status(response), NULL);
	}
}

/* It may have what the 2xx leaves out (RFC 3261 13.2.1). */
static void further_provisional(struct leg *leg, struct message *response)
{
	if (message_status(response) > 100 && message_body(response).len &&
		dialog_is_of(&leg->dialog, response))
		leg_report(leg, LEG_EVENT_PROVISIONAL, response, message_status(response),
			NULL);
}

static void provisional_h(void *arg, struct message *response)
{
	struct leg *leg = arg;

	uint32_t rseq = 0;
	bool reliable = message_to(response)->tag.len &&
			leg->settings->reliable != CONFIG_RELIABLE_REFUSE &&
			reliable_is_asked(response, &rseq);

	note_faults(leg, response);
	if (leg->state == LEG_CLOSING)
		return;
	if (!leg->dialog.early) {
		further_provisional(leg, response);
		return;
	}
	if (message_status(response) == 100) {
		leg_report(leg, LEG_EVENT_TRYING, NULL, 100, NULL);
		return;
	}
	if (reliable && !uac_take_reliable(leg->uac, message_to(response)->tag, rseq))
		return;
	leg_note_allow(leg, response);
	noted_microsoft(&leg->microsoft, response);
	/* The latest branch that rang is the dialog that requests and early media belong to. A
	 * peer of RFC 2543's days rings without a tag: that makes no dialog, but it rings. */
	if (message_to(response)->tag.len && !dialog_establish(&leg->dialog, response))
		dialog_list(&leg->home->dialogs, &leg->dialog, leg);
	leg->prack_due = reliable ? rseq : 0;
	leg_report(leg, LEG_EVENT_PROVISIONAL, response, message_status(response), NULL);
}

static void repeated_h(void *arg, const struct txn_client_request *request)
{
	struct leg *leg = arg;

	leg_refresh_repeated(leg, request->min_se_s);
	if (leg->dialog.early && leg->state == LEG_INVITING)
		leg_report(leg, LEG_EVENT_ASKED_AGAIN, NULL, 0, NULL);
}

static void refused_h(void *arg, struct message *response)
{
	struct leg *leg = arg;
	const char *why = uac_why(leg->uac);

	note_faults(leg, response);
	if (leg->state == LEG_INVITING)
		note_headers(leg, response);
	leg_drop_invite_out(leg);
	if (leg->state != LEG_CLOSING)
		leg_report(
			leg, LEG_EVENT_REFUSAL, response, message_status(response), why);
	else if (!leg->bye_out)
		leg_set_over(leg);
}

static void uac_failed_h(void *arg, int err)
{
	struct leg *leg = arg;
	char text[ERR_REASON_SIZE];
	const char *why = leg->flow ? leg->flow->why : NULL;

	if (!why && leg->flow)
		why = failure_of_request(err, leg->flow->kind, &leg->flow->remote, text);
	leg_drop_invite_out(leg);
	if (leg->state != LEG_CLOSING)
		leg->h(leg->arg, leg,
			&(const struct leg_report){.event = LEG_EVENT_FAILED,
				.status = err == -ETIMEDOUT ? 408 : 503,
				.why = why ? why : "connection lost",
				.no_listener = err == -ECONNREFUSED});
	else if (!leg->bye_out)
		leg_set_over(leg);
}
