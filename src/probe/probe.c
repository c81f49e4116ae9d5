#include "probe/probe_priv.h"

#include "base/buf.h"
#include "trunk/material.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void next_address(struct probe *probe);

/* ---- what is known of it ---- */

static const char *either(const char *own, const char *common)
{
	return own[0] ? own : common;
}

void probe_context(const struct config *config, enum trunk_kind kind,
	const struct config_trunk *settings, struct explain_context *ret)
{
	const struct config_tls *common = trunk_side_files(kind, config);
	const struct config_tls *own = &settings->certs;

	ret->file = settings->file;
	ret->section = kind == TRUNK_SERVER ? "[server]" : "[gateway]";
	ret->host = settings->host;
	ret->trust = either(own->trust, common->trust);
	ret->crl = either(own->crl, common->crl);
	ret->certificate = either(own->certificate, common->certificate);
}

static void own_context(const struct probe *probe, struct explain_context *ret)
{
	probe_context(probe->config, probe->trunk->kind, probe->settings, ret);
}

/* ---- the end ---- */

/* Closes what is open; the transport tells nobody. */
static void probe_free(struct probe *probe)
{
	timer_stop(&probe->step_timer);
	timer_stop(&probe->all_timer);
	loop_cancel(&probe->finish);
	resolve_cancel(probe->resolving);
	probe_call_drop(probe);
	txn_layer_free(probe->txns);
	transport_free(probe->transport);
	flow_unref(probe->flow);
	cred_unref(probe->cred);
	peer_set_unref(probe->peers);
	trunk_unref(probe->trunk);
	config_unref(probe->config);
	free(probe);
}

void probe_cancel(struct probe *probe)
{
	if (probe)
		probe_free(probe);
}

static void finish_h(void *arg)
{
	struct probe *probe = arg;

	probe->h(probe->arg, &probe->result);
	probe_free(probe);
}

static void fail_all_h(void *arg)
{
	struct probe *probe = arg;

	if (probe->at == PROBE_SRTP && probe->call.given_up) {
		probe_done(probe, probe->call.verdict);
		return;
	}
	probe_say(probe, "no answer within the %d s of a probe", PROBE_ALL_MS / 1000);
	probe_fix(probe, "look at the log and the load of the far end");
	probe_done(probe, PROBE_FAILED);
}

/* ---- TCP and TLS ---- */

/* TLS ended: the words are those of the log. */
static void say_tls(struct probe *probe, const struct flow *flow, const char *why)
{
	struct explain_context context;
	struct buf fix;

	probe_say(probe, "%s", why);
	if (!flow->report) {
		probe_fix(probe, "check the port, and that the far end speaks TLS there");
		return;
	}
	buf_init(&fix, 0);
	own_context(probe, &context);
	explain_what_to_do(flow->report, &context, &fix);
	probe_fix(probe, "%s", buf_str(&fix) ? fix.data : "");
	buf_free(&fix);
}

static void say_tcp(struct probe *probe, const char *why)
{
	char *words = probe->result.steps[PROBE_TCP].words;
	size_t size = sizeof(probe->result.steps[PROBE_TCP].words);
	size_t len = strlen(words);
	char where[ADDR_TEXT_SIZE];

	snprintf(words + len, size - len, "%s%s: %s", len ? "; " : "",
		addr_text(&probe->addrs[probe->addr_at - 1], where), why);
}

static void drop_flow(struct probe *probe)
{
	flow_unref(probe->flow);
	probe->flow = NULL;
}

/* In TLS 1.3 the far end judges our certificate after our handshake is done. */
static bool is_their_refusal(const struct flow *flow)
{
	return flow->report && flow->report->fault == CHANNEL_REFUSED_BY_THEM;
}

