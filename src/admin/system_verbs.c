#ifdef HAVE_CONFIG_H
#include "tandem-config.h"
#endif

#include "admin/system_verbs.h"

#include "admin/config_verbs.h"
#include "admin/emergency_json.h"
#include "admin/hep_json.h"
#include "admin/limit_json.h"
#include "admin/metrics.h"
#include "admin/verbs.h"
#include "admin/wire_verbs.h"
#include "audit/index.h"
#include "audit/sink.h"
#include "audit/writer.h"
#include "base/clock.h"
#include "base/descriptors.h"
#include "base/log_limit.h"
#include "bridge/bridge.h"
#include "config/config.h"
#include "media/relay.h"
#include "process/rights.h"
#include "process/sandbox.h"
#include "sip/transport.h"
#include "tls/policy.h"
#include "trunk/stapler.h"
#include "trunk/trunk.h"

#include <stdlib.h>
#include <string.h>

#ifndef PACKAGE_VERSION
#define PACKAGE_VERSION "unknown"
#endif

static json_t *calls_json(const struct verbs_context *context)
{
	struct bridge_totals totals;

	bridge_totals(context->bridge, &totals);
	return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:b, s:o, s:I}", "now",
		(json_int_t)totals.calls, "answered", (json_int_t)totals.answered,
		"dialogs", (json_int_t)totals.dialogs, "transactions",
		(json_int_t)totals.transactions, "started", (json_int_t)totals.started,
		"ended", (json_int_t)totals.ended, "failed", (json_int_t)totals.failed,
		"draining", (int)totals.draining, "emergency",
		emergency_json(&totals.emergencies), "subscriptions",
		(json_int_t)totals.subscriptions);
}

static json_t *media_json(const struct verbs_context *context)
{
	struct relay_totals totals;

	relay_totals(context->relay, &totals);
	return json_pack("{s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "io", totals.io,
		"workers", (json_int_t)totals.workers, "sessions",
		(json_int_t)totals.sessions, "streams", (json_int_t)totals.streams,
		"port_pairs_used", (json_int_t)totals.ports_used, "port_pairs_total",
		(json_int_t)totals.ports_total, "port_pairs_early",
		(json_int_t)totals.ports_early, "packets", (json_int_t)totals.packets);
}

static json_t *transport_json(const struct transport *transport)
{
	struct transport_totals totals;

	if (!transport)
		return json_null();
	transport_totals(transport, &totals);
	return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "connections",
		(json_int_t)totals.connections, "handshakes",
		(json_int_t)totals.handshakes, "accepted", (json_int_t)totals.accepted,
		"refused", (json_int_t)totals.refused, "messages_in",
		(json_int_t)totals.messages_in, "messages_out",
		(json_int_t)totals.messages_out, "broken", (json_int_t)totals.broken,
		"too_big", (json_int_t)totals.too_big, "stray", (json_int_t)totals.stray);
}

static json_t *audit_json(
	const struct verbs_context *context, const struct config *config)
{
	struct writer_totals totals;
	struct ledger_state log;

	writer_totals(context->writer, &totals);
	writer_log(context->writer, &log);
	return json_pack(
		"{s:s, s:b, s:b, s:s, s:b, s:b, s:I, s:I, s:I, s:I, s:I, s:I, s:I, "
		"s:I, s:I, s:I, s:b, s:s, s:s, s:I, s:I}",
		"mode", config_audit_name(config->audit.mode), "required",
		(int)config->audit.required, "failing", (int)totals.failing, "why",
		totals.why, "behind", (int)totals.behind, "stalled", (int)totals.stalled,
		"overflows", (json_int_t)totals.overflows, "offered",
		(json_int_t)totals.offered, "stored", (json_int_t)totals.stored, "lost",
		(json_int_t)totals.lost, "cut", (json_int_t)totals.cut, "open_files",
		(json_int_t)totals.open_files, "cdrs", (json_int_t)totals.cdrs,
		"cdrs_lost", (json_int_t)totals.cdrs_lost, "cdrs_waiting_bytes",
		(json_int_t)totals.cdrs_waiting_bytes, "signed", (json_int_t)log.size,
		"log_stopped", (int)log.stopped, "log_why", log.why, "disk", totals.disk,
		"uncaptured", (json_int_t)totals.uncaptured, "deleted",
		(json_int_t)totals.deleted);
}

static json_t *index_json(const struct verbs_context *context)
{
	struct index_state state;

	if (!context->index)
		return json_null();
	index_state(context->index, &state);
	return json_pack("{s:b, s:s, s:b, s:I, s:I, s:I, s:I, s:I}", "failing",
		(int)state.failing, "why", state.why, "catching_up",
		(int)state.catching_up, "behind_bytes", (json_int_t)state.behind_bytes,
		"records", (json_int_t)state.records, "missing",
		(json_int_t)state.missing, "rebuilt", (json_int_t)state.rebuilt,
		"busy_us", (json_int_t)state.busy_us);
}

static json_t *sink_json(const struct verbs_context *context)
{
	struct sink_state state;

	if (!context->sink)
		return json_null();
	sink_state(context->sink, &state);
	return json_pack("{s:b, s:s, s:b, s:I, s:I, s:I, s:I}", "failing",
		(int)state.failing, "why", state.why, "behind", (int)state.behind, "next",
		(json_int_t)state.next, "records", (json_int_t)state.records, "missing",
		(json_int_t)state.missing, "connections", (json_int_t)state.connections);
}

