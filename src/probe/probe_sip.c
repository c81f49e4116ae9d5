/* The SIP of a probe: who we are, OPTIONS, and what is asked of us meanwhile. */
#include "base/secret.h"
#include "probe/probe_priv.h"
#include "sip/compose.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define TAG_SIZE 20

/* ---- what the far end asks over the probe's connection ---- */

/* It is no way to us: calls come by those that stand. The end of our own call may. */
static void request_h(void *arg, struct txn_server *txn, struct message *request)
{
	enum message_method method = message_method(request);
	bool welcome = method == MESSAGE_OPTIONS || method == MESSAGE_BYE;

	(void)arg;
	txn_server_reply(txn, welcome ? 200 : 403, NULL, NULL, NULL);
}

static void ack_h(void *arg, struct flow *flow, struct message *ack)
{
	(void)arg;
	(void)flow;
	(void)ack;
}

static void stray_h(void *arg, struct flow *flow, struct message *response)
{
	(void)arg;
	(void)flow;
	(void)response;
}

static void cancel_h(void *arg, struct txn_server *invite, struct message *cancel)
{
	(void)arg;
	(void)invite;
	(void)cancel;
}

int probe_sip_new(struct probe *probe)
{
	const struct txn_times times = {.t1_ms = probe->config->sip.t1_ms,
		.t2_ms = probe->config->sip.t2_ms,
		.t4_ms = probe->config->sip.t4_ms};
	const struct txn_handlers handlers = {.request_h = request_h,
		.ack_h = ack_h,
		.stray_h = stray_h,
		.cancel_h = cancel_h,
		.arg = probe};

	return txn_layer_new(&probe->txns, loop_timers(probe->loop), &times, &handlers);
}

void probe_receive(void *arg, struct flow *flow, struct message *message,
	const struct message_fault *fault)
{
	struct probe *probe = arg;

	txn_receive(probe->txns, flow, message, fault);
}

/* ---- composing ---- */

void probe_add_our_host(const struct probe *probe, struct buf *out)
{
	const struct addr *listen = !probe->gateway ? &probe->config->internal.listen
						    : &probe->config->external.tls_listen;

	buf_add_str(out, probe->config->tandem.fqdn);
	if (listen->len) /* where there is a listener */
		buf_printf(out, ":%u", (unsigned)addr_port(listen));
}

const char *probe_from_host(const struct probe *probe)
{
	if (probe->gateway && probe->gateway->from_host[0])
		return probe->gateway->from_host;
	return probe->config->tandem.fqdn;
}

/* An IPv6 address in its brackets. */
static void add_their_host(const struct probe *probe, struct buf *out)
{
	const char *host = probe_host(probe);
	bool bare_v6 = strchr(host, ':') && host[0] != '[';

	buf_printf(out, "%s%s%s", bare_v6 ? "[" : "", host, bare_v6 ? "]" : "");
}

/* RFC 3261 25.1: "user"; what else the configuration has is written %41. */
static void add_user(const char *user, struct buf *out)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "0123456789-_.!~*'()&=+$,;?/";

	for (; *user; user++) {
		if (strchr(plain, *user))
			buf_add_char(out, *user);
		else
			buf_printf(out, "%%%02X", (unsigned)(unsigned char)*user);
	}
	buf_add_char(out, '@');
}

void probe_add_target(const struct probe *probe, const char *user, struct buf *out)
{
	buf_add_str(out, "sip:");
	if (user)
		add_user(user, out);
	add_their_host(probe, out);
	if (probe_port(probe))
		buf_printf(out, ":%u", (unsigned)probe_port(probe));
	if (user && probe->gateway && probe->gateway->user_phone)
		buf_add_str(out, ";user=phone");
}

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
	add_their_host(probe, out);
	buf_printf(out,
		">\r\nCall-ID: %s@%s\r\nCSeq: 1 OPTIONS\r\nContact: <sip:", call_id,
		probe_from_host(probe));
	probe_add_our_host(probe, out);
	buf_add_str(out, ";transport=tls>\r\nAccept: application/sdp\r\n"
			 "User-Agent: Tandem\r\n");
	compose_body(out, NULL, (struct span){0});
}

/* ---- OPTIONS ---- */

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
		err = txn_client_start(probe->txns, &txn, probe->flow, MESSAGE_OPTIONS,
			branch, 0, out.data, out.len, &user);
	buf_free(&out);
	if (err) {
		probe_say(probe, "OPTIONS cannot be sent: %s", err_str(err));
		probe_done(probe, PROBE_FAILED);
		return;
	}
	timer_start(loop_timers(probe->loop), &probe->step_timer, PROBE_STEP_MS,
		silence_h, probe);
}