static void closed_h(void *arg, struct flow *flow, const char *why)
{
	struct probe *probe = arg;

	if (flow != probe->flow)
		return;
	if (probe->at == PROBE_TCP) {
		say_tcp(probe, why);
		drop_flow(probe);
		next_address(probe);
	} else if (probe->at == PROBE_TLS ||
		   (probe->at == PROBE_OPTIONS && is_their_refusal(flow))) {
		probe->at = PROBE_TLS;
		say_tls(probe, flow, why);
		probe_done(probe, PROBE_FAILED);
	} else if (probe->at == PROBE_OPTIONS) {
		probe_say(probe, "the connection ended without an answer: %s", why);
		probe_fix(probe,
			"look at the log of the far end: whether it takes the "
			"certificate of %s, and SIP from it",
			cred_name(probe->cred));
		probe_done(probe, PROBE_FAILED);
	} else if (probe->at == PROBE_SRTP && probe->call.given_up) {
		probe_done(probe, probe->call.verdict);
	} else if (probe->at == PROBE_SRTP) {
		probe_say(probe,
			"the connection ended without an answer to an offer of "
			"SRTP: %s",
			why);
		probe_done(probe, PROBE_UNKNOWN);
	}
}

static void tls_open(struct probe *probe, const struct flow *flow)
{
	static const char *const asked[] = {
		[FLOW_ASKED_UNKNOWN] = "",
		[FLOW_ASKED_NO] = "; it did not ask for our certificate",
		[FLOW_ASKED_YES] = "; it asked for our certificate, ",
	};

	probe_say(probe, "%s %s with %s%s%s%s%s", flow->version, flow->cipher,
		flow->peer_names, asked[flow->asked],
		flow->asked == FLOW_ASKED_YES ? cred_name(probe->cred) : "",
		flow->exception[0] ? "; revocation = soft let pass: " : "",
		flow->exception);
	if (flow->asked == FLOW_ASKED_NO)
		probe_fix(probe, "let the far end ask for it and check it: TLS is then "
				 "mutual, and mutual = strict can demand that");
	probe_done(probe, PROBE_OK);
	probe_options(probe);
}

static void progress_h(void *arg, struct flow *flow, enum transport_progress progress)
{
	struct probe *probe = arg;
	char where[ADDR_TEXT_SIZE];

	if (flow != probe->flow)
		return;
	if (progress == TRANSPORT_CONNECTED && probe->at == PROBE_TCP) {
		probe_say(probe, "connected to %s", addr_text(&flow->remote, where));
		probe_done(probe, PROBE_OK);
	} else if (progress == TRANSPORT_OPENED && probe->at == PROBE_TLS) {
		tls_open(probe, flow);
	}
}

static const struct addr *source_address(const struct probe *probe)
{
	return !probe->gateway ? &probe->config->internal.listen
			       : &probe->config->external.tls_listen;
}

static void next_address(struct probe *probe)
{
	struct transport_target target = {.kind = TRANSPORT_TLS,
		.peer = probe->peer,
		.cred = probe->cred,
		.source = *source_address(probe)};
	struct err_text text = {""};

	/* as target_connection_to() has it */
	if (probe->settings->hosts.count > 1)
		target.host = probe->host;
	while (probe->addr_at < probe->addr_count) {
		target.remote = probe->addrs[probe->addr_at++];
		if (transport_flow(probe->transport, &target, &probe->flow, &text) == 0)
			return;
		say_tcp(probe, text.text);
	}
	probe_fix(probe,
		"let the far end listen for SIP over TLS there, open the firewalls "
		"between, or correct host and port in %s",
		probe->settings->file);
	probe_done(probe, PROBE_FAILED);
}

/* ---- DNS ---- */

static void resolved_h(void *arg, const struct resolve_answer *answer)
{
	struct probe *probe = arg;
	struct probe_step *step = &probe->result.steps[PROBE_DNS];
	char text[ADDR_TEXT_SIZE];
	size_t len;

	probe->resolving = NULL;
	if (answer->err || !answer->count) {
		probe_say(probe, "%s", answer->err ? answer->why : "it has no address");
		probe_fix(probe, "correct host in %s, or what DNS says: `dig %s%s`",
			probe->settings->file, probe_port(probe) ? "" : "SRV _sips._tcp.",
			probe_host(probe));
		probe_done(probe, PROBE_FAILED);
		return;
	}
	memcpy(probe->addrs, answer->addrs, answer->count * sizeof(struct addr));
	probe->addr_count = answer->count;
	probe_say(probe, "%s is", probe_host(probe));
	for (unsigned i = 0; i < answer->count; i++) {
		len = strlen(step->words);
		snprintf(step->words + len, sizeof(step->words) - len, "%s %s",
			i ? "," : "", addr_text(&answer->addrs[i], text));
	}
	probe_done(probe, PROBE_OK);
	next_address(probe);
}

