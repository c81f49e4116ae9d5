/*
 * A bundle leaves in pieces, as fast as who asked for it reads. Some of it is made beside the loop, and given by the loop, in turn:
 * so a large one costs no memory, and nobody's call waits for the disk.
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
/* So much is made before it is given: steps, and bytes of pieces. */
#define STEPS_MAX 64
#define BYTES_MAX ((size_t)128 << 10)

/* It is beside the loop or with it. */
struct bundle {
	struct export *export;
	json_t *pieces; /* that wait, the oldest first */
	size_t bytes;   /* of them */
	bool failed;    /* there was no memory for one */
	/* a record that is to be written, of texts that are EXPORT's */
	bool has_entry;
	struct entry_export entry;
	/* of the last step */
	int err;
	struct err_text text;
};

struct making {
	struct job job;
	struct bundle *bundle; /* NULL: it is beside the loop */
	unsigned stalled_ms;
};

/* ---- beside the loop ---- */

static void bundle_free(void *work)
{
	struct bundle *bundle = work;

	export_free(bundle->export);
	json_decref(bundle->pieces);
	free(bundle);
}

static void piece_h(void *arg, const char *name, struct span piece)
{
	struct bundle *bundle = arg;
	json_t *object = NULL;
	struct buf text;

	buf_init(&text, 0);
	radix64_add(&text, piece.p, piece.len);
	if (!text.err)
		object = json_pack("{s:s, s:s%}", "file", name, "data",
			text.data ? text.data : "", text.len);
	bundle->bytes += text.len;
	buf_free(&text);
	bundle->failed |= !object || json_array_append_new(bundle->pieces, object) != 0;
}

static void record_h(void *arg, const struct entry_export *entry)
{
	struct bundle *bundle = arg;

	bundle->entry = *entry;
	bundle->has_entry = true;
}

static void work_h(void *work, const atomic_bool *cancelled)
{
	struct bundle *bundle = work;
	unsigned steps = 0;

	do {
		bundle->text.text[0] = '\0';
		bundle->err = export_step(bundle->export, &bundle->text);
	} while (bundle->err == -EAGAIN && !bundle->failed && !bundle->has_entry &&
		 ++steps < STEPS_MAX && bundle->bytes < BYTES_MAX &&
		 !atomic_load(cancelled));
	if (bundle->failed)
		bundle->err = err_set(&bundle->text, -ENOMEM, "out of memory");
}

/* ---- the loop ---- */

static void free_h(void *arg)
{
	struct making *making = arg;

	if (making->bundle)
		job_discard(&making->job, bundle_free, making->bundle);
	free(making);
}

/* Gives what waits. False: who asked has to read first. */
static bool give(struct making *making)
{
	struct bundle *bundle = making->bundle;
	json_t *piece;

	while ((piece = json_array_get(bundle->pieces, 0))) {
		if (!api_part(making->job.call, json_incref(piece)))
			return false;
		json_array_remove(bundle->pieces, 0);
		making->stalled_ms = 0;
	}
	bundle->bytes = 0;
	return true;
}

static void finish(struct making *making, int err, const struct err_text *why)
{
	const enum api_code code = !err             ? API_OK
				   : err == -ENOENT ? API_NOT_FOUND
						    : API_FAILED;
	const struct err_text text = *why;

	/* no file is open any more */
	if (!err) {
		bundle_free(making->bundle);
		making->bundle = NULL;
	}
	job_finish(&making->job, code, err ? NULL : json_object(), &text);
}

static void made_h(void *arg, void *work);

static void make_h(void *arg)
{
	struct making *making = arg;
	const struct job_work work = {.name = "export",
		.work_h = work_h,
		.free_h = bundle_free,
		.done_h = made_h,
		.work = making->bundle};

	making->bundle = NULL;
	job_beside(&making->job, &work);
}

static void give_h(void *arg)
{
	struct making *making = arg;
	const struct bundle *bundle = making->bundle;
	struct err_text text = {""};

	if (!give(making)) {
		making->stalled_ms += READ_MS;
		if (making->stalled_ms < STALLED_MS) {
			job_go_on(&making->job, READ_MS, give_h);
			return;
		}
		err_set(&text, -ETIMEDOUT, "nobody read the bundle");
		finish(making, -ETIMEDOUT, &text);
	} else if (bundle->err == -EBUSY) {
		job_go_on(&making->job, SIGN_MS, make_h);
	} else if (bundle->err == -EAGAIN) {
		make_h(making);
	} else {
		finish(making, bundle->err, &bundle->text);
	}
}

/* A part of it. */
static void made_h(void *arg, void *work)
{
	struct making *making = arg;

	making->bundle = work;
	if (making->bundle->has_entry)
		writer_export(making->job.context->writer, &making->bundle->entry);
	making->bundle->has_entry = false;
	give_h(making);
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

/* 0; ERR_FORMAT; or negative; with TEXT. */
static int bundle_new(
	struct bundle **ret, struct export_params *params, struct err_text *text)
{
	struct bundle *bundle = calloc(1, sizeof(*bundle));
	int err;

	if (!bundle)
		return err_set(text, -ENOMEM, "out of memory");
	params->arg = bundle;
	bundle->pieces = json_array();
	err = bundle->pieces ? export_new(&bundle->export, params, text)
			     : err_set(text, -ENOMEM, "out of memory");
	if (err)
		bundle_free(bundle);
	else
		*ret = bundle;
	return err;
}

static enum api_code begin(struct verbs_context *context, struct export_params *params,
	struct err_text *text)
{
	struct making *making = calloc(1, sizeof(*making));
	int err;

	if (!making) {
		err_set(text, -ENOMEM, "out of memory");
		return API_FAILED;
	}
	err = bundle_new(&making->bundle, params, text);
	if (err) {
		free(making);
		return err == ERR_FORMAT ? API_USAGE : API_FAILED;
	}
	job_init(&making->job, context, VERBS_JOB_REPORT, free_h, making);
	make_h(making);
	return job_defer(&making->job, text);
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
	return begin(context, &params, text);
}
