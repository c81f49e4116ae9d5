#include "admin/job.h"

#include "base/loop.h"

static const struct {
	unsigned max;
	const char *what; /* goes on behind their number */
} kinds[VERBS_JOBS] = {
	[VERBS_JOB_EXPLAIN] = {VERBS_EXPLAINS_MAX,
		"probes are under way: ask again in a few seconds"},
	[VERBS_JOB_REPORT] = {VERBS_REPORTS_MAX,
		"reports, proofs and bundles are being made: ask again in a few "
		"seconds"},
	[VERBS_JOB_SHOW] = {VERBS_SHOWS_MAX,
		"calls are being read: ask again in a few seconds"},
	[VERBS_JOB_LIST] = {VERBS_LISTS_MAX,
		"lists are being made: ask again in a few seconds"},
	[VERBS_JOB_LEARN] = {VERBS_LEARNS_MAX,
		"trunk is being learnt: ask again in a minute"},
	[VERBS_JOB_REKEY] = {VERBS_REKEYS_MAX,
		"wait for a new key: ask again in a few seconds"},
};

bool job_has_room(
	const struct verbs_context *context, enum verbs_job kind, struct err_text *text)
{
	if (context->jobs[kind] < kinds[kind].max)
		return true;
	err_set(text, 0, "%u %s", kinds[kind].max, kinds[kind].what);
	return false;
}

void job_init(struct job *job, struct verbs_context *context, enum verbs_job kind,
	job_h *free_h, void *arg)
{
	*job = (struct job){
		.context = context, .kind = kind, .free_h = free_h, .arg = arg};
	context->jobs[kind]++;
}

void job_drop(struct job *job)
{
	timer_stop(&job->timer);
	job->context->jobs[job->kind]--;
	job->free_h(job->arg);
}

static void cancel_h(void *arg)
{
	job_drop(arg);
}

enum api_code job_defer(struct job *job, struct err_text *text)
{
	job->call = api_defer(job->context->api, cancel_h, job);
	if (job->call)
		return API_PENDING;
	job_drop(job);
	err_set(text, 0, "the answer would come later than you can wait");
	return API_FAILED;
}

void job_go_on(struct job *job, uint64_t ms, job_h *step_h)
{
	/* By a timer: what is deferred would run in this same turn. */
	timer_start(loop_timers(job->context->loop), &job->timer, ms, step_h, job->arg);
}

void job_finish(
	struct job *job, enum api_code code, json_t *result, const struct err_text *text)
{
	struct api_call *call = job->call;

	job_drop(job);
	api_finish(call, code, result, text);
}
