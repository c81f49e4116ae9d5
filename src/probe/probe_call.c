/*
 * The call of a probe: INVITE to probe-number with an offer of SRTP, given up as soon as the
 * answer tells, before anybody need pick up: CANCEL, or ACK and BYE when it was answered.
 * RFC 3261 9.1, 13.2.2.4, 15.1.
 */
#include "probe/probe_priv.h"
#include "sip/compose.h"

#include <stdlib.h>

/* The call is over, or as good as: the step ends with the verdict that was found. */
static void call_over(struct probe *probe)
{
	probe->call.invite = NULL;
	if (probe->at == PROBE_SRTP)
		probe_done(probe, probe->call.verdict);
}

static void give_up_timeout_h(void *arg)
{
	call_over(arg);
}

/* The far end has so long to let the call go; the verdict stands. */
static void give_up(struct probe *probe, enum probe_verdict verdict)
{
	if (probe->call.given_up)
		return;
	probe->call.given_up = true;
	probe->call.verdict = verdict;
	timer_start(loop_timers(probe->loop), &probe->step_timer, PROBE_STEP_MS,
		give_up_timeout_h, probe);
}

static void cancel(struct probe *probe, enum probe_verdict verdict)
{
	give_up(probe, verdict);
	if (probe->call.invite && txn_client_cancel(probe->call.invite, NULL) == 0)
		return;
	call_over(probe);
}

/* ---- after a 2xx ---- */

static void bye_response_h(void *arg, struct txn_client *txn, struct message *response)
{
	(void)txn;
	if (message_status(response) >= 200)
		call_over(arg);
}

static void send_ack(struct probe *probe)
{
	struct request ack =
		probe_begin(probe, MESSAGE_ACK, &probe->call.dialog, probe->call.cseq);

	compose_body(&ack.text, NULL, (struct span){0});
	request_send_ack(&ack);
	buf_free(&ack.text);
}

/* 0 or negative: then no answer comes. */
static int send_bye(struct probe *probe)
{
	const struct txn_client_user user = {.response_h = bye_response_h, .arg = probe};
	struct request bye = probe_begin(probe, MESSAGE_BYE, &probe->call.dialog, 0);

	compose_body(&bye.text, NULL, (struct span){0});
	return request_send(&bye, &user, NULL);
}

static void end_answered(struct probe *probe, const struct message *response)
{
	struct dialog *dialog = &probe->call.dialog;
	bool repeated = probe->call.answered && dialog_is_of(dialog, response);

	/* Without a Contact there is nobody to tell; the connection's end must do. */
	if (dialog_establish(dialog, response)) {
		call_over(probe);
		return;
	}
	send_ack(probe);
	if (repeated)
		return;
	probe->call.answered = true;
	if (send_bye(probe))
		call_over(probe);
}

/* ---- what INVITE is answered with ---- */

static bool has_sdp(const struct message *response)
{
	return message_body(response).len &&
	       span_equal_nocase(message_content_type(response), "application/sdp");
}

static void receive_provisional(struct probe *probe, const struct message *response)
{
	if (probe->call.given_up || !has_sdp(response))
		return;
	cancel(probe, probe_judge_answer(probe, message_body(response)));
}

static void receive_answer(struct probe *probe, const struct message *response)
{
	if (!probe->call.given_up && has_sdp(response))
		give_up(probe, probe_judge_answer(probe, message_body(response)));
	else if (!probe->call.given_up) {
		probe_say(probe, "it answered an offer of SRTP without SDP");
		give_up(probe, PROBE_FAILED);
	}
	end_answered(probe, response);
}

/* Of the media (488, 606), or of something that tells nothing of them. */
static void receive_refusal(struct probe *probe, int status)
{
	bool media = status == 488 || status == 606;

	if (!probe->call.given_up) {
		probe_say(probe, "an offer of SRTP to %s was refused with %d %s%s",
			probe->gateway->probe_number, status, compose_reason(status),
			media ? "" : ", which says nothing of SRTP");
		probe_fix(probe,
			media ? "let the far end take SRTP with SDES keys "
				"(a=crypto) and one of the suites of %s"
			      : "set probe-number in %s to a number that answers",
			probe->settings->file);
		give_up(probe, media ? PROBE_FAILED : PROBE_UNKNOWN);
	}
	call_over(probe);
}

static void response_h(void *arg, struct txn_client *txn, struct message *response)
{
	struct probe *probe = arg;
	int status = message_status(response);

	(void)txn;
	if (probe->at != PROBE_SRTP)
		return;
	if (status < 200)
		receive_provisional(probe, response);
	else if (status < 300)
		receive_answer(probe, response);
	else
		receive_refusal(probe, status);
}

static void ended_h(void *arg, struct txn_client *txn)
{
	struct probe *probe = arg;

	(void)txn;
	probe->call.invite = NULL;
}

static void silence_h(void *arg)
{
	struct probe *probe = arg;

	probe_say(probe, "an offer of SRTP to %s got no answer that names media in %d s",
		probe->gateway->probe_number, PROBE_STEP_MS / 1000);
	probe_fix(probe, "set probe-number in %s to a number that answers at once",
		probe->settings->file);
	cancel(probe, PROBE_UNKNOWN);
}

/* ---- INVITE ---- */

static int send_invite(struct probe *probe)
{
	const struct txn_client_user user = {
		.response_h = response_h, .ended_h = ended_h, .arg = probe};
	struct request invite =
		probe_begin(probe, MESSAGE_INVITE, &probe->call.dialog, 0);
	struct buf sdp;

	probe->call.cseq = invite.cseq;
	buf_add_str(&invite.text, "Contact: <sip:");
	probe_add_our_host(probe, &invite.text);
	buf_add_str(&invite.text,
		";transport=tls>\r\nAllow: INVITE, ACK, CANCEL, BYE, OPTIONS\r\n"
		"User-Agent: Tandem\r\n");
	buf_init(&sdp, 0);
	probe_add_offer(probe, &sdp);
	if (sdp.err)
		invite.text.err = sdp.err;
	compose_body(&invite.text, "application/sdp", buf_span(&sdp));
	buf_free(&sdp);
	return request_send(&invite, &user, &probe->call.invite);
}

void probe_call(struct probe *probe)
{
	int err = probe_init_dialog(
		probe, "tandem", probe->gateway->probe_number, &probe->call.dialog);

	if (!err)
		err = send_invite(probe);
	if (err) {
		probe_say(probe, "no offer of SRTP can be sent: %s", err_str(err));
		probe_done(probe, PROBE_UNKNOWN);
		return;
	}
	timer_start(loop_timers(probe->loop), &probe->step_timer, PROBE_STEP_MS,
		silence_h, probe);
}

void probe_call_drop(struct probe *probe)
{
	if (probe->call.invite && !probe->call.given_up)
		(void)txn_client_cancel(probe->call.invite, NULL);
	dialog_free(&probe->call.dialog);
}
