#include "admin/job.h"

#include "base/aside.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/loop.h"

#include <errno.h>

static const struct {
	unsigned max;
	const char *what; /* goes on behind their number */
	const char *word; /* for the log */
} kinds[VERBS_JOBS] = {
	[VERBS_JOB_EXPLAIN] = {VERBS_EXPLAINS_MAX,
		"probes are under way: ask again in a few seconds", "probe"},
	[VERBS_JOB_REPORT] = {VERBS_REPORTS_MAX,
		"reports, proofs and bundles are being made: ask again in a few "
		"seconds",
		"report"},
	[VERBS_JOB_SHOW] = {VERBS_SHOWS_MAX,
		"calls are being read: ask again in a few seconds", "call"},
	[VERBS_JOB_LIST] = {VERBS_LISTS_MAX,
		"lists are being made: ask again in a few seconds", "list"},
	[VERBS_JOB_LEARN] = {VERBS_LEARNS_MAX,
		"trunk is being learnt: ask again in a minute", "learn"},
	[VERBS_JOB_REKEY] = {VERBS_REKEYS_MAX,
		"wait for a new key: ask again in a few seconds", "key"},
	[VERBS_JOB_DRAIN] = {VERBS_DRAINS_MAX,
		"change of what is drained is on its way to the disk: ask again in a few "
		"seconds",
		"drain"},
};

/* Whoever gave a question up leaves a thread with it, while the disk does not answer. */
static struct aside_group groups[VERBS_JOBS] = {
	[VERBS_JOB_EXPLAIN] = ASIDE_GROUP_INIT,
	[VERBS_JOB_REPORT] = ASIDE_GROUP_INIT,
	[VERBS_JOB_SHOW] = ASIDE_GROUP_INIT,
	[VERBS_JOB_LIST] = ASIDE_GROUP_INIT,
	[VERBS_JOB_LEARN] = ASIDE_GROUP_INIT,
	[VERBS_JOB_REKEY] = ASIDE_GROUP_INIT,
	[VERBS_JOB_DRAIN] = ASIDE_GROUP_INIT,
};

bool job_has_room(
	const struct verbs_context *context, enum verbs_job kind, struct err_text *text)
{
	char since[CLOCK_TEXT_SIZE];
	uint64_t since_us;
	const unsigned given_up = aside_given_up(&groups[kind], &since_us);

	if (context->jobs[kind] + given_up < kinds[kind].max)
		return true;
	if (given_up > 0)
		err_set(text, 0,
			"the disk does not answer: %u that nobody waits for any more "
			"ask it still, the first since %s",
			given_up, clock_text(since_us, since));
	else
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
	if (job->aside)
		aside_cancel(job->aside);
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

/* ---- beside the loop ---- */

static void await_disk(struct job *job, job_h *late_h, void *arg)
{
	job->since_us = clock_real()->wall_us(clock_real());
	timer_start(
		loop_timers(job->context->loop), &job->timer, JOB_BESIDE_MS, late_h, arg);
}

void job_await_disk(struct job *job, job_h *late_h)
{
	await_disk(job, late_h, job->arg);
}

const char *job_disk_silent(const struct job *job, char buf[static CLOCK_TEXT_SIZE])
{
	clock_text(job->since_us, buf);
	log_warning(
		"api", "event=disk-silent what=%s since=%s", kinds[job->kind].word, buf);
	return buf;
}

static void late_h(void *arg)
{
	struct job *job = arg;
	char since[CLOCK_TEXT_SIZE];
	struct err_text text = {""};

	err_set(&text, -ETIMEDOUT,
		"the disk has not answered since %s: it hangs, or has more to read than "
		"one waits for",
		job_disk_silent(job, since));
	job_finish(job, API_FAILED, NULL, &text);
}

static void no_thread_h(void *arg)
{
	struct err_text text = {""};

	err_set(&text, -EAGAIN, "the answer cannot be made: there is no thread for it");
	job_finish(arg, API_FAILED, NULL, &text);
}

static void beside_h(void *arg, void *work)
{
	struct job *job = arg;

	job->aside = NULL;
	timer_stop(&job->timer);
	job->done_h(job->arg, work);
}

void job_beside(struct job *job, const struct job_work *work)
{
	const struct aside_params params = {.loop = job->context->loop,
		.name = work->name,
		.group = &groups[job->kind],
		.work_h = work->work_h,
		.free_h = work->free_h,
		.done_h = beside_h,
		.work = work->work,
		.arg = job};

	job->done_h = work->done_h;
	if (aside_start(&job->aside, &params) != 0)
		timer_start(loop_timers(job->context->loop), &job->timer, 0, no_thread_h,
			job);
	else
		await_disk(job, late_h, job);
}

void job_discard(const struct job *job, void (*free_h)(void *work), void *work)
{
	aside_discard(&groups[job->kind], free_h, work);
}

void job_finish(
	struct job *job, enum api_code code, json_t *result, const struct err_text *text)
{
	struct api_call *call = job->call;

	job_drop(job);
	api_finish(call, code, result, text);
}
