#include "audit/export_priv.h"

#include "audit/cdr_read.h"
#include "audit/folder.h"
#include "audit/hide.h"
#include "audit/proving.h"
#include "audit/record_find.h"
#include "base/regular.h"
#include "evidence/digest.h"
#include "evidence/handover.h"
#include "evidence/stamp.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* How often what is not signed yet is asked for again. */
#define TRIES_MAX 200
/* A call that ended within this has files that are not closed yet, perhaps: STORE_LINGER_US and something. */
#define RECENT_US UINT64_C(45000000)
/* Files with what others said of the checkpoint, and with changes of keys, at most. */
#define BESIDE_MAX 16
#define BESIDE_BYTES PROOF_MAX
#define FIRST_PART "\"name\":\"call.pcap"

/* ---- the records of the call ---- */

static struct export_record *new_record(struct export *export, struct span line)
{
	struct export_record *record;

	if (export->record_count == 1 + EXPORT_FILES_MAX)
		return NULL;
	record = &export->records[export->record_count++];
	buf_init(&record->line, 0);
	buf_add_span(&record->line, line);
	return record;
}

static bool has_first_part(const struct export *export)
{
	for (unsigned i = 1; i < export->record_count; i++)
		if (span_find(buf_span(&export->records[i].line), span_of(FIRST_PART)))
			return true;
	return false;
}

static bool has_folder(const struct export *export)
{
	const int root_fd = folder_root(export->state_dir);
	char day[STORE_DATE_SIZE];
	bool has;

	if (root_fd < 0)
		return false;
	has = folder_day_of(root_fd, export->call, day);
	close(root_fd);
	return has;
}

/* Whether it ended so lately that its files may be open. A record of kind lost has no such moment, and its files are a
 * start's matter. */
static bool is_recent(struct span line)
{
	const struct clock *clock = clock_real();
	char since[CLOCK_TEXT_SIZE];
	struct cdr cdr;
	size_t len;

	if (cdr_read(&cdr, line) != 0)
		return false;
	clock_text(clock->wall_us(clock_real()) - RECENT_US, since);
	len = strlen(since);
	return cdr.end.len == len && memcmp(cdr.end.p, since, len) > 0;
}

/* From the latest record back: those of files come before that of the call. A call that outlived a process has earlier ones
 * of files behind it, of which the earliest has the first part. */
static bool match_h(void *arg, struct span line)
{
	struct export *export = arg;

	if (sealed_files_are_of(line, export->call)) {
		(void)new_record(export, line);
	} else if (!export->found && record_find_is_call(line, export->call)) {
		export->found = true;
		buf_add_span(&export->records[0].line, line);
		export->closed = export->record_count > 1 || !has_folder(export);
		if (!export->closed && is_recent(line))
			return true;
	}
	return export->found &&
	       (has_first_part(export) || (export->closed && export->record_count == 1));
}

static int begin_find(struct export *export, const char *needle, record_find_h *h,
	struct err_text *text)
{
	record_find_free(export->find);
	export->find = NULL;
	return record_find_where(
		&export->find, export->state_dir, needle, h, export, text);
}

static int step_find(struct export *export, struct err_text *text)
{
	char needle[STORE_ID_SIZE + 16];
	struct span line;
	int err = 0;

	snprintf(needle, sizeof(needle), "\"id\":\"%s\"", export->call);
	if (!export->find)
		err = begin_find(export, needle, match_h, text);
	if (err)
		return err;
	err = record_find_step(export->find, &line);
	if (err && err != -ENOENT)
		return err == -EAGAIN ? err
				      : err_set(text, err, "cannot read the records: %s",
						err_str(err));
	if (!export->found)
		return err_set(text, -ENOENT,
			"no record of call %s in cdr.jsonl and cdr.jsonl.1",
			export->call);
	if (!err && !export->closed)
		return err_set(text, ERR_STATE,
			"the files of call %s are closed half a minute after its end: "
			"ask "
			"again then",
			export->call);
	/* the earliest first */
	for (unsigned i = 1, j = export->record_count - 1; i < j; i++, j--) {
		struct export_record record = export->records[i];

		export->records[i] = export->records[j];
		export->records[j] = record;
	}
	for (unsigned i = 0; i < export->record_count; i++)
		if (i < 2)
			strcpy(export->records[i].name, i == 0 ? "call" : "files");
		else
			snprintf(export->records[i].name, sizeof(export->records[i].name),
				"files.%u", i);
	return 0;
}

/* ---- proofs ---- */

