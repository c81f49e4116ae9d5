#include "admin/learn_verbs.h"

#include "admin/job.h"
#include "base/loop.h"
#include "learn/learn.h"
#include "trunk/trunk.h"

#include <stdlib.h>
#include <string.h>

_Static_assert(LEARN_MS < API_ANSWER_S * 1000, "tandemctl waits for the answer");

/* One who waits for it. */
struct waiter {
	struct job job;
	struct learn *learn; /* NULL: it is over, or did not begin */
	char *id;
};

static json_t *facts_json(const struct learned *learned)
{
	json_t *array = json_array();

	for (unsigned i = 0; i < learned->fact_count; i++)
		json_array_append_new(
			array, json_pack("{s:s, s:o}", "topic", learned->facts[i].topic,
				       "said", api_text(learned->facts[i].said)));
	return array;
}

static json_t *lines_json(const struct learned *learned)
{
	json_t *array = json_array();

	for (unsigned i = 0; i < learned->line_count; i++) {
		const struct learned_line *line = &learned->lines[i];

		json_array_append_new(array,
			json_pack("{s:s, s:o, s:o, s:b}", "key", line->key, "value",
				api_text(line->value), "why", api_text(line->why),
				"in_force", (int)line->in_force));
	}
	return array;
}

static json_t *calls_json(const struct learn_result *result)
{
	json_t *array = json_array();

	for (unsigned i = 0; i < result->call_count; i++)
		json_array_append_new(
			array, json_pack("{s:s, s:s, s:i}", "id", result->calls[i].id,
				       "what", result->calls[i].what, "status",
				       result->calls[i].status));
	return array;
}

static void free_h(void *arg)
{
	struct waiter *waiter = arg;

	if (waiter->learn)
		learn_stop(waiter->learn);
	free(waiter->id);
	free(waiter);
}

static void over_h(void *arg, const struct learn_result *result)
{
	struct waiter *waiter = arg;
	json_t *answer = json_pack("{s:s, s:b, s:o, s:o, s:o, s:o}", "id", waiter->id,
		"answered", (int)result->answered, "why",
		result->why[0] ? api_text(result->why) : json_null(), "calls",
		calls_json(result), "facts", facts_json(&result->learned), "lines",
		lines_json(&result->learned));

	waiter->learn = NULL;
	job_finish(&waiter->job, API_OK, answer, NULL);
}

/* Who calls, unless N is given: as in drills, or who we are at its registrar; or nobody. */
static const char *caller_of(const struct config_gateway *gateway,
	const char *const *args, size_t arg_count, char buf[static 64])
{
	const char *identity = gateway->registration.identity;

	if (arg_count > 2)
		return args[3];
	if (gateway->emergency_test_caller[0] || strcspn(identity, "@") >= 64)
		return gateway->emergency_test_caller;
	memcpy(buf, identity, strcspn(identity, "@"));
	buf[strcspn(identity, "@")] = '\0';
	return buf;
}

static bool is_number(const char *text)
{
	return text[0] && strspn(text, "+0123456789*#ABCDabcd") == strlen(text) &&
	       strlen(text) < 64;
}

static enum api_code check_args(
	const char *const *args, size_t arg_count, struct err_text *text)
{
	if ((arg_count == 2 || (arg_count == 4 && strcmp(args[2], "--from") == 0 &&
				       is_number(args[3]))) &&
		is_number(args[1]))
		return API_OK;
	err_set(text, 0,
		"usage: trunk learn ID NUMBER [--from N]; numbers are digits, perhaps "
		"with + before them");
	return API_USAGE;
}

static enum api_code start(struct waiter *waiter, struct trunk *trunk,
	const char *const *args, size_t arg_count, struct err_text *text)
{
	struct verbs_context *context = waiter->job.context;
	char buf[64];
	const struct learn_params params = {.bridge = context->bridge,
		.config = (struct config *)(uintptr_t)context->config_h(context->arg),
		.timers = loop_timers(context->loop),
		.trunk = trunk,
		.called = args[1],
		.caller = caller_of(trunk->gateway, args, arg_count, buf),
		.over_h = over_h,
		.arg = waiter};

	if (learn_start(&params, &waiter->learn, text) == 0)
		return job_defer(&waiter->job, text);
	job_drop(&waiter->job);
	return API_FAILED;
}

enum api_code trunk_verb_learn(void *arg, const char *const *args, size_t arg_count,
	json_t **ret_result, struct err_text *text)
{
	struct verbs_context *context = arg;
	struct trunk *trunk = trunks_find(context->trunks, TRUNK_GATEWAY, args[0]);
	enum api_code code = check_args(args, arg_count, text);
	struct waiter *waiter;

	(void)ret_result;
	if (code != API_OK)
		return code;
	if (!trunk) {
		err_set(text, 0, "no such trunk: %.100s", args[0]);
		return API_NOT_FOUND;
	}
	if (!job_has_room(context, VERBS_JOB_LEARN, text))
		return API_FAILED;
	waiter = calloc(1, sizeof(*waiter));
	if (waiter)
		waiter->id = strdup(args[0]);
	if (!waiter || !waiter->id) {
		free(waiter);
		err_set(text, 0, "out of memory");
		return API_FAILED;
	}
	job_init(&waiter->job, context, VERBS_JOB_LEARN, free_h, waiter);
	return start(waiter, trunk, args, arg_count, text);
}
