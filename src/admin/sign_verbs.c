/*
 * The records are read between other work of the loop, a step a turn. Then the report's sum is a record, and when that is
 * signed, within a second or two, the answer is given with its proof.
 */
#include "admin/sign_verbs.h"

#include "admin/job.h"
#include "admin/lookup.h"
#include "admin/moment.h"
#include "admin/signed_report.h"
#include "audit/proving.h"
#include "audit/writer.h"
#include "base/clock.h"
#include "config/config.h"
#include "evidence/digest.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define US_PER_S UINT64_C(1000000)
#define SINCE_DEFAULT "24h"
/* The audit thread signs each second; a disk that fails may last. */
#define POLL_MS 100
#define POLLS 300

struct signing {
	struct job job;
	struct signed_report *report; /* NULL when its text is made */
	struct lookup *lookup;        /* NULL: its record is not looked for */
	struct signed_report_period period;
	struct buf text;
	uint64_t number; /* of its record */
	unsigned polls;
};

static void free_h(void *arg)
{
	struct signing *signing = arg;

	signed_report_free(signing->report);
	lookup_cancel(signing->lookup);
	buf_free(&signing->text);
	free(signing);
}

static const char *state_dir(const struct signing *signing)
{
	const struct verbs_context *context = signing->job.context;

	return context->config_h(context->arg)->tandem.state_dir;
}

static void finish(struct signing *signing, json_t *result, const struct err_text *text)
{
	job_finish(&signing->job, result ? API_OK : API_FAILED, result, text);
}

static json_t *answer(struct signing *signing, struct span line, struct err_text *text)
{
	json_t *result = NULL;
	uint64_t index;
	struct buf proof;

	buf_init(&proof, 0);
	if (proving_make(&proof, &index, state_dir(signing), line, text) == 0) {
		result = json_pack("{s:s%, s:I, s:s%, s:s%}", "report",
			signing->text.data, signing->text.len, "index", (json_int_t)index,
			"record", line.p, line.len, "proof", proof.data, proof.len);
		if (!result)
			err_set(text, -ENOMEM, "out of memory");
	}
	buf_free(&proof);
	return result;
}

static void found_h(void *arg, int err, struct span line, const struct err_text *why)
{
	struct signing *signing = arg;
	struct err_text text = {""};
	json_t *result = NULL;

	signing->lookup = NULL;
	if (err)
		err_set(&text, err, "cannot read its record: %s", why->text);
	else
		result = answer(signing, line, &text);
	finish(signing, result, &text);
}

/* Until the checkpoint has it. */
static void await_h(void *arg)
{
	struct signing *signing = arg;
	struct err_text text = {""};
	struct ledger_state log;
	char number[24];

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
	snprintf(number, sizeof(number), "%" PRIu64, signing->number);
	if (lookup_start(&signing->lookup, signing->job.context, number, found_h, signing,
		    &text) != 0)
		finish(signing, NULL, &text);
}

/* All was read: the text, and its record. 0, or negative. */
static int record(struct signing *signing)
{
	const struct signed_report_counts *counts = signed_report_counts(signing->report);
	struct entry_report entry = {.report = "protection",
		.since_us = signing->period.since_us,
		.until_us = signing->period.until_us,
		.first = counts->first,
		.last = counts->last,
		.records = counts->records,
		.calls = counts->calls,
		.unprotected = counts->unprotected};
	char sum[DIGEST_TEXT_SIZE];
	int err = signed_report_write(
		signing->report, signing->job.context->trunks, &signing->text);

	if (!err)
		err = digest_text_of(buf_span(&signing->text), sum);
	if (err)
		return err;
	entry.sum = sum;
	signing->number = writer_report(signing->job.context->writer, &entry);
	signed_report_free(signing->report);
	signing->report = NULL;
	return 0;
}

static void read_h(void *arg)
{
	struct signing *signing = arg;
	struct err_text text = {""};
	int err = signed_report_step(signing->report, &text);

	if (err == -EAGAIN) {
		job_go_on(&signing->job, 0, read_h);
		return;
	}
	if (!err && record(signing) != 0)
		err = err_set(&text, -ENOMEM, "out of memory");
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

/* NULL with TEXT. */
static struct signing *signing_new(struct verbs_context *context,
	struct signed_report_period *period, const struct ledger_state *log,
	struct err_text *text)
{
	const struct config *config = context->config_h(context->arg);
	struct signing *signing = calloc(1, sizeof(*signing));

	if (!signing) {
		err_set(text, -ENOMEM, "out of memory");
		return NULL;
	}
	period->host = config->tandem.fqdn;
	period->log = log->name;
	job_init(&signing->job, context, VERBS_JOB_REPORT, free_h, signing);
	signing->period = *period;
	buf_init(&signing->text, 0);
	if (signed_report_new(&signing->report, config->tandem.state_dir, period, text) !=
		0) {
		job_drop(&signing->job);
		return NULL;
	}
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
	signing = signing_new(context, &period, &log, text);
	if (!signing)
		return API_FAILED;
	job_go_on(&signing->job, 0, read_h);
	return job_defer(&signing->job, text);
}
