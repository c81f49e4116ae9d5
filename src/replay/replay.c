#include "replay/replay.h"

#include "admin/api.h"
#include "admin/moment.h"
#include "audit/cdr_scan.h"
#include "config/config.h"
#include "process/user.h"
#include "replay/outcome.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define US_PER_S UINT64_C(1000000)

/* What is counted of the calls. */
struct counts {
	uint64_t changes[OUTCOME_CHANGES];
	uint64_t captured; /* of these: their INVITE is that which came */
	uint64_t ours, callbacks, unreadable;
	uint64_t damaged;   /* captures that cannot be used */
	uint64_t encrypted; /* captures for other eyes */
};

struct replay {
	const struct replay_question *question;
	struct world before, after; /* BEFORE is zeroed where records are compared with */
	int audit_fd;               /* the folder of captures; negative: there is none */
	struct counts counts;
	json_t *rows;
	int err; /* what stopped it */
};

/* ---- one call ---- */

static json_t *row_json(const struct past *past, enum outcome_change change,
	json_t *before, json_t *after)
{
	char via[80];

	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:s, s:s, s:o, s:o}", "id",
		api_text(past->id), "start", api_text(past->start), "via",
		api_text(trunk_name_of(past->kind, past->via, via)), "from",
		api_text(past->from), "to", api_text(past->to), "known_by",
		past->captured ? "capture" : "record", "change",
		outcome_change_name(change), "before", before, "after", after);
}

static int compare(struct replay *replay, const struct past *past)
{
	struct outcome before = {0}, after = {0};
	enum outcome_change change = OUTCOME_SAME;
	int err = outcome_find(&after, &replay->after, past);

	if (!err && replay->before.config)
		err = outcome_find(&before, &replay->before, past);
	if (!err) {
		change = replay->before.config ? outcome_compare(&before, &after)
					       : outcome_compare_past(past, &after);
		replay->counts.changes[change]++;
		replay->counts.captured += past->captured;
	}
	if (!err && change != OUTCOME_SAME &&
		json_array_size(replay->rows) < replay->question->rows_max &&
		json_array_append_new(replay->rows,
			row_json(past, change,
				replay->before.config ? outcome_json(&before, &after)
						      : outcome_past_json(past),
				outcome_json(
					&after, replay->before.config ? &before : NULL))))
		err = -ENOMEM;
	outcome_free(&before);
	outcome_free(&after);
	return err;
}

static void record_h(void *arg, const struct cdr *cdr)
{
	struct replay *replay = arg;
	struct counts *counts = &replay->counts;
	struct past past;

	if (replay->err || cdr->message) /* it is no call */
		return;
	switch (past_read(&past, cdr->line, replay->audit_fd)) {
	case PAST_CALL:
		replay->err = compare(replay, &past);
		break;
	case PAST_OURS:
		counts->ours++;
		break;
	case PAST_CALLBACK:
		counts->callbacks++;
		break;
	case PAST_BAD:
		counts->unreadable++;
		break;
	}
	counts->damaged += past.damaged;
	counts->encrypted += past.encrypted;
	past_free(&past);
}

static int read_records(
	struct replay *replay, struct cdr_scan_counts *ret, struct err_text *text)
{
	const char *state_dir = replay->after.config->tandem.state_dir;
	struct cdr_scan *scan;
	int err;

	if (replay->before.config)
		state_dir = replay->before.config->tandem.state_dir;
	err = cdr_scan_new(
		&scan, state_dir, (uint64_t)replay->question->since * US_PER_S, text);
	if (err)
		return err;
	do {
		err = cdr_scan_step(scan, record_h, replay);
	} while (err == -EAGAIN && !replay->err);
	if (replay->err)
		err = replay->err;
	if (err)
		err_set(text, err, "cannot read the call records in %s: %s", state_dir,
			err_str(err));
	*ret = *cdr_scan_counts(scan);
	cdr_scan_free(scan);
	return err;
}

/* The folder of the captures of CONFIG's calls; without one only records are read. */
static int open_audit(const struct config *config)
{
	char *path;
	int fd;

	if (asprintf(&path, "%s/audit", config->tandem.state_dir) < 0)
		return -1;
	fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	free(path);
	return fd;
}

/* ---- the configurations ---- */

/* The file that is meant by PATH, to be freed; NULL without memory. */
static char *file_of(const char *path)
{
	struct stat st;
	char *file;

	if (stat(path, &st) == 0 && S_ISDIR(st.st_mode))
		return asprintf(&file, "%s/tandem.conf", path) < 0 ? NULL : file;
	return strdup(path);
}

