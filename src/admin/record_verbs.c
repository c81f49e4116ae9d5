#include "admin/record_verbs.h"

#include "admin/job.h"
#include "admin/lookup.h"
#include "admin/question.h"
#include "audit/proving.h"
#include "audit/store_name.h"
#include "audit/vouch.h"
#include "audit/writer.h"
#include "base/buf.h"
#include "base/clock.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* What a time stamping authority said last. */
static json_t *stamp_json(const struct vouch_state *state)
{
	const struct stamper_state *stamper = &state->stamper;

	if (!state->has_stamper)
		return json_null();
	return json_pack("{s:I, s:s, s:o}", "size", (json_int_t)stamper->size, "time",
		stamper->time, "why", api_text(stamper->why));
}

static json_t *witnesses_json(const struct vouch_state *state)
{
	json_t *list = json_array();
	char time[CLOCK_TEXT_SIZE];

	for (unsigned i = 0; i < state->witnesses.count; i++) {
		const uint64_t time_s = state->witnesses.list[i].time_s;
		/* By the clock of another one: what is no time of ours is none. */
		const bool is_time = time_s > 0 && time_s < UINT64_C(253402300800);

		json_array_append_new(
			list, json_pack("{s:o, s:o, s:I, s:s, s:o}", "name",
				      api_text(state->witnesses.list[i].name), "url",
				      api_text(state->witnesses.list[i].url), "size",
				      (json_int_t)state->witnesses.list[i].size, "time",
				      is_time ? clock_text(time_s * 1000000, time) : "",
				      "why", api_text(state->witnesses.list[i].why)));
	}
	return list;
}

enum api_code cdr_verb_key(void *arg, const char *const *args, size_t arg_count,
	json_t **ret_result, struct err_text *text)
{
	const struct verbs_context *context = arg;
	struct vouch_state state;
	struct ledger_state log;

	(void)args;
	(void)arg_count;
	vouch_state(context->vouch, &state);
	writer_log(context->writer, &log);
	if (log.key[0] == '\0') {
		err_set(text, 0, "records are not signed: %s", log.why);
		return API_FAILED;
	}
	*ret_result = json_pack("{s:s, s:s, s:b, s:b, s:I, s:b, s:s, s:o, s:o}", "log",
		log.name, "key", log.key, "in_token", (int)log.in_token, "differs",
		(int)log.differs, "signed", (json_int_t)log.size, "stopped",
		(int)log.stopped, "why", log.why, "stamp", stamp_json(&state),
		"witnesses", witnesses_json(&state));
	return API_OK;
}

/* ---- a proof ---- */

struct proving {
	struct question question;
	char *what; /* the record */
};

static void free_h(struct question *question)
{
	struct proving *proving = (struct proving *)question;

	free(proving->what);
	free(proving);
}

/* Beside the loop */

/* NULL with TEXT. */
static json_t *prove(const char *state_dir, struct span line, struct err_text *text)
{
	json_t *result = NULL;
	uint64_t index;
	struct buf proof;

	buf_init(&proof, 0);
	if (proving_make(&proof, &index, state_dir, line, text) == 0) {
		result = json_pack("{s:I, s:s%}", "index", (json_int_t)index, "proof",
			proof.data, proof.len);
		if (!result)
			err_set(text, -ENOMEM, "out of memory");
	}
	buf_free(&proof);
	return result;
}

static void ask_h(struct question *question, const atomic_bool *cancelled)
{
	const struct proving *proving = (struct proving *)question;
	struct buf line;
	int err;

	buf_init(&line, 0);
	err = lookup_record(&line, question->state_dir, question->index_folder,
		proving->what, cancelled, &question->text);
	if (!err)
		question->result =
			prove(question->state_dir, buf_span(&line), &question->text);
	buf_free(&line);
	if (!question->result)
		question_fail(question, API_FAILED);
}

/* The loop */

static const struct question_kind kind = {
	.job = VERBS_JOB_REPORT, .name = "proof", .ask_h = ask_h, .free_h = free_h};

enum api_code cdr_verb_proof(void *arg, const char *const *args, size_t arg_count,
	json_t **ret_result, struct err_text *text)
{
	struct proving *proving;

	(void)ret_result;
	(void)arg_count;
	if (!store_id_ok(args[0])) {
		err_set(text, ERR_FORMAT,
			"%.40s: the id of a call, or the number of a record", args[0]);
		return API_USAGE;
	}
	proving = question_new(arg, &kind, sizeof(*proving), text);
	if (!proving)
		return API_FAILED;
	proving->what = strdup(args[0]);
	if (proving->what)
		return question_ask(arg, &proving->question, 0, text);
	question_free(&proving->question);
	err_set(text, -ENOMEM, "out of memory");
	return API_FAILED;
}

/* ---- another key ---- */

/* The audit thread turns each second; a disk that fails may last. */
#define ROTATION_POLL_MS 100
#define ROTATION_POLLS 300

/* One who waits for a new key. */
struct rotating {
	struct job job;
	unsigned polls, count;
};

static void rotating_poll_h(void *arg)
{
	struct rotating *rotating = arg;
	struct err_text text = {""};
	struct ledger_state log;
	json_t *result = NULL;

	writer_log(rotating->job.context->writer, &log);
	if (log.rotation.is_wanted && !log.stopped &&
		++rotating->polls < ROTATION_POLLS) {
		job_go_on(&rotating->job, ROTATION_POLL_MS, rotating_poll_h);
		return;
	}
	if (!log.rotation.is_wanted && log.rotation.count != rotating->count)
		result = json_pack("{s:s, s:I, s:s, s:s}", "log", log.name, "record",
			(json_int_t)log.rotation.record, "old", log.rotation.from, "new",
			log.key);
	else if (log.stopped)
		err_set(&text, 0, "records are not signed: %s", log.why);
	else if (log.rotation.is_wanted)
		err_set(&text, 0,
			"it takes long: the log is handed over as soon as audit can "
			"write; `cdr key` shows it");
	else
		err_set(&text, 0, "%s", log.rotation.why);
	job_finish(&rotating->job, result ? API_OK : API_FAILED, result, &text);
}

enum api_code cdr_verb_rekey(void *arg, const char *const *args, size_t arg_count,
	json_t **ret_result, struct err_text *text)
{
	struct verbs_context *context = arg;
	struct rotating *rotating;
	struct ledger_state log;

	(void)args;
	(void)arg_count;
	(void)ret_result;
	if (!job_has_room(context, VERBS_JOB_REKEY, text))
		return API_FAILED;
	rotating = calloc(1, sizeof(*rotating));
	if (!rotating) {
		err_set(text, -ENOMEM, "out of memory");
		return API_FAILED;
	}
	job_init(&rotating->job, context, VERBS_JOB_REKEY, free, rotating);
	writer_log(context->writer, &log);
	rotating->count = log.rotation.count;
	if (writer_rotate_key(context->writer, text) != 0) {
		job_drop(&rotating->job);
		return API_FAILED;
	}
	job_go_on(&rotating->job, ROTATION_POLL_MS, rotating_poll_h);
	return job_defer(&rotating->job, text);
}