/* The record itself is a file beside the proof. */
static void cut_extra(struct buf *proof)
{
	char *line = memchr(proof->data, '\n', proof->len), *end;

	if (!line || strncmp(line + 1, "extra ", 6) != 0)
		return;
	end = memchr(line + 1, '\n', proof->len - (size_t)(line + 1 - proof->data));
	if (!end)
		return;
	memmove(line, end, proof->len - (size_t)(end - proof->data));
	proof->len -= (size_t)(end - line);
}

/* 0; -EBUSY: it is not signed yet; or negative with TEXT. */
static int prove(struct export *export, struct span line, uint64_t *ret_index,
	struct buf *out, struct err_text *text)
{
	int err = proving_make(out, ret_index, export->state_dir, line, text);

	if (err == ERR_STATE && export->tries++ < TRIES_MAX)
		return -EBUSY;
	if (err)
		return err;
	export->tries = 0;
	cut_extra(out);
	return out->err;
}

static int add(
	struct export *export, const char *name, const char *suffix, struct span content)
{
	char file[OUTPUTS_NAME_SIZE];

	snprintf(file, sizeof(file), "%s%s", name, suffix);
	return outputs_add(export->outputs, file, content);
}

static int step_record(struct export *export, struct err_text *text)
{
	struct export_record *record = &export->records[export->record];
	const struct span line = buf_span(&record->line);
	struct buf proof;
	int err;

	buf_init(&proof, 0);
	err = record->line.err ? record->line.err : tlog_leaf(&record->leaf, line);
	if (!err)
		err = prove(export, line, &record->index, &proof, text);
	/* in that of the files nobody has a word but we */
	if (!err && export->hide_numbers && export->record == 0)
		record->masked = hide_record(record->line.data, record->line.len);
	if (!err)
		err = add(export, record->name, record->masked ? ".masked.json" : ".json",
			line);
	if (!err)
		err = add(export, record->name, ".proof", buf_span(&proof));
	buf_free(&proof);
	if (err)
		return err;
	return ++export->record < export->record_count ? -EAGAIN : 0;
}

/* A file below PATH that is wanted goes into the bundle as PREFIX and its name. One that is replaced right now is passed over. */
static int add_beside(struct export *export, const char *path, const char *prefix,
	const char *wanted, struct err_text *text)
{
	const struct dirent *entry;
	unsigned count = 0;
	struct buf file;
	int err = 0;
	DIR *dir = opendir(path);

	if (!dir)
		return errno == ENOENT ? 0
				       : err_set(text, -errno, "cannot read %s: %s", path,
						 err_str(-errno));
	while (!err && count < BESIDE_MAX && (entry = readdir(dir))) {
		if (strncmp(entry->d_name, wanted, strlen(wanted)) != 0 ||
			strlen(entry->d_name) > 40 || entry->d_name[0] == '.')
			continue;
		buf_init(&file, 0);
		if (regular_read(dirfd(dir), entry->d_name, BESIDE_BYTES, &file) == 0) {
			err = add(export, prefix, entry->d_name, buf_span(&file));
			count++;
		}
		buf_free(&file);
	}
	closedir(dir);
	return err;
}

/* The oldest stamp that has all of the records. 0, or -ENOENT. */
static int find_stamp(const struct export *export, int log_fd, uint64_t *ret_size)
{
	uint64_t last = 0;

	for (unsigned i = 0; i < export->record_count; i++)
		if (export->records[i].index > last)
			last = export->records[i].index;
	return stamp_find(log_fd, last, ret_size);
}

static int add_stamped_proof(struct export *export, const struct export_record *record,
	uint64_t size, struct err_text *text)
{
	struct buf proof;
	int err;

	buf_init(&proof, 0);
	err = proving_make_stamped(
		&proof, export->state_dir, record->index, &record->leaf, size, text);
	if (!err)
		err = add(export, record->name, ".stamped.proof", buf_span(&proof));
	buf_free(&proof);
	return err;
}

/* What an authority for time said: the stamp, what it is of, and that the records were there then. None is no fault. */
static int add_stamp(struct export *export, int log_fd, struct err_text *text)
{
	char note[STAMP_PATH_SIZE], response[STAMP_PATH_SIZE];
	struct buf file;
	uint64_t size;
	int err = 0;

	if (find_stamp(export, log_fd, &size) != 0)
		return 0;
	buf_init(&file, 0);
	if (regular_read(log_fd, stamp_note_path(size, note), BESIDE_BYTES, &file) == 0)
		err = add(export, "stamp", ".checkpoint", buf_span(&file));
	buf_clear(&file);
	if (!err && regular_read(log_fd, stamp_response_path(size, response),
			    BESIDE_BYTES, &file) == 0)
		err = add(export, "stamp", ".tsr", buf_span(&file));
	buf_free(&file);
	for (unsigned i = 0; !err && i < export->record_count; i++)
		err = add_stamped_proof(export, &export->records[i], size, text);
	export->has_stamp = !err;
	return err;
}