static int load(
	struct config **ret, const char *path, struct buf *errors, struct err_text *text)
{
	struct config_errors found;
	char *file = file_of(path);
	int err;

	if (!file)
		return -ENOMEM;
	config_errors_init(&found);
	err = config_load(ret, file, &found);
	if (found.text.len)
		buf_add(errors, found.text.data, found.text.len);
	if (err == ERR_CONFIG || err == -ENOENT)
		err = err_set(text, ERR_CONFIG, "%s is invalid", file);
	else if (err)
		err_set(text, err, "%s: %s", file, err_str(err));
	config_errors_free(&found);
	free(file);
	return err;
}

/* From then on all is read with the server's rights. */
static int become(const struct config *config, bool *ret_changed, struct err_text *text)
{
	const struct passwd *user;
	int err;

	*ret_changed = false;
	/* others read what they may */
	if (geteuid() != 0)
		return 0;
	err = user_find(config->tandem.user, &user, text);
	*ret_changed = !err && user;
	return *ret_changed ? user_become(user, (gid_t)-1, text) : err;
}

static int load_current(struct config **ret, const struct replay_question *question,
	struct buf *errors, struct err_text *text)
{
	struct config *config;
	bool changed;
	int err = load(&config, question->current, errors, text);

	if (err)
		return err;
	err = become(config, &changed, text);
	if (!err && changed) {
		config_unref(config);
		return load(ret, question->current, errors, text);
	}
	if (err)
		config_unref(config);
	else
		*ret = config;
	return err;
}

static int open_worlds(struct replay *replay, struct buf *errors, struct err_text *text)
{
	const struct replay_question *question = replay->question;
	struct config *current, *other;
	int err = load_current(&current, question, errors, text);

	if (err)
		return err;
	if (!question->other)
		return world_open(&replay->after, current);
	err = world_open(&replay->before, current);
	if (!err)
		err = load(&other, question->other, errors, text);
	return err ? err : world_open(&replay->after, other);
}

/* ---- the whole ---- */

static json_t *result_json(
	const struct replay *replay, const struct cdr_scan_counts *records)
{
	const struct counts *counts = &replay->counts;
	const struct config *before = replay->before.config;
	json_t *changes = json_object();
	uint64_t calls = 0;

	for (unsigned i = 0; i < OUTCOME_CHANGES; i++) {
		json_object_set_new(changes, outcome_change_name((enum outcome_change)i),
			json_integer((json_int_t)counts->changes[i]));
		calls += counts->changes[i];
	}
	return json_pack(
		"{s:o, s:o, s:s, s:I, s:o, s:I, s:I, s:I, s:I, s:b, s:I, s:I, s:o, s:I}",
		"since", moment_json(replay->question->since), "before",
		before ? api_text(before->file) : json_null(), "after",
		replay->after.config->file, "calls", (json_int_t)calls, "changes",
		changes, "captured", (json_int_t)counts->captured, "own_calls",
		(json_int_t)counts->ours, "callbacks", (json_int_t)counts->callbacks,
		"unreadable_records",
		(json_int_t)(counts->unreadable + records->unreadable), "files_unread",
		(int)records->unread, "damaged_captures", (json_int_t)counts->damaged,
		"encrypted_captures", (json_int_t)counts->encrypted, "rows",
		json_incref(replay->rows), "rows_left_out",
		(json_int_t)(calls - counts->changes[OUTCOME_SAME] -
			     json_array_size(replay->rows)));
}

int replay_run(const struct replay_question *question, json_t **ret_result,
	struct buf *errors, struct err_text *text)
{
	struct replay replay = {
		.question = question, .audit_fd = -1, .rows = json_array()};
	struct cdr_scan_counts records;
	int err = open_worlds(&replay, errors, text);

	if (!err) {
		replay.audit_fd = open_audit(replay.before.config ? replay.before.config
								  : replay.after.config);
		err = read_records(&replay, &records, text);
	}
	if (!err)
		*ret_result = result_json(&replay, &records);
	else if (!text->text[0])
		err_set(text, err, "%s", err_str(err));
	if (replay.audit_fd >= 0)
		close(replay.audit_fd);
	json_decref(replay.rows);
	world_close(&replay.before);
	world_close(&replay.after);
	return err;
}
