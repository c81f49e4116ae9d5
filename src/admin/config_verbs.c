#include "admin/config_verbs.h"

#include "admin/diff.h"
#include "admin/moment.h"
#include "admin/origin_json.h"
#include "admin/trial.h"
#include "admin/verbs.h"
#include "base/span.h"
#include "config/config.h"
#include "config/effective.h"
#include "trunk/trunk.h"

#include <stdlib.h>
#include <string.h>

/* Of --confirm, in seconds: shorter ones run out before one has looked. */
#define CONFIRM_MIN 5
#define CONFIRM_MAX (24 * 60 * 60)

static const struct config *present(const struct verbs_context *context)
{
	return context->config_h(context->arg);
}

/* ---- the files ---- */

/* "file:line:column: error: ..." lines as an array. */
static json_t *lines_json(const struct buf *lines)
{
	struct span rest = buf_span(lines), line;
	json_t *array = json_array();
	char *text;

	while (span_next(&rest, '\n', &line)) {
		text = line.len > 0 ? span_dup(line) : NULL;
		if (text)
			json_array_append_new(array, api_text(text));
		free(text);
	}
	return array;
}

/* What a reload would take. API_OK with *RET; else *RET_RESULT has the mistakes. */
static enum api_code read_files(const struct verbs_context *context, struct config **ret,
	json_t **ret_result, struct err_text *text)
{
	const char *file = present(context)->file;
	struct config_errors errors;
	struct config *config = NULL;
	int err;

	config_errors_init(&errors);
	err = config_load(&config, file, &errors);
	if (!err && trunks_check(config, text)) {
		err = ERR_CONFIG;
		buf_printf(&errors.text, "%s: error: %s\n", file, text->text);
	}
	if (err) {
		*ret_result = json_pack("{s:o}", "errors", lines_json(&errors.text));
		err_set(text, 0, "%s is invalid", file);
		config_unref(config);
	} else {
		*ret = config;
	}
	config_errors_free(&errors);
	return err ? API_CONFIG : API_OK;
}

static json_t *counts_json(const struct config *config)
{
	return json_pack("{s:s, s:I, s:I}", "file", config->file, "servers",
		(json_int_t)config->server_count, "gateways",
		(json_int_t)config->gateway_count);
}

enum api_code config_verb_check(void *arg, const char *const *args, size_t arg_count,
	json_t **ret_result, struct err_text *text)
{
	const struct verbs_context *context = arg;
	bool good = false;

	(void)args;
	(void)arg_count;
	*ret_result = context->check_h(context->arg, &good);
	if (!*ret_result) {
		err_set(text, 0, "out of memory");
		return API_FAILED;
	}
	if (!good)
		err_set(text, 0, "%s is invalid", present(context)->file);
	return good ? API_OK : API_CONFIG;
}

enum api_code config_verb_diff(void *arg, const char *const *args, size_t arg_count,
	json_t **ret_result, struct err_text *text)
{
	const struct verbs_context *context = arg;
	struct config *config = NULL;
	enum api_code code = read_files(context, &config, ret_result, text);

	(void)args;
	(void)arg_count;
	if (code != API_OK)
		return code;
	*ret_result = diff_json(context, present(context), config);
	config_unref(config);
	return *ret_result ? API_OK : API_FAILED;
}

/* ---- taking them into use ---- */

json_t *config_state_json(const void *arg)
{
	const struct verbs_context *context = arg;
	const struct trial *trial = context->trial;

	return json_pack("{s:s, s:o, s:o, s:o, s:b}", "state",
		trial_state_name(trial->state), "taken_at", moment_json(trial->taken_at),
		"confirm_until", moment_json(trial->until), "returned_at",
		moment_json(trial->returned_at), "return_fails", (int)trial->stuck);
}

/* Reads [--confirm TIME] to *RET_MS; 0: not given. */
static bool read_confirm(const char *const *args, size_t arg_count, uint64_t *ret_ms)
{
	time_t seconds;

	*ret_ms = 0;
	if (arg_count == 0)
		return true;
	if (arg_count != 2 || strcmp(args[0], "--confirm") != 0 ||
		moment_span(args[1], CONFIRM_MAX, &seconds) != 0 || seconds < CONFIRM_MIN)
		return false;
	*ret_ms = (uint64_t)seconds * 1000;
	return true;
}