static json_t *time_json(time_t when)
{
	char text[CLOCK_TEXT_SIZE];

	return when ? json_string(clock_text((uint64_t)when * 1000000, text))
		    : json_null();
}

static void add_staple(void *arg, const struct stapler_state *state)
{
	json_array_append_new(arg,
		json_pack("{s:s, s:s, s:o, s:o, s:o}", "certificate", state->certificate,
			"responder", state->responder, "until", time_json(state->until),
			"next", time_json(state->next), "error", api_text(state->error)));
}

static json_t *staples_json(const struct verbs_context *context)
{
	json_t *array = json_array();

	stapler_each(context->stapler, add_staple, array);
	return array;
}

/* The lines that the log left out, by module: of those that left out some. */
static json_t *suppressed_json(void)
{
	json_t *array = json_array();
	const char *module;
	uint64_t count;

	for (unsigned i = 0; log_suppressed(i, &module, &count); i++)
		if (count)
			json_array_append_new(
				array, json_pack("{s:s, s:I}", "module", module, "lines",
					       (json_int_t)count));
	return array;
}

/* Those that it could use now, and for what it used others before it gave them up. */
static json_t *capabilities_json(void)
{
	json_t *array = json_array();
	const char *name;

	for (int i = 0; (name = rights_name(i)) != NULL; i++)
		if (rights_have(i))
			json_array_append_new(array, json_string(name));
	return array;
}

static json_t *uses_json(void)
{
	json_t *array = json_array();
	const struct rights_use *uses;
	size_t count = rights_uses(&uses);

	for (size_t i = 0; i < count; i++)
		json_array_append_new(
			array, json_sprintf("%s (%s)", rights_name(uses[i].capability),
				       uses[i].what));
	return array;
}

static json_t *process_json(void)
{
	const struct sandbox_state *sandbox = sandbox_state();

	return json_pack("{s:s, s:o, s:o, s:{s:s, s:I, s:s, s:I}}", "user", rights_user(),
		"capabilities", capabilities_json(), "capabilities_used_at_start",
		uses_json(), "sandbox", "files",
		sandbox->landlock_abi ? "confined" : sandbox->files_why, "landlock_abi",
		(json_int_t)sandbox->landlock_abi, "system_calls",
		sandbox->calls_allowed ? "confined" : sandbox->calls_why,
		"system_calls_allowed", (json_int_t)sandbox->calls_allowed);
}

static json_t *limits_json(const struct verbs_context *context)
{
	struct config_limits limits;
	struct limit_question question;

	bridge_limits(context->bridge, &limits, &question);
	return limit_json(&question);
}

enum api_code system_verb_status(void *arg, const char *const *args, size_t arg_count,
	json_t **ret_result, struct err_text *text)
{
	const struct verbs_context *context = arg;
	const struct config *config = context->config_h(context->arg);
	uint64_t now_us = clock_real()->wall_us(clock_real());
	uint64_t start_us = context->start_wall_us;
	char start[CLOCK_TEXT_SIZE];

	(void)args;
	(void)arg_count;
	(void)text;
	*ret_result = json_pack(
		"{s:s, s:s, s:s, s:o, s:s, s:I, s:s, s:o, s:{s:I, s:I}, s:{s:s, s:b, "
		"s:s}, s:o, s:o, s:o, "
		"s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}",
		"version", PACKAGE_VERSION, "fqdn", config->tandem.fqdn, "config_file",
		config->file, "configuration", config_state_json(context), "start",
		clock_text(start_us, start), "uptime_us",
		(json_int_t)(now_us > start_us ? now_us - start_us : 0), "log_level",
		log_level_name(log_get_level()), "log_lines_suppressed",
		suppressed_json(), "descriptors", "used", (json_int_t)descriptors_used(),
		"allowed", (json_int_t)descriptors_allowed(), "fips", "configured",
		config->tandem.fips == CONFIG_FIPS_REQUIRED ? "required" : "off",
		"library_active", (int)policy_fips_active(), "srtp", relay_crypto_name(),
		"process", process_json(), "calls", calls_json(context), "limits",
		limits_json(context), "media", media_json(context), "internal",
		transport_json(context->internal), "external",
		transport_json(context->external), "audit", audit_json(context, config),
		"hep", hep_json(context->hep), "index", index_json(context), "sink",
		sink_json(context), "wire", wiring_json(context->wiring), "stapling",
		staples_json(context));
	return *ret_result ? API_OK : API_FAILED;
}

enum api_code system_verb_metrics(void *arg, const char *const *args, size_t arg_count,
	json_t **ret_result, struct err_text *text)
{
	struct buf out;

	(void)args;
	(void)arg_count;
	buf_init(&out, 0);
	metrics_print(arg, &out);
	*ret_result = buf_str(&out) ? api_text(out.data) : NULL;
	buf_free(&out);
	if (*ret_result)
		return API_OK;
	err_set(text, 0, "out of memory");
	return API_FAILED;
}

enum api_code system_verb_shutdown(void *arg, const char *const *args, size_t arg_count,
	json_t **ret_result, struct err_text *text)
{
	const struct verbs_context *context = arg;
	bool drain = arg_count > 0;

	if (drain && strcmp(args[0], "--drain") != 0) {
		err_set(text, 0, "usage: shutdown [--drain]");
		return API_USAGE;
	}
	*ret_result = json_pack("{s:b, s:I}", "drain", (int)drain, "calls",
		(json_int_t)bridge_call_count(context->bridge));
	context->shutdown_h(context->arg, drain);
	return API_OK;
}
