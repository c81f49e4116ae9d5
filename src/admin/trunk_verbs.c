#include "admin/trunk_verbs.h"

#include "admin/cert_verbs.h"
#include "admin/figures_json.h"
#include "admin/health_json.h"
#include "admin/limit_json.h"
#include "admin/moment.h"
#include "admin/observe_json.h"
#include "admin/registration_json.h"
#include "admin/state_json.h"
#include "admin/verbs.h"
#include "base/clock.h"
#include "config/config.h"
#include "sip/transport.h"
#include "trunk/drains.h"
#include "trunk/seen.h"
#include "trunk/trunk.h"

#include <stdlib.h>
#include <string.h>

const char *trunk_verb_kind(enum trunk_kind kind)
{
	return kind == TRUNK_GATEWAY ? "trunk" : "server";
}

static json_t *words_json(const struct config_words *words)
{
	json_t *array = json_array();

	for (size_t i = 0; i < words->count; i++)
		json_array_append_new(array, json_string(words->words[i]));
	return array;
}

static json_t *suites_json(unsigned suites)
{
	json_t *array = json_array();

	for (unsigned bit = CONFIG_SUITE_AEAD_AES_256_GCM;
		bit <= CONFIG_SUITE_AES_CM_128_32; bit <<= 1)
		if (suites & bit)
			json_array_append_new(array,
				json_string(config_suite_name((enum config_suite)bit)));
	return array;
}

/* Collects the connections of one trunk. */
struct connections {
	const struct verbs_context *context;
	const struct trunk *trunk;
	json_t *array;
};

/* Null where it says nothing: see enum flow_asked. */
static json_t *asked_json(const struct flow *flow)
{
	if (flow->asked == FLOW_ASKED_UNKNOWN)
		return json_null();
	return json_boolean(flow->asked == FLOW_ASKED_YES);
}

static void add_connection(void *arg, struct flow *flow)
{
	struct connections *connections = arg;
	char remote[ADDR_TEXT_SIZE];

	if (flow->closed || trunks_of_flow(connections->context->trunks, flow,
				    connections->trunk->kind) != connections->trunk)
		return;
	json_array_append_new(connections->array,
		json_pack("{s:s, s:s, s:s, s:s, s:o, s:o, s:o, s:s, s:s, s:I}", "remote",
			addr_text(&flow->remote, remote), "transport",
			transport_kind_name(flow->kind), "tls_version",
			flow->version ? flow->version : "", "tls_cipher",
			flow->cipher ? flow->cipher : "", "peer_names",
			api_text(flow->peer_names ? flow->peer_names : ""),
			"asked_for_our_certificate", asked_json(flow), "server_name",
			api_text(flow->server_name ? flow->server_name : ""), "presented",
			flow->ours ? flow->ours : "", "exception",
			flow->exception ? flow->exception : "", "users",
			(json_int_t)flow->users));
}

static json_t *connections_json(
	const struct verbs_context *context, const struct trunk *trunk)
{
	struct transport *transport =
		trunk->kind == TRUNK_GATEWAY ? context->external : context->internal;
	struct connections connections = {
		.context = context, .trunk = trunk, .array = json_array()};

	if (transport)
		transport_each(transport, add_connection, &connections);
	return connections.array;
}

/* Null: no limit. */
static json_t *most_json(unsigned limit)
{
	return limit == CONFIG_UNLIMITED ? json_null() : json_integer(limit);
}

/* Who took it out of service, when and why. Nothing where nobody did. */
static void add_drain(
	const struct verbs_context *context, const struct trunk *trunk, json_t *object)
{
	const struct drain *drain = drains_find(context->drains, trunk->kind, trunk->id);

	json_object_set_new(
		object, "drained_since", moment_json(drain ? (time_t)drain->since : 0));
	json_object_set_new(
		object, "drained_by", drain ? api_text(drain->who) : json_null());
	json_object_set_new(object, "drain_reason",
		drain && drain->reason[0] ? api_text(drain->reason) : json_null());
}

