/* OPTIONS, and what follows its answer. */
#include "probe/probe_priv.h"
#include "sip/compose.h"

static void silence_h(void *arg)
{
	struct probe *probe = arg;

	probe_say(probe, "no answer to OPTIONS in %d s", PROBE_STEP_MS / 1000);
	probe_fix(probe,
		"look at the log of the far end: whether it takes SIP from %s over TLS",
		probe_from_host(probe));
	probe_done(probe, PROBE_FAILED);
}

/* A call asks best; where none is allowed, OPTIONS was asked. */
static void ask_srtp(struct probe *probe, const struct message *response)
{
	if (probe_srtp_rule(probe) == CONFIG_SRTP_OFF)
		probe_done(probe, PROBE_SKIPPED);
	else if (probe->gateway && probe->gateway->probe_number[0])
		probe_call(probe);
	else
		probe_done(probe, probe_judge_options(probe, response));
}

/* Any answer is one: 403, 404 and 501 come from a far end that speaks SIP with us. */
static void options_response_h(
	void *arg, struct txn_client *txn, struct message *response)
{
	struct probe *probe = arg;
	int status = message_status(response);

	(void)txn;
	if (status < 200 || probe->at != PROBE_OPTIONS)
		return;
	probe_say(probe, "answered with %d %s", status, compose_reason(status));
	probe_done(probe, PROBE_OK);
	ask_srtp(probe, response);
}

/* The connection's end says it in better words, and the timer comes before theirs. */
static void options_failed_h(void *arg, struct txn_client *txn, int err)
{
	(void)arg;
	(void)txn;
	(void)err;
}

static void options_ended_h(void *arg, struct txn_client *txn)
{
	(void)arg;
	(void)txn;
}

static int send_options(struct probe *probe)
{
	const struct txn_client_user user = {.response_h = options_response_h,
		.failed_h = options_failed_h,
		.ended_h = options_ended_h,
		.arg = probe};
	struct request options;
	struct dialog dialog; /* it makes none: it is what one would begin with */
	int err = probe_init_dialog(probe, NULL, NULL, &dialog);

	if (err)
		return err;
	options = probe_begin(probe, MESSAGE_OPTIONS, &dialog, 0);
	dialog_free(&dialog);
	buf_add_str(&options.text, "Contact: <sip:");
	probe_add_our_host(probe, &options.text);
	buf_add_str(&options.text,
		";transport=tls>\r\nAccept: application/sdp\r\nUser-Agent: Tandem\r\n");
	compose_body(&options.text, NULL, (struct span){0});
	return request_send(&options, &user, NULL);
}

void probe_options(struct probe *probe)
{
	int err = send_options(probe);

	if (err) {
		probe_say(probe, "OPTIONS cannot be sent: %s", err_str(err));
		probe_done(probe, PROBE_FAILED);
		return;
	}
	timer_start(loop_timers(probe->loop), &probe->step_timer, PROBE_STEP_MS,
		silence_h, probe);
}
