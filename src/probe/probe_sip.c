/* The SIP of a probe: who we are, OPTIONS, and what is asked of us meanwhile. */
#include "probe/probe_priv.h"
#include "sip/compose.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

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

static void unmatched_h(void *arg, struct flow *flow, struct message *response)
{
	(void)arg;
	(void)flow;
	(void)response;
}

static const char *sent_by_h(void *arg, const struct flow *flow, const char *host,
	char buf[static TXN_NAME_SIZE])
{
	struct buf name;

	(void)flow;
	(void)host;
	buf_init(&name, TXN_NAME_SIZE - 1);
	probe_add_our_host(arg, &name);
	snprintf(buf, TXN_NAME_SIZE, "%s", buf_str(&name) ? name.data : "");
	buf_free(&name);
	return buf;
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
		.unmatched_h = unmatched_h,
		.cancel_h = cancel_h,
		.sent_by_h = sent_by_h,
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

	buf_add_str(out, config_our_host(probe->config, probe->settings));
	if (listen->len) /* where there is a listener */
		buf_printf(out, ":%u", (unsigned)addr_port(listen));
}

const char *probe_from_host(const struct probe *probe)
{
	if (probe->gateway && probe->gateway->from_host[0])
		return probe->gateway->from_host;
	return config_our_host(probe->config, probe->settings);
}

/* Its host, an IPv6 address in brackets. */
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

/* "sip:USER@HOST:PORT", USER escaped where it must be; NULL: none. */
static void add_target(const struct probe *probe, const char *user, struct buf *out)
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

int probe_init_dialog(
	const struct probe *probe, const char *from, const char *to, struct dialog *ret)
{
	const char *host = probe_from_host(probe);
	struct buf local, remote, target;
	int err = -ENOMEM;

	buf_init(&local, 0);
	buf_init(&remote, 0);
	buf_init(&target, 0);
	buf_printf(&local, "<sip:%s%s%s>", from ? from : "", from ? "@" : "", host);
	add_target(probe, to, &target);
	buf_add_str(&remote, to ? "<" : "<sip:");
	if (to)
		buf_add_span(&remote, buf_span(&target));
	else
		add_their_host(probe, &remote);
	buf_add_str(&remote, ">");
	buf_add_str(&target, ";transport=tls");
	if (buf_str(&local) && buf_str(&remote) && buf_str(&target))
		err = dialog_init_uac(ret, local.data, remote.data, target.data, host);
	buf_free(&local);
	buf_free(&remote);
	buf_free(&target);
	return err;
}

struct request probe_begin(struct probe *probe, enum message_method method,
	struct dialog *dialog, uint32_t cseq)
{
	struct request request = {
		.txns = probe->txns, .flow = probe->flow, .method = method, .cseq = cseq};

	request_begin(&request, dialog);
	return request;
}