/* What a list shows of a trunk or server. */
static json_t *summary_json(
	const struct verbs_context *context, const struct trunk *trunk)
{
	const struct config_trunk *settings = trunk_settings(trunk);
	json_t *object = json_pack(
		"{s:s, s:s, s:s, s:i, s:s, s:b, s:o, s:s, s:I, s:o, s:I, s:I, s:o, s:o, "
		"s:o, s:o}",
		"id", trunk->id, "state", state_word(context->trunks, trunk), "host",
		trunk_host(trunk), "port", (int)trunk_port(trunk), "transport",
		transport_kind_name(trunk_transport(trunk)), "tls",
		(int)trunk_is_tls(trunk), "tls_state",
		observe_word_json(context->observe, trunk), "srtp",
		config_srtp_name(settings->srtp), "calls", (json_int_t)trunk->calls,
		"calls_max", most_json(settings->limits.max_calls), "calls_total",
		(json_int_t)(trunk->calls_total - trunk->calls_total_base),
		"calls_failed",
		(json_int_t)(trunk->calls_failed - trunk->calls_failed_base),
		"last_error_at", moment_json(trunk->last_error_at), "last_error_until",
		moment_json(trunk->last_error_until), "last_error",
		api_text(trunk->last_error), "figures", figures_json(context, trunk));

	if (trunk->kind == TRUNK_GATEWAY)
		json_object_set_new(object, "registered", registration_word_json(trunk));
	json_object_set_new(object, "obstacle", state_obstacle(context->trunks, trunk));
	add_drain(context, trunk, object);
	return object;
}

static void add_peer(json_t *object, const struct config_peer *peer)
{
	json_object_set_new(object, "names", words_json(&peer->names));
	json_object_set_new(
		object, "wildcard", json_string(config_wildcard_name(peer->wildcard)));
	json_object_set_new(object, "eku", json_string(config_eku_name(peer->eku)));
	json_object_set_new(object, "pins", words_json(&peer->pins));
	json_object_set_new(
		object, "mutual", json_string(config_mutual_name(peer->mutual)));
	json_object_set_new(object, "revocation",
		json_string(config_revocation_name(peer->revocation)));
}

static void add_settings(json_t *object, const struct config_trunk *settings)
{
	const uint64_t duration_ms = settings->limits.duration_ms;

	json_object_set_new(object, "call_length_max_us",
		duration_ms ? json_integer((json_int_t)duration_ms * 1000) : json_null());
	json_object_set_new(object, "priority", json_integer(settings->route.priority));
	json_object_set_new(object, "weight", json_integer(settings->route.weight));
	json_object_set_new(object, "prefixes", words_json(&settings->route.prefixes));
	json_object_set_new(object, "callers", words_json(&settings->route.callers));
	json_object_set_new(object, "sources", words_json(&settings->route.sources));
	json_object_set_new(object, "codecs", words_json(&settings->codecs));
	json_object_set_new(object, "suites", suites_json(settings->suites));
	json_object_set_new(
		object, "t38", json_string(config_t38_name(settings->media.t38)));
	add_peer(object, &settings->peer);
}

static void add_gateway(json_t *object, const struct config_gateway *gateway)
{
	json_object_set_new(object, "file", json_string(gateway->common.file));
	json_object_set_new(object, "profile", json_string(gateway->profile));
	json_object_set_new(
		object, "audit", json_string(config_audit_name(gateway->audit)));
	json_object_set_new(object, "tls_min",
		json_string(config_tls_version_name(gateway->common.tls_min)));
	json_object_set_new(object, "ciphers",
		json_string(config_ciphers_name(gateway->common.ciphers)));
}

