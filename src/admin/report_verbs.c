/*
 * The records are read beside the loop; what there is now is added between other work of the loop, a step a turn, and so is the
 * answer given later.
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
#include <string.h>

#define SINCE_DEFAULT "24h"
#define US_PER_S UINT64_C(1000000)

/* The calls of a period, which are counted beside the loop. */
struct reading {
	char *state_dir;
	uint64_t since_us;
	struct tally tally;
	struct cdr_scan_counts counts;
	int err;
	struct err_text text;
};

/* A report for one who waits. */
struct making {
	struct job job;
	struct reading *reading;       /* NULL: it is beside the loop */
	struct protection *protection; /* NULL while records are read */
	time_t since, now;
};

/* Beside the loop */

static void reading_free(void *work)
{
	struct reading *reading = work;

	tally_free(&reading->tally);
	free(reading->state_dir);
	free(reading);
}

static void record_h(void *arg, const struct cdr *cdr)
{
	struct reading *reading = arg;

	tally_add(&reading->tally, cdr, true);
}

static void work_h(void *work, const atomic_bool *cancelled)
{
	struct reading *reading = work;
	struct cdr_scan *scan;

	reading->err = cdr_scan_new(
		&scan, reading->state_dir, reading->since_us, &reading->text);
	if (reading->err)
		return;
	do
		reading->err = cdr_scan_step(scan, record_h, reading);
	while (reading->err == -EAGAIN && !atomic_load(cancelled));
	reading->counts = *cdr_scan_counts(scan);
	cdr_scan_free(scan);
	if (reading->err)
		err_set(&reading->text, reading->err, "the records cannot be read: %s",
			err_str(reading->err));
}

/* The loop */

static void free_h(void *arg)
{
	struct making *making = arg;

	protection_free(making->protection);
	if (making->reading)
		reading_free(making->reading);
	free(making);
}

/* Answers; ERR: without a REPORT, and WHY where that is known. */
static void finish(
	struct making *making, int err, json_t *report, const struct err_text *why)
{
	struct err_text text = {""};

	if (err)
		err_set(&text, err, "the report cannot be made: %s",
			why ? why->text : err_str(err));
	job_finish(&making->job, err ? API_FAILED : API_OK, report, &text);
}

static void step_h(void *arg)
{
	struct making *making = arg;
	json_t *report = NULL;
	const int err = protection_step(making->protection, &report);

	if (err == -EAGAIN)
		job_go_on(&making->job, 0, step_h);
	else
		finish(making, err, report, NULL);
}

/* All records were read. */
static void read_h(void *arg, void *work)
{
	struct making *making = arg;
	struct reading *reading = work;
	const struct protection_facts facts = {.context = making->job.context,
		.tally = &reading->tally,
		.counts = &reading->counts,
		.since = making->since,
		.now = making->now};
	int err;

	making->reading = reading;
	if (reading->err) {
		const struct err_text why = reading->text;

		finish(making, reading->err, NULL, &why);
		return;
	}
	err = protection_new(&making->protection, &facts);
	if (err)
		finish(making, err, NULL, NULL);
	else
		job_go_on(&making->job, 0, step_h);
}

/* NULL: out of memory. */
static struct reading *reading_new(const struct verbs_context *context, time_t since)
{
	struct reading *reading = calloc(1, sizeof(*reading));

	if (!reading || tally_init(&reading->tally) != 0) {
		free(reading);
		return NULL;
	}
	reading->since_us = (uint64_t)since * US_PER_S;
	reading->state_dir = strdup(context->config_h(context->arg)->tandem.state_dir);
	if (reading->state_dir)
		return reading;
	reading_free(reading);
	return NULL;
}

/* NULL with TEXT. */
static struct making *making_new(
	struct verbs_context *context, time_t since, struct err_text *text)
{
	struct making *making = calloc(1, sizeof(*making));
	struct job_work work = {.name = "report",
		.work_h = work_h,
		.free_h = reading_free,
		.done_h = read_h,
		.work = making ? reading_new(context, since) : NULL};

	if (!work.work) {
		free(making);
		err_set(text, -ENOMEM, "out of memory");
		return NULL;
	}
	job_init(&making->job, context, VERBS_JOB_REPORT, free_h, making);
	making->since = since;
	job_beside(&making->job, &work);
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
	return job_defer(&making->job, text);
}
