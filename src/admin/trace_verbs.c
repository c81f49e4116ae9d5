#include "admin/trace_verbs.h"

#include "admin/moment.h"
#include "admin/traces.h"
#include "admin/verbs.h"
#include "base/loop.h"
#include "bridge/bridge.h"
#include "config/config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The longest that `--for` may say, in seconds: a day. */
#define FOR_MAX_S 86400
/* How often it is looked whether the call that is traced stands; what its end brings comes within so much. */
#define LOOK_MS 1000
#define ID_SIZE 80

/* Somebody who traces, until he goes away, his time is over, or the call is. */
struct tracing {
	struct verbs_context *context;
	struct api_call *call;
	struct trace *trace;
	struct timer over, look;
	char id[ID_SIZE]; /* of the one call; "": of several */
	bool gone;        /* it did not stand when it was last looked at */
};

struct wish {
	struct trace_params params;
	time_t for_s; /* 0: without end */
};

static bool read_option(struct wish *wish, const char *name, const char *value)
{
	static const struct {
		const char *name;
		enum trace_kind kind;
	} kinds[] = {{"--call", TRACE_CALL}, {"--number", TRACE_NUMBER},
		{"--trunk", TRACE_TRUNK}};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (strcmp(name, kinds[i].name) != 0)
			continue;
		if (wish->params.kind != TRACE_ALL)
			return false;
		wish->params =
			(struct trace_params){.kind = kinds[i].kind, .text = value};
		return true;
	}
	return strcmp(name, "--for") == 0 && wish->for_s == 0 &&
	       moment_span(value, FOR_MAX_S, &wish->for_s) == 0 && wish->for_s > 0;
}

static void take_id(void *arg, const struct record *record, const char *state)
{
	(void)state;
	snprintf(arg, ID_SIZE, "%s", record->id);
}

/* Whether there is what is named. A call may be named by its number; ID is its id then. */
static bool is_known(const struct verbs_context *context, struct trace_params *params,
	char id[static ID_SIZE])
{
	const struct config *config = context->config_h(context->arg);

	if (params->kind == TRACE_CALL) {
		if (!bridge_show_call(context->bridge, params->text, take_id, id))
			return false;
		params->text = id;
	}
	return params->kind != TRACE_TRUNK || config_gateway_find(config, params->text) ||
	       config_server_find(config, params->text);
}

/* ---- its end ---- */

static void tracing_free(struct tracing *tracing)
{
	timer_stop(&tracing->over);
	timer_stop(&tracing->look);
	traces_end(tracing->trace);
	free(tracing);
}

static void cancel_h(void *arg)
{
	tracing_free(arg);
}

static void over_h(void *arg)
{
	struct tracing *tracing = arg;
	struct api_call *call = tracing->call;

	tracing_free(tracing);
	api_finish(call, API_OK, NULL, NULL);
}

static void take_nothing(void *arg, const struct record *record, const char *state)
{
	(void)arg;
	(void)record;
	(void)state;
}

/* A call that is over is traced for a moment more: its BYE is answered then. */
static void look_h(void *arg)
{
	struct tracing *tracing = arg;

	if (tracing->gone) {
		over_h(tracing);
		return;
	}
	tracing->gone = !bridge_show_call(
		tracing->context->bridge, tracing->id, take_nothing, NULL);
	timer_start(loop_timers(tracing->context->loop), &tracing->look, LOOK_MS, look_h,
		tracing);
}

/* ---- its beginning ---- */

static bool row_h(void *arg, json_t *row)
{
	struct tracing *tracing = arg;

	return api_part(tracing->call, row);
}

static enum api_code begin(struct verbs_context *context, const struct wish *wish,
	const char *id, struct err_text *text)
{
	struct tracing *tracing = calloc(1, sizeof(*tracing));
	struct timers *timers = loop_timers(context->loop);
	int err;

	if (!tracing) {
		err_set(text, -ENOMEM, "out of memory");
		return API_FAILED;
	}
	tracing->context = context;
	snprintf(tracing->id, sizeof(tracing->id), "%s", id);
	err = traces_begin(
		context->traces, &tracing->trace, &wish->params, row_h, tracing, text);
	if (!err) {
		tracing->call = api_defer(context->api, cancel_h, tracing);
		if (!tracing->call)
			err = err_set(text, -ENOMEM,
				"this answer has parts, which you do not take");
	}
	if (err) {
		tracing_free(tracing);
		return err == ERR_FORMAT ? API_USAGE : API_FAILED;
	}
	if (wish->for_s > 0)
		timer_start(timers, &tracing->over, (uint64_t)wish->for_s * 1000, over_h,
			tracing);
	if (id[0])
		timer_start(timers, &tracing->look, LOOK_MS, look_h, tracing);
	/* who looks at messages is on record, as who changes something is */
	api_tell(context->api);
	/* So that whoever waits for a message knows from when on. */
	api_part(tracing->call, json_pack("{s:b}", "tracing", 1));
	return API_PENDING;
}

enum api_code trace_verb_follow(void *arg, const char *const *args, size_t arg_count,
	json_t **ret_result, struct err_text *text)
{
	struct verbs_context *context = arg;
	struct wish wish = {.params = {.kind = TRACE_ALL}};
	bool good = arg_count % 2 == 0;
	char id[ID_SIZE] = "";

	(void)ret_result;
	for (size_t i = 0; good && i + 1 < arg_count; i += 2)
		good = read_option(&wish, args[i], args[i + 1]);
	if (!good) {
		err_set(text, 0,
			"usage: trace [--call ID | --number PATTERN | --trunk ID] [--for "
			"TIME]");
		return API_USAGE;
	}
	if (!is_known(context, &wish.params, id)) {
		err_set(text, 0, "no such %s: %.64s",
			wish.params.kind == TRACE_CALL ? "call" : "trunk or server",
			wish.params.text);
		return API_NOT_FOUND;
	}
	return begin(context, &wish, id, text);
}
