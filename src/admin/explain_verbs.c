#include "admin/explain_verbs.h"

#include "admin/job.h"
#include "base/clock.h"
#include "config/config.h"
#include "probe/probe.h"
#include "trunk/trunk.h"

#include <errno.h>
#include <stdlib.h>

struct explain;

/* What is found of one of its hosts. */
struct explained {
	struct explain *explain;
	struct probe *probe; /* NULL: it is over */
	json_t *host;        /* owned, as the next */
	json_t *steps;       /* NULL: it is not over yet */
};

/* One who waits, and a probe of each host. */
struct explain {
	struct job job;
	struct trunk *trunk; /* a reference */
	uint64_t wall_us;    /* when the first began */
	bool would_work;
	unsigned count, pending;
	struct explained hosts[CONFIG_HOSTS_MAX];
};

static void free_h(void *arg)
{
	struct explain *explain = arg;

	for (unsigned i = 0; i < explain->count; i++) {
		if (explain->hosts[i].probe)
			probe_cancel(explain->hosts[i].probe);
		json_decref(explain->hosts[i].host);
		json_decref(explain->hosts[i].steps);
	}
	trunk_unref(explain->trunk);
	free(explain);
}

static json_t *steps_json(const struct probe_result *result, json_t *host)
{
	json_t *steps = json_array();

	for (unsigned i = 0; i < PROBE_STEPS; i++) {
		const struct probe_step *step = &result->steps[i];

		json_array_append_new(
			steps, json_pack("{s:O, s:s, s:s, s:o, s:o, s:I}", "host", host,
				       "step", probe_step_name((enum probe_step_kind)i),
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

/* All are over. */
static void answer(struct explain *explain)
{
	const struct trunk *trunk = explain->trunk;
	json_t *steps = json_array();
	char checked[CLOCK_TEXT_SIZE];
	json_t *object;

	for (unsigned i = 0; i < explain->count; i++)
		json_array_extend(steps, explain->hosts[i].steps);
	object = json_pack("{s:s, s:s, s:s, s:b, s:o, s:s}", "id", trunk->id, "kind",
		trunk_word(trunk->kind), "tls", tls_name(trunk), "would_work",
		(int)explain->would_work, "steps", steps, "checked",
		clock_text(explain->wall_us, checked));
	job_finish(&explain->job, API_OK, object, NULL);
}

static void probed_h(void *arg, const struct probe_result *result)
{
	struct explained *explained = arg;
	struct explain *explain = explained->explain;

	explained->probe = NULL;
	explained->steps = steps_json(result, explained->host);
	explain->would_work &= result->failed == PROBE_STEPS;
	if (!explain->wall_us || result->wall_us < explain->wall_us)
		explain->wall_us = result->wall_us;
	if (!--explain->pending)
		answer(explain);
}

/* A probe of its NTH host begins. 0, or negative with TEXT. */
static int explain_host(struct explain *explain, unsigned nth, struct err_text *text)
{
	const struct verbs_context *context = explain->job.context;
	struct explained *explained = &explain->hosts[nth];
	const struct probe_params params = {.loop = context->loop,
		.resolver = context->resolver,
		.trunk = explain->trunk,
		.name = nth,
		.cred = trunks_cred(context->trunks, explain->trunk->kind),
		.h = probed_h,
		.arg = explained};

	explained->explain = explain;
	explained->host = api_text(trunk_settings(explain->trunk)->hosts.words[nth]);
	explain->count++;
	return probe_start(&explained->probe, &params, text);
}

/* 0, or negative with TEXT. */
static int explain_start(struct explain *explain, struct err_text *text)
{
	const size_t count = trunk_settings(explain->trunk)->hosts.count;
	int err = 0;

	explain->would_work = true;
	for (unsigned i = 0; !err && i < count; i++)
		err = explain_host(explain, i, text);
	explain->pending = explain->count;
	return err;
}

static enum api_code explain(struct verbs_context *context, enum trunk_kind kind,
	const char *id, struct err_text *text)
{
	struct trunk *trunk = trunks_find(context->trunks, kind, id);
	struct explain *explain;

	if (!trunk) {
		err_set(text, 0, "no such %s: %.100s", trunk_word(kind), id);
		return API_NOT_FOUND;
	}
	if (!job_has_room(context, VERBS_JOB_EXPLAIN, text))
		return API_FAILED;
	explain = calloc(1, sizeof(*explain));
	if (!explain) {
		err_set(text, 0, "out of memory");
		return API_FAILED;
	}
	job_init(&explain->job, context, VERBS_JOB_EXPLAIN, free_h, explain);
	explain->trunk = trunk_ref(trunk);
	if (explain_start(explain, text) == 0)
		return job_defer(&explain->job, text);
	job_drop(&explain->job);
	return API_FAILED;
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