/* By what name it knows us, and which certificate of ours it gets. */
static void add_ours(
	const struct verbs_context *context, const struct trunk *trunk, json_t *object)
{
	const struct config_trunk *settings = trunk_settings(trunk);
	const struct cred *cred =
		trunk_is_tls(trunk) ? trunks_presented(context->trunks, trunk) : NULL;

	json_object_set_new(object, "contact_host",
		json_string(trunk_is_tls(trunk) ? config_our_host(trunk->config, settings)
						: settings->contact_host));
	json_object_set_new(object, "presented",
		cred ? json_pack("{s:s, s:o, s:b, s:o}", "file", cred_file(cred), "name",
			       api_text(cred_name(cred)), "own", trunk->cred != NULL,
			       "not_after", moment_json(cred_expires(cred)))
		     : json_null());
}

/* Who we are to it, and what its requests had to prove. Never the password. */
static json_t *auth_json(const struct trunk *trunk)
{
	const struct config_auth *auth = &trunk_settings(trunk)->auth;

	return json_pack("{s:s?, s:b, s:I, s:I}", "user",
		auth->user[0] ? auth->user : NULL, "demanded",
		(int)(auth->demand == CONFIG_DEMAND_DIGEST), "asked",
		(json_int_t)trunk->proof.asked, "wrong",
		(json_int_t)trunk->proof.wrong_total);
}

static json_t *details_json(
	const struct verbs_context *context, const struct trunk *trunk)
{
	uint64_t now_us = clock_real()->mono_us(clock_real());
	const struct limit_question limits = trunk_limits(trunk, LIMIT_IN, true, now_us);
	json_t *object = summary_json(context, trunk);
	json_t *observe = observe_json(context->observe, trunk);
	json_t *addrs = json_array();
	char text[ADDR_TEXT_SIZE];
	char name[80];

	if (observe)
		json_object_set_new(object, "observe", observe);
	add_ours(context, trunk, object);
	add_settings(object, trunk_settings(trunk));
	if (trunk->gateway) {
		json_object_set_new(object, "registration", registration_json(trunk));
		add_gateway(object, trunk->gateway);
	}
	for (unsigned i = 0; i < trunk->addr_count; i++)
		json_array_append_new(
			addrs, json_string(addr_text(&trunk->addrs[i], text)));
	json_object_set_new(object, "addresses", addrs);
	json_object_set_new(object, "health", health_json(context, trunk));
	json_object_set_new(
		object, "options_sent", json_integer((json_int_t)trunk->options_sent));
	json_object_set_new(object, "options_answered",
		json_integer((json_int_t)trunk->options_answered));
	json_object_set_new(object, "limits", limit_json(&limits));
	json_object_set_new(object, "auth", auth_json(trunk));
	json_object_set_new(object, "connections", connections_json(context, trunk));
	json_object_set_new(object, "certificate",
		cert_seen_json(seen_find(context->seen, trunk_name(trunk, name))));
	json_object_set_new(object, "last_answered_age_us",
		trunk->last_ok_us > 0 && now_us >= trunk->last_ok_us
			? json_integer((json_int_t)(now_us - trunk->last_ok_us))
			: json_null());
	return object;
}

static enum api_code list(
	const struct verbs_context *context, enum trunk_kind kind, json_t **ret_result)
{
	json_t *array = json_array();
	const struct trunk *trunk;

	for (unsigned i = 0; (trunk = trunks_at(context->trunks, kind, i)); i++)
		json_array_append_new(array, summary_json(context, trunk));
	*ret_result = array;
	return API_OK;
}

struct trunk *trunk_verb_find(const struct verbs_context *context, enum trunk_kind kind,
	const char *id, struct err_text *text)
{
	struct trunk *trunk = trunks_find(context->trunks, kind, id);

	if (!trunk)
		err_set(text, 0, "no such %s: %.100s", trunk_verb_kind(kind), id);
	return trunk;
}

