#include "admin/explain_verbs.h"

#include "admin/verbs.h"
#include "base/clock.h"
#include "config/config.h"
#include "probe/probe.h"
#include "trunk/trunk.h"

#include <errno.h>
#include <stdlib.h>

/* One probe for one who waits. */
struct explain {
	struct verbs_context *context;
	struct trunk *trunk; /* a reference */
	struct probe *probe;
	struct api_call *call;
};

static void explain_free(struct explain *explain)
{
	explain->context->explains--;
	trunk_unref(explain->trunk);
	free(explain);
}

static void cancel_h(void *arg)
{
	struct explain *explain = arg;

	probe_cancel(explain->probe);
	explain_free(explain);
}

static json_t *steps_json(const struct probe_result *result)
{
	json_t *steps = json_array();

	for (unsigned i = 0; i < PROBE_STEPS; i++) {
		const struct probe_step *step = &result->steps[i];

		json_array_append_new(
			steps, json_pack("{s:s, s:s, s:o, s:o, s:I}", "step",
				       probe_step_name((enum probe_step_kind)i),
				       "verdict", probe_verdict_name(step->verdict),
				       "words", api_text(step->words), "fix",
				       api_text(step->fix), "ms", (json_int_t)step->ms));
	}
	return steps;
}

static const char *tls_name(const struct trunk *trunk)
{
	return config_tls_name(trunk_settings(trunk)->tls);
}

static void probed_h(void *arg, const struct probe_result *result)
{
	struct explain *explain = arg;
	const struct trunk *trunk = explain->trunk;
	struct api_call *call = explain->call;
	char checked[CLOCK_TEXT_SIZE];
	json_t *object = json_pack("{s:s, s:s, s:s, s:b, s:o, s:s}", "id", trunk->id,
		"kind", trunk_word(trunk->kind), "tls", tls_name(trunk), "would_work",
		(int)(result->failed == PROBE_STEPS), "steps", steps_json(result),
		"checked", clock_text(result->wall_us, checked));

	explain_free(explain);
	api_finish(call, API_OK, object, NULL);
}

static enum api_code explain_start(
	struct explain *explain, struct trunk *trunk, struct err_text *text)
{
	const struct verbs_context *context = explain->context;
	const struct probe_params params = {.loop = context->loop,
		.resolver = context->resolver,
		.trunk = trunk,
		.cred = trunks_cred(context->trunks, trunk->kind),
		.h = probed_h,
		.arg = explain};

	if (probe_start(&explain->probe, &params, text))
		return API_FAILED;
	explain->call = api_defer(context->api, cancel_h, explain);
	if (!explain->call) {
		probe_cancel(explain->probe);
		err_set(text, 0, "the answer would come later than you can wait");
		return API_FAILED;
	}
	return API_PENDING;
}

static enum api_code explain(struct verbs_context *context, enum trunk_kind kind,
	const char *id, struct err_text *text)
{
	struct trunk *trunk = trunks_find(context->trunks, kind, id);
	struct explain *explain;
	enum api_code code;

	if (!trunk) {
		err_set(text, 0, "no such %s: %.100s", trunk_word(kind), id);
		return API_NOT_FOUND;
	}
	if (context->explains >= VERBS_EXPLAINS_MAX) {
		err_set(text, 0, "%d probes are under way: ask again in a few seconds",
			VERBS_EXPLAINS_MAX);
		return API_FAILED;
	}
	explain = calloc(1, sizeof(*explain));
	if (!explain) {
		err_set(text, 0, "out of memory");
		return API_FAILED;
	}
	explain->context = context;
	explain->trunk = trunk_ref(trunk);
	context->explains++;
	code = explain_start(explain, trunk, text);
	if (code != API_PENDING)
		explain_free(explain);
	return code;
}

enum api_code trunk_verb_explain(void *arg, const char *const *args, size_t arg_count,
	json_t **ret_result, struct err_text *text)
{
	(void)arg_count;
	(void)ret_result;
	return explain(arg, TRUNK_GATEWAY, args[0], text);
}

enum api_code server_verb_explain(void *arg, const char *const *args, size_t arg_count,
	json_t **ret_result, struct err_text *text)
{
	(void)arg_count;
	(void)ret_result;
	return explain(arg, TRUNK_SERVER, args[0], text);
}