/* The checkpoint and what others said of it: time stamps, cosignatures; and how the log changed its keys. */
static int step_checkpoint(struct export *export, struct err_text *text)
{
	char path[4200];
	int err, fd;

	snprintf(path, sizeof(path), "%s/log", export->state_dir);
	err = add_beside(export, path, "", "checkpoint", text);
	fd = err ? -1 : open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd >= 0) {
		err = add_stamp(export, fd, text);
		close(fd);
	}
	snprintf(path, sizeof(path), "%s/log/" HANDOVER_FOLDER, export->state_dir);
	return err ? err : add_beside(export, path, HANDOVER_FOLDER ".", "", text);
}

/* ---- captures ---- */

/* The folder of the files of the record that is looked at. */
static int open_day(const struct export *export, struct span day)
{
	const int root_fd = folder_root(export->state_dir);
	char date[STORE_DATE_SIZE];
	int fd;

	if (root_fd < 0)
		return root_fd;
	snprintf(date, sizeof(date), "%.*s", SPAN_ARG(day));
	fd = folder_find(root_fd, date, export->call);
	close(root_fd);
	return fd;
}

static bool name_ok(struct span name)
{
	if (name.len == 0 || name.len > 40 || name.p[0] == '.')
		return false;
	for (size_t i = 0; i < name.len; i++)
		if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ01234567"
			    "89"
			    "._-",
			    name.p[i]))
			return false;
	return true;
}

/* One that is not there any more is named as such. */
static void note_missing(struct export_file *file, int err)
{
	file->has_blocks = false;
	file->result = (struct shown_result){.given = "none",
		.why = err == -ENOENT ? "it was deleted" : "it cannot be read"};
}

static int begin_file(struct export *export, const struct sealed_file *sealed)
{
	const struct export_record *record = &export->records[export->record];
	const struct span day = sealed_files_day(buf_span(&record->line));
	const struct span first = sealed_files_day(buf_span(&export->records[1].line));
	struct export_file *file = &export->files[export->file_count];
	struct shown_params params = {.file = *sealed,
		.name = file->name,
		.only_sip = export->only_sip,
		.hide_numbers = export->hide_numbers,
		.outputs = export->outputs};
	int err;

	if (span_equal(day, first))
		snprintf(file->name, sizeof(file->name), "%.*s", SPAN_ARG(sealed->name));
	else
		snprintf(file->name, sizeof(file->name), "%.*s.%.*s", SPAN_ARG(day),
			SPAN_ARG(sealed->name));
	file->has_blocks = sealed->has_tree;
	export->file_count++;
	export->has_certs |= strstr(file->name, ".pem") != NULL;
	export->has_age |= strstr(file->name, ".age") != NULL;
	params.dir_fd = open_day(export, day);
	err = params.dir_fd < 0 ? params.dir_fd : shown_new(&export->shown, &params);
	if (params.dir_fd >= 0)
		close(params.dir_fd);
	if (err && err != -ENOMEM) {
		note_missing(file, err);
		err = 0;
	}
	return err ? err : -EAGAIN;
}

/* The next file that a record seals. 0: there is none left. */
static int next_file(struct export *export)
{
	struct sealed_file file;

	while (export->record < export->record_count) {
		if (!export->list.p)
			export->list = sealed_files_list(
				buf_span(&export->records[export->record].line));
		while (sealed_files_next(&export->list, &file))
			if (!span_equal_str(file.state, "removed") &&
				name_ok(file.name) &&
				export->file_count < OUTPUTS_MAX / 2)
				return begin_file(export, &file);
		export->list = (struct span){NULL, 0};
		export->record++;
	}
	return 0;
}

static int step_files(struct export *export, struct err_text *text)
{
	struct export_file *file;
	int err;

	if (!export->shown)
		return next_file(export);
	err = shown_step(export->shown);
	if (err == -EAGAIN)
		return err;
	file = &export->files[export->file_count - 1];
	if (err)
		return err_set(text, err, "cannot read %s: %s", file->name, err_str(err));
	shown_result(export->shown, &file->result);
	shown_free(export->shown);
	export->shown = NULL;
	return -EAGAIN;
}

/* ---- what holds it together ---- */

static int step_texts(struct export *export)
{
	struct buf out;
	int err;

	buf_init(&out, 0);
	export_readme(export, &out);
	err = out.err ? out.err : add(export, "README", "", buf_span(&out));
	buf_clear(&out);
	if (!err) {
		export_manifest(export, &out);
		err = out.err ? out.err
			      : add(export, "manifest.json", "", buf_span(&out));
	}
	buf_free(&out);
	return err;
}

