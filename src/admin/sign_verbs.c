/*
 * The records are read beside the loop. Then the report's sum is a record, and when that is signed, within a second or two, the
 * answer is given with its proof.
 */
#include "admin/sign_verbs.h"

#include "admin/job.h"
#include "admin/lookup.h"
#include "admin/moment.h"
#include "admin/signed_report.h"
#include "audit/index.h"
#include "audit/proving.h"
#include "audit/writer.h"
#include "base/clock.h"
#include "config/config.h"
#include "evidence/digest.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define US_PER_S UINT64_C(1000000)
#define SINCE_DEFAULT "24h"
/* The audit thread signs each second; a disk that fails may last. */
#define POLL_MS 100
#define POLLS 300

struct signing {
	struct job job;
	struct signed_report_period period;
	struct buf text;
	uint64_t number; /* of its record */
	unsigned polls;
};

/* ---- beside the loop: what the report says ---- */

struct reading {
	char *state_dir;
	struct signed_report *report;
	int err;
	struct err_text text;
};

static void reading_free(void *work)
{
	struct reading *reading = work;

	signed_report_free(reading->report);
	free(reading->state_dir);
	free(reading);
}

static void read_h(void *work, const atomic_bool *cancelled)
{
	struct reading *reading = work;

	do
		reading->err = signed_report_step(
			reading->report, reading->state_dir, &reading->text);
	while (reading->err == -EAGAIN && !atomic_load(cancelled));
}

/* ---- beside the loop: its proof ---- */

struct proving {
	char *state_dir, *index_folder; /* NULL: there is no index */
	char number[24];
	struct buf line, proof;
	uint64_t index;
	int err;
	struct err_text text;
};

static void proving_free(void *work)
{
	struct proving *proving = work;

	buf_free(&proving->line);
	buf_free(&proving->proof);
	free(proving->state_dir);
	free(proving->index_folder);
	free(proving);
}

static void prove_h(void *work, const atomic_bool *cancelled)
{
	struct proving *proving = work;
	struct err_text why = {""};

	proving->err = lookup_record(&proving->line, proving->state_dir,
		proving->index_folder, proving->number, cancelled, &why);
	if (proving->err)
		err_set(&proving->text, proving->err, "cannot read its record: %s",
			why.text);
	else
		proving->err = proving_make(&proving->proof, &proving->index,
			proving->state_dir, buf_span(&proving->line), &proving->text);
}

/* ---- the loop ---- */

static void free_h(void *arg)
{
	struct signing *signing = arg;

	buf_free(&signing->text);
	free(signing);
}

static void finish(struct signing *signing, json_t *result, const struct err_text *text)
{
	job_finish(&signing->job, result ? API_OK : API_FAILED, result, text);
}

static json_t *answer(
	struct signing *signing, struct proving *proving, struct err_text *text)
{
	json_t *result;

	*text = proving->text;
	if (proving->err)
		return NULL;
	result = json_pack("{s:s%, s:I, s:s%, s:s%}", "report", signing->text.data,
		signing->text.len, "index", (json_int_t)proving->index, "record",
		proving->line.data, proving->line.len, "proof", proving->proof.data,
		proving->proof.len);
	if (!result)
		err_set(text, -ENOMEM, "out of memory");
	return result;
}

static void proved_h(void *arg, void *work)
{
	struct err_text text;
	json_t *result = answer(arg, work, &text);

	proving_free(work);
	finish(arg, result, &text);
}

/* NULL: out of memory. */
static struct proving *proving_new(const struct signing *signing)
{
	const struct verbs_context *context = signing->job.context;
	struct proving *proving = calloc(1, sizeof(*proving));

	if (!proving)
		return NULL;
	buf_init(&proving->line, 0);
	buf_init(&proving->proof, 0);
	snprintf(proving->number, sizeof(proving->number), "%" PRIu64, signing->number);
	proving->state_dir = strdup(context->config_h(context->arg)->tandem.state_dir);
	if (context->index)
		proving->index_folder = strdup(index_folder(context->index));
	if (proving->state_dir && (proving->index_folder || !context->index))
		return proving;
	proving_free(proving);
	return NULL;
}

static void prove(struct signing *signing)
{
	const struct err_text no_memory = {"out of memory"};
	const struct job_work work = {.name = "proof",
		.work_h = prove_h,
		.free_h = proving_free,
		.done_h = proved_h,
		.work = proving_new(signing)};

	if (work.work)
		job_beside(&signing->job, &work);
	else
		finish(signing, NULL, &no_memory);
}

