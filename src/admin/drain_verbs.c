/* A change is in force at once, and answered when it is on the disk. */
#include "admin/drain_verbs.h"

#include "admin/job.h"
#include "admin/trunk_verbs.h"
#include "trunk/drains.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* One who waits for it. */
struct waiting {
	struct job job;
	enum trunk_kind kind;
	char *id;
	struct err_text why; /* it could not begin */
};

static void free_h(void *arg)
{
	struct waiting *waiting = arg;

	drains_forget(waiting->job.context->drains, waiting);
	free(waiting->id);
	free(waiting);
}

static void refuse_h(void *arg)
{
	struct waiting *waiting = arg;
	const struct err_text why = waiting->why;

	job_finish(&waiting->job, API_FAILED, NULL, &why);
}

static void late_h(void *arg)
{
	struct waiting *waiting = arg;
	char since[CLOCK_TEXT_SIZE];
	struct err_text text = {""};

	err_set(&text, 0,
		"it is so from now on, but not over a restart: the disk has not answered "
		"since %s",
		job_disk_silent(&waiting->job, since));
	job_finish(&waiting->job, API_FAILED, NULL, &text);
}

static void changed_h(void *arg, int err, const struct err_text *text)
{
	struct waiting *waiting = arg;
	const struct verbs_context *context = waiting->job.context;
	struct err_text why = {""};
	const struct trunk *trunk;

	if (err) {
		job_finish(&waiting->job, API_FAILED, NULL, text);
		return;
	}
	/* a reload may have removed it meanwhile */
	trunk = trunk_verb_find(context, waiting->kind, waiting->id, &why);
	job_finish(&waiting->job, trunk ? API_OK : API_NOT_FOUND,
		trunk ? trunk_verb_drained(context, trunk) : NULL, &why);
}

/* NULL: out of memory. */
static struct waiting *waiting_new(
	struct verbs_context *context, const struct trunk *trunk)
{
	struct waiting *waiting = calloc(1, sizeof(*waiting));

	if (!waiting)
		return NULL;
	waiting->kind = trunk->kind;
	waiting->id = strdup(trunk->id);
	if (!waiting->id) {
		free(waiting);
		return NULL;
	}
	job_init(&waiting->job, context, VERBS_JOB_DRAIN, free_h, waiting);
	return waiting;
}

/* REASON is a drain's alone. */
static enum api_code change(struct verbs_context *context, struct trunk *trunk,
	bool drain, const char *reason, struct err_text *text)
{
	struct waiting *waiting;
	struct drains_waiter waiter = {.h = changed_h};
	enum api_code code;
	int err;

	/* who gave up may have left a change on its way: that is looked at again */
	if (!job_has_room(context, VERBS_JOB_DRAIN, text))
		return API_FAILED;
	waiting = waiting_new(context, trunk);
	if (!waiting) {
		err_set(text, -ENOMEM, "out of memory");
		return API_FAILED;
	}
	code = job_defer(&waiting->job, text);
	if (code != API_PENDING)
		return code;
	waiter.arg = waiting;
	job_await_disk(&waiting->job, late_h);
	err = drain ? drains_add(context->drains, trunk, api_who(context->api), reason,
			      &waiter, &waiting->why)
		    : drains_remove(context->drains, trunk, &waiter, &waiting->why);
	if (err)
		job_go_on(&waiting->job, 0, refuse_h);
	return API_PENDING;
}

static enum api_code drain(struct verbs_context *context, enum trunk_kind kind,
	const char *const *args, size_t arg_count, struct err_text *text)
{
	struct trunk *trunk;

	if (arg_count > 1 && (arg_count != 3 || strcmp(args[1], "--reason") != 0)) {
		err_set(text, 0, "usage: %s drain ID [--reason TEXT]",
			trunk_verb_kind(kind));
		return API_USAGE;
	}
	trunk = trunk_verb_find(context, kind, args[0], text);
	return trunk ? change(context, trunk, true, arg_count > 1 ? args[2] : NULL, text)
		     : API_NOT_FOUND;
}

static enum api_code resume(struct verbs_context *context, enum trunk_kind kind,
	const char *id, json_t **ret_result, struct err_text *text)
{
	struct trunk *trunk = trunk_verb_find(context, kind, id, text);

	if (!trunk)
		return API_NOT_FOUND;
	if (drains_find(context->drains, kind, id))
		return change(context, trunk, false, NULL, text);
	*ret_result = trunk_verb_drained(context, trunk);
	return API_OK;
}

enum api_code trunk_verb_drain(void *arg, const char *const *args, size_t arg_count,
	json_t **ret_result, struct err_text *text)
{
	(void)ret_result;
	return drain(arg, TRUNK_GATEWAY, args, arg_count, text);
}

enum api_code server_verb_drain(void *arg, const char *const *args, size_t arg_count,
	json_t **ret_result, struct err_text *text)
{
	(void)ret_result;
	return drain(arg, TRUNK_SERVER, args, arg_count, text);
}

enum api_code trunk_verb_resume(void *arg, const char *const *args, size_t arg_count,
	json_t **ret_result, struct err_text *text)
{
	(void)arg_count;
	return resume(arg, TRUNK_GATEWAY, args[0], ret_result, text);
}

enum api_code server_verb_resume(void *arg, const char *const *args, size_t arg_count,
	json_t **ret_result, struct err_text *text)
{
	(void)arg_count;
	return resume(arg, TRUNK_SERVER, args[0], ret_result, text);
}