static bool any_h(void *arg, struct span line)
{
	const struct export *export = arg;

	return span_find(line, span_of("\"kind\":\"export\"")) &&
	       span_find(line, span_of(export->sums));
}

static int step_sums(struct export *export)
{
	struct entry_export entry = {.who = export->who,
		.recipient = export->recipient,
		.id = export->call,
		.only_sip = export->only_sip,
		.hide_numbers = export->hide_numbers,
		.sums = export->sums};
	struct tlog_hash hash;
	struct digest *digest;
	struct buf out;
	int err = digest_new(&digest);

	if (err)
		return err;
	buf_init(&out, 0);
	outputs_sums(export->outputs, &out);
	err = out.err ? out.err : add(export, "SHA256SUMS", "", buf_span(&out));
	digest_add(digest, out.data, out.len);
	digest_take(digest, &hash);
	digest_text(&hash, export->sums);
	digest_free(digest);
	buf_free(&out);
	if (!err)
		export->record_h(export->arg, &entry);
	return err;
}

/* The record that seals the sums, with its proof. */
static int step_seal(struct export *export, struct err_text *text)
{
	struct span line;
	struct buf proof;
	uint64_t index;
	int err = export->find ? 0 : begin_find(export, export->sums, any_h, text);

	if (!err)
		err = record_find_step(export->find, &line);
	if (err == -EAGAIN)
		return err;
	buf_init(&proof, 0);
	if (!err)
		err = prove(export, line, &index, &proof, text);
	if (!err)
		err = add(export, "export", ".json", line);
	if (!err)
		err = add(export, "export", ".proof", buf_span(&proof));
	buf_free(&proof);
	record_find_free(export->find);
	export->find = NULL;
	/* it waits in memory, while the disk fails */
	if (err == -ENOENT && export->tries++ < TRIES_MAX)
		return -EBUSY;
	if (err == -ENOENT)
		err_set(text, ERR_STATE, "the record of the export is not written");
	return err;
}

enum phase { FIND, RECORDS, CHECKPOINT, FILES, TEXTS, SUMS, SEAL, DONE };

static int step(struct export *export, struct err_text *text)
{
	switch ((enum phase) export->phase) {
	case FIND:
		return step_find(export, text);
	case RECORDS:
		return step_record(export, text);
	case CHECKPOINT:
		export->record = 1;
		return step_checkpoint(export, text);
	case FILES:
		return step_files(export, text);
	case TEXTS:
		return step_texts(export);
	case SUMS:
		record_find_free(export->find);
		export->find = NULL;
		return step_sums(export);
	case SEAL:
		return step_seal(export, text);
	case DONE:
		break;
	}
	return 0;
}

int export_step(struct export *export, struct err_text *text)
{
	int err = step(export, text);

	if (err == 0 && export->phase < DONE)
		export->phase++;
	if (err == 0)
		return export->phase == DONE ? 0 : -EAGAIN;
	if (err != -EAGAIN && err != -EBUSY && text->text[0] == '\0')
		err_set(text, err, "the bundle cannot be made: %s", err_str(err));
	return err;
}

int export_new(
	struct export **ret, const struct export_params *params, struct err_text *text)
{
	struct export *export;
	uint64_t number;
	int err;

	if (!store_id_ok(params->call) ||
		span_uint(span_of(params->call), INT64_MAX, &number) == 0)
		return err_set(text, ERR_FORMAT, "%.40s: no id of a call", params->call);
	export = calloc(1, sizeof(*export));
	if (!export)
		return err_set(text, -ENOMEM, "out of memory");
	export->state_dir = strdup(params->state_dir);
	export->log = strdup(params->log);
	export->who = strdup(params->who);
	export->recipient = strdup(params->recipient);
	snprintf(export->call, sizeof(export->call), "%s", params->call);
	export->only_sip = params->only_sip;
	export->hide_numbers = params->hide_numbers;
	export->record_h = params->record_h;
	export->arg = params->arg;
	buf_init(&export->records[0].line, 0);
	export->record_count = 1;
	clock_text(clock_real()->wall_us(clock_real()), export->made);
	err = export->state_dir && export->log && export->who && export->recipient
		      ? outputs_new(&export->outputs, params->piece_h, params->arg)
		      : -ENOMEM;
	if (err)
		err_set(text, err, "out of memory");
	if (err) {
		export_free(export);
		return err;
	}
	*ret = export;
	return 0;
}

void export_free(struct export *export)
{
	if (!export)
		return;
	for (unsigned i = 0; i < export->record_count; i++)
		buf_free(&export->records[i].line);
	record_find_free(export->find);
	shown_free(export->shown);
	outputs_free(export->outputs);
	free(export->state_dir);
	free(export->log);
	free(export->who);
	free(export->recipient);
	free(export);
}
