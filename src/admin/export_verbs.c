/*
 * A bundle leaves in pieces, as fast as who asked for it reads, and is made a step at a time between other work of the loop:
 * so a large one costs neither memory nor anybody's call a delay.
 */
#include "admin/export_verbs.h"

#include "admin/job.h"
#include "audit/export.h"
#include "audit/writer.h"
#include "base/buf.h"
#include "config/config.h"
#include "evidence/radix64.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* What waits to be signed; to be read. */
#define SIGN_MS 50
#define READ_MS 5
/* Who reads nothing for so long is given up. */
#define STALLED_MS 30000
#define RECIPIENT_MAX 128

struct making {
	struct job job;
	struct export *export;
	json_t *pieces; /* that wait, the oldest first */
	bool failed;    /* there was no memory for one */
	unsigned stalled_ms;
};

static void free_h(void *arg)
{
	struct making *making = arg;

	export_free(making->export);
	json_decref(making->pieces);
	free(making);
}

static void piece_h(void *arg, const char *name, struct span piece)
{
	struct making *making = arg;
	json_t *object = NULL;
	struct buf text;

	buf_init(&text, 0);
	radix64_add(&text, piece.p, piece.len);
	if (!text.err)
		object = json_pack("{s:s, s:s%}", "file", name, "data",
			text.data ? text.data : "", text.len);
	buf_free(&text);
	making->failed |= !object || json_array_append_new(making->pieces, object) != 0;
}

static void record_h(void *arg, const struct entry_export *entry)
{
	const struct making *making = arg;

	writer_export(making->job.context->writer, entry);
}

/* Gives what waits. False: who asked has to read first. */
static bool give(struct making *making)
{
	json_t *piece;

	while ((piece = json_array_get(making->pieces, 0))) {
		if (!api_part(making->job.call, json_incref(piece)))
			return false;
		json_array_remove(making->pieces, 0);
		making->stalled_ms = 0;
	}
	return true;
}

static void finish(struct making *making, enum api_code code, const struct err_text *text)
{
	job_finish(&making->job, code, code == API_OK ? json_object() : NULL, text);
}

static void step_h(void *arg)
{
	struct making *making = arg;
	struct err_text text = {""};
	int err;

	if (!give(making)) {
		making->stalled_ms += READ_MS;
		if (making->stalled_ms < STALLED_MS) {
			job_go_on(&making->job, READ_MS, step_h);
			return;
		}
		err_set(&text, -ETIMEDOUT, "nobody read the bundle");
		finish(making, API_FAILED, &text);
		return;
	}
	if (!making->export) {
		finish(making, API_OK, &text);
		return;
	}
	err = export_step(making->export, &text);
	if (!err && making->failed)
		err = err_set(&text, -ENOMEM, "out of memory");
	if (err == -EAGAIN || err == -EBUSY) {
		job_go_on(&making->job, err == -EBUSY ? SIGN_MS : 0, step_h);
		return;
	}
	if (err) {
		finish(making, err == -ENOENT ? API_NOT_FOUND : API_FAILED, &text);
		return;
	}
	/* the last pieces leave */
	export_free(making->export);
	making->export = NULL;
	job_go_on(&making->job, 0, step_h);
}

static bool recipient_ok(const char *text)
{
	for (size_t i = 0; text[i]; i++)
		if ((unsigned char)text[i] < 0x20 || text[i] == 0x7f ||
			i >= RECIPIENT_MAX)
			return false;
	return text[0] != '\0';
}

/* Options behind the call: in any order. */
static bool read_options(
	const char *const *args, size_t arg_count, struct export_params *params)
{
	bool good = true;

	for (size_t i = 1; good && i < arg_count; i++) {
		if (strcmp(args[i], "--for") == 0 && i + 1 < arg_count) {
			params->recipient = args[++i];
			good = recipient_ok(params->recipient);
		} else if (strcmp(args[i], "--only") == 0 && i + 1 < arg_count) {
			params->only_sip = true;
			good = strcmp(args[++i], "sip") == 0;
		} else if (strcmp(args[i], "--hide-numbers") == 0) {
			params->hide_numbers = true;
		} else {
			good = false;
		}
	}
	return good;
}

/* 0 or API_*. */
static enum api_code begin(struct verbs_context *context, struct making **ret,
	struct export_params *params, struct err_text *text)
{
	struct making *making = calloc(1, sizeof(*making));
	int err;

	if (!making || !(making->pieces = json_array())) {
		free(making);
		err_set(text, -ENOMEM, "out of memory");
		return API_FAILED;
	}
	params->arg = making;
	job_init(&making->job, context, VERBS_JOB_REPORT, free_h, making);
	err = export_new(&making->export, params, text);
	if (err) {
		job_drop(&making->job);
		return err == ERR_FORMAT ? API_USAGE : API_FAILED;
	}
	*ret = making;
	return API_OK;
}

enum api_code capture_verb_export(void *arg, const char *const *args, size_t arg_count,
	json_t **ret_result, struct err_text *text)
{
	struct verbs_context *context = arg;
	struct ledger_state log;
	struct export_params params = {
		.state_dir = context->config_h(context->arg)->tandem.state_dir,
		.log = log.name,
		.call = args[0],
		.who = api_who(context->api),
		.recipient = "",
		.piece_h = piece_h,
		.record_h = record_h};
	struct making *making;
	enum api_code code;

	(void)ret_result;
	if (!read_options(args, arg_count, &params)) {
		err_set(text, 0,
			"usage: capture export CALL [--for NAME] [--only sip] "
			"[--hide-numbers] --to DIR|FILE.tar");
		return API_USAGE;
	}
	writer_log(context->writer, &log);
	if (log.stopped || log.key[0] == '\0') {
		err_set(text, 0, "records are not signed: %s", log.why);
		return API_FAILED;
	}
	if (!job_has_room(context, VERBS_JOB_REPORT, text))
		return API_FAILED;
	code = begin(context, &making, &params, text);
	if (code != API_OK)
		return code;
	job_go_on(&making->job, 0, step_h);
	return job_defer(&making->job, text);
}
