/* OPTIONS, and what follows its answer. */
#include "base/secret.h"
#include "probe/probe_priv.h"
#include "sip/compose.h"

#define TAG_SIZE 17

static void add_options(const struct probe *probe, const char *branch, struct buf *out)
{
	char tag[TAG_SIZE], call_id[TAG_SIZE];

	secret_token(tag, 8);
	secret_token(call_id, 8);
	buf_add_str(out, "OPTIONS ");
	probe_add_target(probe, NULL, out);
	buf_add_str(out, ";transport=tls SIP/2.0\r\nVia: SIP/2.0/TLS ");
	probe_add_our_host(probe, out);
	buf_printf(out, ";branch=%s;rport\r\nMax-Forwards: 70\r\n", branch);
	buf_printf(
		out, "From: <sip:%s>;tag=%s\r\nTo: <sip:", probe_from_host(probe), tag);
	probe_add_their_host(probe, out);
	buf_printf(out,
		">\r\nCall-ID: %s@%s\r\nCSeq: 1 OPTIONS\r\nContact: <sip:", call_id,
		probe_from_host(probe));
	probe_add_our_host(probe, out);
	buf_add_str(out, ";transport=tls>\r\nAccept: application/sdp\r\n"
			 "User-Agent: Tandem\r\n");
	compose_body(out, NULL, (struct span){0});
}

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

void probe_options(struct probe *probe)
{
	const struct txn_client_user user = {.response_h = options_response_h,
		.failed_h = options_failed_h,
		.ended_h = options_ended_h,
		.arg = probe};
	char branch[TXN_BRANCH_SIZE];
	struct txn_client *txn;
	struct buf out;
	int err;

	txn_branch(branch);
	buf_init(&out, 0);
	add_options(probe, branch, &out);
	err = out.err;
	if (!err)
		err = txn_client_start(probe->txns,
			&(struct txn_client_params){.flow = probe->flow,
				.method = MESSAGE_OPTIONS,
				.branch = branch,
				.request = buf_span(&out),
				.user = &user},
			&txn);
	buf_free(&out);
	if (err) {
		probe_say(probe, "OPTIONS cannot be sent: %s", err_str(err));
		probe_done(probe, PROBE_FAILED);
		return;
	}
	timer_start(loop_timers(probe->loop), &probe->step_timer, PROBE_STEP_MS,
		silence_h, probe);
}
