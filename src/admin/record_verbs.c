/* The record that is to be proved is looked for beside other work of the loop, and so is the answer given later. */
#include "admin/record_verbs.h"

#include "admin/job.h"
#include "admin/lookup.h"
#include "audit/proving.h"
#include "audit/vouch.h"
#include "audit/writer.h"
#include "base/buf.h"
#include "base/clock.h"
#include "config/config.h"

#include <errno.h>
#include <stdlib.h>

/* A proof for one who waits. */
struct making {
	struct job job;
	struct lookup *lookup; /* NULL: it is over */
};

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

static void free_h(void *arg)
{
	struct making *making = arg;

	lookup_cancel(making->lookup);
	free(making);
}

static const char *state_dir(const struct verbs_context *context)
{
	return context->config_h(context->arg)->tandem.state_dir;
}

/* NULL with TEXT. */
static json_t *prove(
	const struct verbs_context *context, struct span line, struct err_text *text)
{
	json_t *result = NULL;
	uint64_t index;
	struct buf proof;

	buf_init(&proof, 0);
	if (proving_make(&proof, &index, state_dir(context), line, text) == 0) {
		result = json_pack("{s:I, s:s%}", "index", (json_int_t)index, "proof",
			proof.data, proof.len);
		if (!result)
			err_set(text, -ENOMEM, "out of memory");
	}
	buf_free(&proof);
	return result;
}

static void found_h(void *arg, int err, struct span line, const struct err_text *why)
{
	struct making *making = arg;
	struct err_text text = *why;
	json_t *result = err ? NULL : prove(making->job.context, line, &text);

	making->lookup = NULL;
	job_finish(&making->job, result ? API_OK : API_FAILED, result, &text);
}

enum api_code cdr_verb_proof(void *arg, const char *const *args, size_t arg_count,
	json_t **ret_result, struct err_text *text)
{
	struct verbs_context *context = arg;
	struct making *making;
	int err;

	(void)ret_result;
	(void)arg_count;
	if (!job_has_room(context, VERBS_JOB_REPORT, text))
		return API_FAILED;
	making = calloc(1, sizeof(*making));
	if (!making) {
		err_set(text, -ENOMEM, "out of memory");
		return API_FAILED;
	}
	job_init(&making->job, context, VERBS_JOB_REPORT, free_h, making);
	err = lookup_start(&making->lookup, context, args[0], found_h, making, text);
	if (!err)
		return job_defer(&making->job, text);
	job_drop(&making->job);
	return err == ERR_FORMAT ? API_USAGE : API_FAILED;
}

/* Another key */

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