static void look_up(struct probe *probe)
{
	if (resolver_ask(probe->resolver,
		    &(struct resolve_question){.host = probe_host(probe),
			    .port = probe_port(probe),
			    .kind = TRANSPORT_TLS,
			    .h = resolved_h,
			    .arg = probe},
		    &probe->resolving) == 0)
		return;
	probe_say(probe, "%s cannot be looked up", probe_host(probe));
	probe_fix(probe, "correct host");
	probe_done(probe, PROBE_FAILED);
}

/* ---- files ---- */

/* What nothing configures is found without trying. */
static const char *missing_key(const struct probe *probe)
{
	struct explain_context context;

	own_context(probe, &context);
	if (!context.trust[0])
		return "trust";
	return probe->cred ? NULL : "certificate";
}

static void load_files(struct probe *probe, struct trunk *trunk)
{
	/* What did not change is tried as it runs, with its OCSP response. */
	struct material material = {.before = trunk};
	struct explain_context context;
	struct err_text text = {""};
	struct cred *own = NULL;
	const char *missing;
	int err;

	own_context(probe, &context);
	err = context.trust[0] ? material_load(&material, trunk, probe->peers,
					 &probe->peer, &own, &text)
			       : 0;
	material_free(&material);
	if (own) {
		cred_unref(probe->cred);
		probe->cred = own;
	}
	missing = err ? NULL : missing_key(probe);
	if (err) {
		probe_say(probe, "%s", text.text[0] ? text.text : err_str(err));
		probe_fix(probe, "put that file right; `tandemctl config check` reads "
				 "them all");
	} else if (missing) {
		probe_say(probe, "%s is not set", missing);
		probe_fix(probe, "set %s in %s of %s, or for all in [%s] of %s", missing,
			context.section, context.file,
			probe->gateway ? "external" : "internal", probe->config->file);
	} else {
		probe_say(probe, "we are %s; trusted is what %s%s%s names",
			cred_name(probe->cred), context.trust,
			context.crl[0] ? " and " : "", context.crl);
	}
	probe_done(probe, err || missing ? PROBE_FAILED : PROBE_OK);
}

/* ---- start ---- */

static int new_transport(struct probe *probe)
{
	const struct transport_params params = {.name = "probe",
		.loop = probe->loop,
		.limits = {.handshake_ms = PROBE_STEP_MS, .queue_bytes = 65536},
		.handlers = {.message_h = probe_receive,
			.closed_h = closed_h,
			.progress_h = progress_h,
			.arg = probe},
		.quiet = probe->quiet,
		.dscp = probe->config->sip.dscp};

	return transport_new(&probe->transport, &params);
}

int probe_start(
	struct probe **ret, const struct probe_params *params, struct err_text *text)
{
	struct probe *probe = calloc(1, sizeof(*probe));
	struct clock *clock = loop_clock(params->loop);
	int err;

	if (!probe)
		return err_set(text, -ENOMEM, "out of memory");
	probe->loop = params->loop;
	probe->resolver = params->resolver;
	probe->trunk = trunk_ref(params->trunk);
	probe->config = config_ref(params->trunk->config);
	probe->settings = trunk_settings(params->trunk);
	probe->gateway = params->trunk->gateway;
	probe->host = probe->settings->hosts.words[params->name];
	probe->cred = params->cred ? cred_ref(params->cred) : NULL;
	probe->quiet = params->quiet;
	probe->h = params->h;
	probe->arg = params->arg;
	probe->result.failed = PROBE_STEPS;
	probe->result.wall_us = clock->wall_us(clock);
	probe->finish_h = finish_h;
	probe->step_us = probe_now_us(probe);
	err = peer_set_new(&probe->peers);
	if (!err)
		err = new_transport(probe);
	if (!err)
		err = probe_sip_new(probe);
	if (err) {
		probe_free(probe);
		return err_set(text, err, "no probe: %s", err_str(err));
	}
	timer_start(loop_timers(probe->loop), &probe->all_timer, PROBE_ALL_MS, fail_all_h,
		probe);
	*ret = probe;
	load_files(probe, params->trunk);
	if (probe->at == PROBE_DNS)
		look_up(probe);
	return 0;
}