enum api_code config_verb_reload(void *arg, const char *const *args, size_t arg_count,
	json_t **ret_result, struct err_text *text)
{
	const struct verbs_context *context = arg;
	json_t *errors = NULL;
	uint64_t confirm_ms;
	int err;

	if (!read_confirm(args, arg_count, &confirm_ms)) {
		err_set(text, 0,
			"usage: config reload [--confirm TIME], TIME from %ds to 24h "
			"such as 60s or 5m",
			CONFIRM_MIN);
		return API_USAGE;
	}
	err = context->reload_h(context->arg, confirm_ms, &errors);
	if (err) {
		*ret_result =
			json_pack("{s:o}", "errors", errors ? errors : json_array());
		err_set(text, 0,
			"the configuration was refused; the old one stays in use");
		return err == ERR_CONFIG ? API_CONFIG : API_FAILED;
	}
	json_decref(errors);
	*ret_result = counts_json(present(context));
	json_object_update_new(*ret_result, config_state_json(context));
	if (confirm_ms == 0 && context->trial->state == TRIAL_WAITING)
		json_object_set_new(*ret_result, "warning",
			json_string("an earlier reload waits for tandemctl config "
				    "confirm, and this one with it"));
	return API_OK;
}

enum api_code config_verb_confirm(void *arg, const char *const *args, size_t arg_count,
	json_t **ret_result, struct err_text *text)
{
	const struct verbs_context *context = arg;
	const bool returned = context->trial->state == TRIAL_RETURNED;

	(void)args;
	(void)arg_count;
	if (!trial_confirm(context->trial)) {
		err_set(text, 0,
			returned ? "it is too late: the configuration of before is in "
				   "force again; config reload takes the files anew"
				 : "no configuration waits for a confirmation");
		return API_FAILED;
	}
	*ret_result = config_state_json(context);
	return API_OK;
}

/* ---- what is in force ---- */

static json_t *key_json(const struct effective_part *part, const struct schema_key *key)
{
	char section[EFFECTIVE_SECTION_SIZE];
	struct effective effective;
	struct buf value;
	json_t *object;

	buf_init(&value, 0);
	effective_read(part, key, &effective, &value);
	object = json_pack("{s:s, s:s, s:o, s:s, s:o, s:o, s:o, s:o}", "section",
		effective_section(part, key, section), "key", key->name, "value",
		api_text(buf_str(&value) ? value.data : ""), "from",
		effective_from_name(effective.from), "origin", origin_json(&effective),
		"file", effective.file ? api_text(effective.file) : json_null(), "line",
		effective.file ? json_integer(effective.line) : json_null(), "note",
		effective.note ? json_string(effective.note) : json_null());
	buf_free(&value);
	return object;
}

static void add_stale(void *arg, const char *file, bool gone)
{
	json_array_append_new(
		arg, json_pack("{s:o, s:s}", "file", api_text(file), "how",
			     gone ? "cannot be read now" : "changed since"));
}

static void add_keys(json_t *array, const struct effective_part *part)
{
	size_t count;
	const struct schema_key *keys = schema_keys(&count);

	for (size_t i = 0; i < count; i++)
		if (effective_has(part, &keys[i]))
			json_array_append_new(array, key_json(part, &keys[i]));
}

static json_t *effective_json(const struct verbs_context *context,
	const struct effective_part *part, const char *id)
{
	json_t *array = json_array(), *stale = json_array(), *object;
	struct effective_part route = *part;

	add_keys(array, part);
	for (size_t i = 0; part->gateway && i < part->gateway->common.route_count; i++) {
		route.route = &part->gateway->common.routes[i];
		add_keys(array, &route);
	}
	effective_stale(part, add_stale, stale);
	object = json_pack("{s:s, s:o, s:o, s:o}", "id", id, "taken_at",
		moment_json(context->trial->taken_at), "changed_files", stale, "keys",
		array);
	if (json_array_size(stale) > 0)
		json_object_set_new(object, "warning",
			json_string("files have changed since this was taken into use; "
				    "config diff shows what a reload would change"));
	return object;
}

static enum api_code show(const struct verbs_context *context, const char *kind,
	const struct effective_part *part, const char *id, json_t **ret_result,
	struct err_text *text)
{
	if (!part->server && !part->gateway) {
		err_set(text, 0, "no such %s: %.100s", kind, id);
		return API_NOT_FOUND;
	}
	*ret_result = effective_json(context, part, id);
	return *ret_result ? API_OK : API_FAILED;
}

enum api_code trunk_verb_config(void *arg, const char *const *args, size_t arg_count,
	json_t **ret_result, struct err_text *text)
{
	const struct verbs_context *context = arg;
	const struct config *config = present(context);
	const struct effective_part part = {
		.config = config, .gateway = config_gateway_find(config, args[0])};

	(void)arg_count;
	return show(context, "trunk", &part, args[0], ret_result, text);
}

enum api_code server_verb_config(void *arg, const char *const *args, size_t arg_count,
	json_t **ret_result, struct err_text *text)
{
	const struct verbs_context *context = arg;
	const struct config *config = present(context);
	const struct effective_part part = {
		.config = config, .server = config_server_find(config, args[0])};

	(void)arg_count;
	return show(context, "server", &part, args[0], ret_result, text);
}