/* Until the checkpoint has it. */
static void await_h(void *arg)
{
	struct signing *signing = arg;
	struct err_text text = {""};
	struct ledger_state log;

	writer_log(signing->job.context->writer, &log);
	if (log.stopped || ++signing->polls > POLLS) {
		err_set(&text, 0, "the report is not signed: %s",
			log.stopped ? log.why : "audit cannot write");
		finish(signing, NULL, &text);
		return;
	}
	if (log.size <= signing->number) {
		job_go_on(&signing->job, POLL_MS, await_h);
		return;
	}
	prove(signing);
}

/* All was read: the text, and its record. 0, or negative. */
static int record(struct signing *signing, struct signed_report *report)
{
	const struct signed_report_counts *counts = signed_report_counts(report);
	struct entry_report entry = {.report = "protection",
		.since_us = signing->period.since_us,
		.until_us = signing->period.until_us,
		.first = counts->first,
		.last = counts->last,
		.records = counts->records,
		.calls = counts->calls,
		.unprotected = counts->unprotected};
	char sum[DIGEST_TEXT_SIZE];
	int err =
		signed_report_write(report, signing->job.context->trunks, &signing->text);

	if (!err)
		err = digest_text_of(buf_span(&signing->text), sum);
	if (err)
		return err;
	entry.sum = sum;
	signing->number = writer_report(signing->job.context->writer, &entry);
	return 0;
}

static void read_done_h(void *arg, void *work)
{
	struct signing *signing = arg;
	struct reading *reading = work;
	struct err_text text = reading->text;
	int err = reading->err;

	if (!err && record(signing, reading->report) != 0)
		err = err_set(&text, -ENOMEM, "out of memory");
	reading_free(reading);
	if (err)
		finish(signing, NULL, &text);
	else
		job_go_on(&signing->job, POLL_MS, await_h);
}

/* 0, or negative with TEXT: the words are wrong. */
static int read_period(struct signed_report_period *period, const char *const *args,
	size_t arg_count, struct err_text *text)
{
	const uint64_t now_us = clock_real()->wall_us(clock_real());
	const time_t now = (time_t)(now_us / US_PER_S);
	const char *words[2] = {
		arg_count > 0 ? args[0] : SINCE_DEFAULT, arg_count > 1 ? args[1] : NULL};
	time_t moments[2] = {0, now};

	for (unsigned i = 0; i < 2; i++)
		if (words[i] && moment_since(words[i], now, &moments[i]) != 0)
			return err_set(text, ERR_FORMAT,
				"%.40s: expected a day (2026-11-01), a minute "
				"(2026-11-01T06:30Z) or how long ago (90m, 24h, 30d)",
				words[i]);
	if (moments[0] >= moments[1])
		return err_set(text, ERR_FORMAT, "the period ends before it begins");
	period->since_us = (uint64_t)moments[0] * US_PER_S;
	period->until_us = words[1] ? (uint64_t)moments[1] * US_PER_S : now_us;
	period->made_us = now_us;
	return 0;
}

/* NULL: out of memory. */
static struct reading *reading_new(
	const struct config *config, const struct signed_report_period *period)
{
	struct reading *reading = calloc(1, sizeof(*reading));

	if (!reading)
		return NULL;
	reading->state_dir = strdup(config->tandem.state_dir);
	if (reading->state_dir && signed_report_new(&reading->report, period) == 0)
		return reading;
	reading_free(reading);
	return NULL;
}

/* NULL: out of memory. */
static struct signing *signing_new(struct verbs_context *context,
	struct signed_report_period *period, const struct ledger_state *log)
{
	const struct config *config = context->config_h(context->arg);
	struct signing *signing = calloc(1, sizeof(*signing));
	struct job_work work = {.name = "sign",
		.work_h = read_h,
		.free_h = reading_free,
		.done_h = read_done_h};

	period->host = config->tandem.fqdn;
	period->log = log->name;
	if (signing)
		work.work = reading_new(config, period);
	if (!work.work) {
		free(signing);
		return NULL;
	}
	job_init(&signing->job, context, VERBS_JOB_REPORT, free_h, signing);
	signing->period = *period;
	buf_init(&signing->text, 0);
	job_beside(&signing->job, &work);
	return signing;
}

enum api_code report_verb_sign(void *arg, const char *const *args, size_t arg_count,
	json_t **ret_result, struct err_text *text)
{
	struct signed_report_period period;
	struct verbs_context *context = arg;
	struct signing *signing;
	struct ledger_state log;

	(void)ret_result;
	if (read_period(&period, args, arg_count, text) != 0)
		return API_USAGE;
	writer_log(context->writer, &log);
	if (log.stopped) {
		err_set(text, 0, "records are not signed: %s", log.why);
		return API_FAILED;
	}
	if (!job_has_room(context, VERBS_JOB_REPORT, text))
		return API_FAILED;
	signing = signing_new(context, &period, &log);
	if (!signing) {
		err_set(text, -ENOMEM, "out of memory");
		return API_FAILED;
	}
	return job_defer(&signing->job, text);
}
