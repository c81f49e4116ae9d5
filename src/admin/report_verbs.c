/*
 * The records are read between other work of the loop, a step a turn, and so is the answer
 * given later.
 */
#include "admin/report_verbs.h"

#include "admin/job.h"
#include "admin/moment.h"
#include "admin/protection.h"
#include "admin/tally.h"
#include "audit/cdr_scan.h"
#include "base/clock.h"
#include "config/config.h"

#include <errno.h>
#include <stdlib.h>

#define SINCE_DEFAULT "24h"
#define US_PER_S UINT64_C(1000000)

/* A report for one who waits. */
struct making {
	struct job job;
	struct cdr_scan *scan;
	struct tally tally;
	struct protection *protection; /* NULL while records are read */
	time_t since, now;
};

static void free_h(void *arg)
{
	struct making *making = arg;

	protection_free(making->protection);
	cdr_scan_free(making->scan);
	tally_free(&making->tally);
	free(making);
}

static void record_h(void *arg, const struct cdr *cdr)
{
	struct making *making = arg;

	tally_add(&making->tally, cdr, true);
}

/* Answers; ERR: without a REPORT. */
static void finish(struct making *making, int err, json_t *report)
{
	struct err_text text = {""};

	if (err)
		err_set(&text, err, "the report cannot be made: %s", err_str(err));
	job_finish(&making->job, err ? API_FAILED : API_OK, report, &text);
}

/* All records were read. */
static int begin_protection(struct making *making)
{
	const struct protection_facts facts = {.context = making->job.context,
		.tally = &making->tally,
		.counts = cdr_scan_counts(making->scan),
		.since = making->since,
		.now = making->now};

	return protection_new(&making->protection, &facts);
}

static void step_h(void *arg)
{
	struct making *making = arg;
	json_t *report = NULL;
	int err;

	if (making->protection) {
		err = protection_step(making->protection, &report);
	} else {
		err = cdr_scan_step(making->scan, record_h, making);
		if (!err)
			err = begin_protection(making);
		if (!err)
			err = -EAGAIN;
	}
	if (err == -EAGAIN)
		job_go_on(&making->job, 0, step_h);
	else
		finish(making, err, report);
}

/* NULL with TEXT. */
static struct making *making_new(
	struct verbs_context *context, time_t since, struct err_text *text)
{
	const char *folder = context->config_h(context->arg)->tandem.state_dir;
	struct making *making = calloc(1, sizeof(*making));

	if (!making || tally_init(&making->tally)) {
		free(making);
		err_set(text, -ENOMEM, "out of memory");
		return NULL;
	}
	job_init(&making->job, context, VERBS_JOB_REPORT, free_h, making);
	making->since = since;
	if (cdr_scan_new(&making->scan, folder, (uint64_t)since * US_PER_S, text)) {
		job_drop(&making->job);
		return NULL;
	}
	return making;
}

enum api_code report_verb_protection(void *arg, const char *const *args, size_t arg_count,
	json_t **ret_result, struct err_text *text)
{
	struct verbs_context *context = arg;
	const char *word = arg_count > 0 ? args[0] : SINCE_DEFAULT;
	time_t now = (time_t)(clock_real()->wall_us(clock_real()) / US_PER_S), since;
	struct making *making;

	(void)ret_result;
	if (moment_since(word, now, &since) != 0) {
		err_set(text, 0,
			"%.40s: expected a day (2026-11-01), a minute "
			"(2026-11-01T06:30Z) "
			"or how long ago (90m, 24h, 30d)",
			word);
		return API_USAGE;
	}
	if (!job_has_room(context, VERBS_JOB_REPORT, text))
		return API_FAILED;
	making = making_new(context, since, text);
	if (!making)
		return API_FAILED;
	making->now = now;
	job_go_on(&making->job, 0, step_h);
	return job_defer(&making->job, text);
}