static enum api_code show(const struct verbs_context *context, enum trunk_kind kind,
	const char *id, json_t **ret_result, struct err_text *text)
{
	const struct trunk *trunk = trunk_verb_find(context, kind, id, text);

	if (!trunk)
		return API_NOT_FOUND;
	*ret_result = details_json(context, trunk);
	return API_OK;
}

json_t *trunk_verb_drained(const struct verbs_context *context, const struct trunk *trunk)
{
	json_t *object = json_pack("{s:s, s:s, s:I}", "id", trunk->id, "state",
		state_word(context->trunks, trunk), "calls", (json_int_t)trunk->calls);

	add_drain(context, trunk, object);
	return object;
}

enum api_code trunk_verb_list(void *arg, const char *const *args, size_t arg_count,
	json_t **ret_result, struct err_text *text)
{
	(void)args;
	(void)arg_count;
	(void)text;
	return list(arg, TRUNK_GATEWAY, ret_result);
}

enum api_code server_verb_list(void *arg, const char *const *args, size_t arg_count,
	json_t **ret_result, struct err_text *text)
{
	(void)args;
	(void)arg_count;
	(void)text;
	return list(arg, TRUNK_SERVER, ret_result);
}

enum api_code trunk_verb_show(void *arg, const char *const *args, size_t arg_count,
	json_t **ret_result, struct err_text *text)
{
	(void)arg_count;
	return show(arg, TRUNK_GATEWAY, args[0], ret_result, text);
}

enum api_code server_verb_show(void *arg, const char *const *args, size_t arg_count,
	json_t **ret_result, struct err_text *text)
{
	(void)arg_count;
	return show(arg, TRUNK_SERVER, args[0], ret_result, text);
}

/* What tandemctl wrote into the gateway's file is taken into use, with all else that was changed. */
static enum api_code take_switch(const struct verbs_context *context, const char *id,
	enum config_tls_mode mode, json_t **ret_result, struct err_text *text)
{
	const struct config_gateway *gateway;
	json_t *errors = NULL;
	int err = context->reload_h(context->arg, 0, &errors);

	if (err) {
		err_set(text, 0, "the configuration was refused");
		*ret_result =
			json_pack("{s:o}", "errors", errors ? errors : json_array());
		return err == ERR_CONFIG ? API_CONFIG : API_FAILED;
	}
	json_decref(errors);
	gateway = config_gateway_find(context->config_h(context->arg), id);
	if (gateway && gateway->common.tls == mode)
		return API_OK;
	err_set(text, 0,
		"%s does not say tls = %s: tandemctl on this machine writes it there",
		gateway ? gateway->common.file : id, config_tls_name(mode));
	return API_FAILED;
}

enum api_code trunk_verb_tls(void *arg, const char *const *args, size_t arg_count,
	json_t **ret_result, struct err_text *text)
{
	const struct verbs_context *context = arg;
	const struct config_gateway *gateway;
	enum config_tls_mode mode;
	json_t *warning = NULL;
	enum api_code code;
	bool changed;

	(void)arg_count;
	if (!config_tls_of_switch(args[1], &mode)) {
		err_set(text, 0, "usage: trunk tls ID on|observe|off");
		return API_USAGE;
	}
	gateway = config_gateway_find(context->config_h(context->arg), args[0]);
	if (!gateway) {
		err_set(text, 0, "no such trunk: %.100s", args[0]);
		return API_NOT_FOUND;
	}
	changed = gateway->common.tls != mode;
	if (changed) {
		/* the reload forgets the verdict */
		if (mode == CONFIG_TLS_YES)
			warning = observe_warning_json(context->observe, args[0]);
		code = take_switch(context, args[0], mode, ret_result, text);
		if (code != API_OK) {
			json_decref(warning);
			return code;
		}
	}
	*ret_result = json_pack("{s:s, s:s, s:b}", "id", args[0], "tls",
		config_tls_name(mode), "changed", (int)changed);
	if (warning)
		json_object_set_new(*ret_result, "warning", warning);
	return API_OK;
}
