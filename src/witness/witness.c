#include "witness/witness.h"

#include "evidence/cosign.h"
#include "evidence/logbook_file.h"
#include "evidence/submit.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* "log-<hash of the origin>" and "log-<hash>.conflict", with NUL. */
#define FILE_SIZE (4 + 2 * TLOG_HASH_LEN + 10)
#define KEYS_MAX 8
#define TEXT_TYPE "text/plain; charset=utf-8"

struct seen {
	char name[NOTE_NAME_MAX + 1];
	char file[FILE_SIZE];
	struct note_key keys[KEYS_MAX];
	unsigned key_count;
	uint64_t size; /* 0: nothing was seen */
	struct tlog_hash root;
};

struct witness {
	int state_fd;
	const struct note_key *key;
	const struct ed25519 *signer;
	struct seen *logs;
	unsigned log_count;
};

int witness_new(struct witness **ret, int state_fd, const struct note_key *key,
	const struct ed25519 *signer)
{
	struct witness *witness = calloc(1, sizeof(*witness));

	if (witness)
		witness->logs = calloc(WITNESS_LOGS_MAX, sizeof(*witness->logs));
	if (!witness || !witness->logs) {
		free(witness);
		close(state_fd);
		return -ENOMEM;
	}
	witness->state_fd = state_fd;
	witness->key = key;
	witness->signer = signer;
	*ret = witness;
	return 0;
}

void witness_free(struct witness *witness)
{
	if (!witness)
		return;
	close(witness->state_fd);
	free(witness->logs);
	free(witness);
}

static struct seen *find(struct witness *witness, struct span origin)
{
	for (unsigned i = 0; i < witness->log_count; i++)
		if (span_equal_str(origin, witness->logs[i].name))
			return &witness->logs[i];
	return NULL;
}

/* A tree without entries has the hash of nothing: RFC 6962 2.1. */
static void empty_root(struct tlog_hash *ret)
{
	const struct tlog_tree empty = {.size = 0};

	tlog_tree_root(&empty, ret);
}

/* What was kept of a log. */
static int read_seen(struct witness *witness, struct seen *seen, struct err_text *text)
{
	struct logbook_note kept;
	int err = logbook_read_note(&kept, witness->state_fd, seen->file);

	empty_root(&seen->root);
	if (err == -ENOENT)
		return 0;
	if (!err) {
		if (span_equal_str(kept.checkpoint.origin, seen->name)) {
			seen->size = kept.checkpoint.size;
			seen->root = kept.checkpoint.root;
		} else {
			err = ERR_TRUST;
		}
		logbook_free_note(&kept);
	}
	return err ? err_set(text, err, "%s: what was seen of %s cannot be read: %s",
			     seen->file, seen->name, err_str(err))
		   : 0;
}

int witness_add_log(
	struct witness *witness, const struct note_key *log, struct err_text *text)
{
	struct seen *seen = find(witness, span_of(log->name));
	struct tlog_hash hash;
	int err;

	if (seen) {
		if (seen->key_count == KEYS_MAX)
			return err_set(text, ERR_LIMIT, "%s has more than %d keys",
				log->name, KEYS_MAX);
		seen->keys[seen->key_count++] = *log;
		return 0;
	}
	if (witness->log_count == WITNESS_LOGS_MAX)
		return err_set(text, ERR_LIMIT, "more than %d logs", WITNESS_LOGS_MAX);
	seen = &witness->logs[witness->log_count];
	snprintf(seen->name, sizeof(seen->name), "%s", log->name);
	err = tlog_leaf(&hash, span_of(seen->name));
	if (err)
		return err_set(text, err, "%s", err_str(err));
	snprintf(seen->file, sizeof(seen->file), "log-");
	for (unsigned i = 0; i < TLOG_HASH_LEN; i++)
		snprintf(seen->file + 4 + 2 * i, 3, "%02x", hash.bytes[i]);
	seen->keys[0] = *log;
	seen->key_count = 1;
	err = read_seen(witness, seen, text);
	if (!err)
		witness->log_count++;
	return err;
}

/* Judging */

__attribute__((format(printf, 3, 4))) static void refuse(
	struct witness_answer *ret, unsigned status, const char *format, ...)
{
	va_list args;

	ret->status = status;
	va_start(args, format);
	vsnprintf(ret->why, sizeof(ret->why), format, args);
	va_end(args);
	buf_clear(&ret->body);
	ret->type = TEXT_TYPE;
	buf_add_str(&ret->body, ret->why);
	buf_add_char(&ret->body, '\n');
}

static void refuse_size(
	struct witness_answer *ret, const struct seen *seen, const char *why)
{
	refuse(ret, 409, "%s", why);
	buf_clear(&ret->body);
	ret->type = SUBMIT_SIZE_TYPE;
	buf_add_uint(&ret->body, seen->size);
	buf_add_char(&ret->body, '\n');
}

static bool is_signed(const struct seen *seen, const struct note *note)
{
	bool is = false;
	int err;

	for (unsigned i = 0; i < seen->key_count; i++) {
		err = note_verify(note, &seen->keys[i]);
		if (err == ERR_TRUST)
			return false;
		is |= err == 0;
	}
	return is;
}

/* The last one of a log that contradicts what was seen, signed as it is, may be needed. */
static void keep_conflict(
	struct witness *witness, const struct seen *seen, struct span note)
{
	char name[FILE_SIZE + 16];

	snprintf(name, sizeof(name), "%s.conflict", seen->file);
	(void)logbook_replace(witness->state_fd, name, note);
}

/* Whether CHECKPOINT grew from what was seen: tlog-witness, add-checkpoint. */
static bool has_grown(const struct seen *seen, const struct submission *submission,
	const struct checkpoint *checkpoint)
{
	if (submission->old == 0)
		return submission->proof.count == 0;
	return tlog_check_growth(&submission->proof, submission->old, &seen->root,
		checkpoint->size, &checkpoint->root);
}

/* Everything but the signature: false with the refusal in RET. */
static bool is_next(struct witness *witness, const struct seen *seen,
	const struct submission *submission, const struct checkpoint *checkpoint,
	struct witness_answer *ret)
{
	if (submission->old > checkpoint->size) {
		refuse(ret, 400, "the old size is above the size of the checkpoint");
		return false;
	}
	if (submission->old != seen->size) {
		refuse_size(ret, seen, "the old size is not the one that was seen last");
		return false;
	}
	if (submission->old == checkpoint->size) {
		if (!tlog_equal(&seen->root, &checkpoint->root)) {
			keep_conflict(witness, seen, submission->note);
			refuse_size(ret, seen, "another root was seen at this size");
			return false;
		}
		if (submission->proof.count > 0) {
			refuse(ret, 422, "a proof where nothing is to be proved");
			return false;
		}
		return true;
	}
	if (!has_grown(seen, submission, checkpoint)) {
		keep_conflict(witness, seen, submission->note);
		refuse(ret, 422, "the log did not grow from what was seen last");
		return false;
	}
	return true;
}

static void cosign(struct witness *witness, struct seen *seen,
	const struct submission *submission, const struct note *note,
	const struct checkpoint *checkpoint, uint64_t time_s, struct witness_answer *ret)
{
	int err =
		cosign_add(&ret->body, witness->key, witness->signer, note->text, time_s);

	/* What was seen is kept before anybody hears of it. */
	if (!err)
		err = logbook_replace(witness->state_fd, seen->file, submission->note);
	if (!err && fsync(witness->state_fd) < 0)
		err = -errno;
	if (err) {
		refuse(ret, 500, "it cannot be kept");
		return;
	}
	seen->size = checkpoint->size;
	seen->root = checkpoint->root;
	ret->status = 200;
	ret->type = TEXT_TYPE;
	snprintf(ret->why, sizeof(ret->why), "%" PRIu64 " records", checkpoint->size);
}

void witness_judge(struct witness *witness, struct span body, uint64_t time_s,
	struct witness_answer *ret)
{
	struct submission submission;
	struct checkpoint checkpoint;
	struct seen *seen;
	struct note note;

	*ret = (struct witness_answer){.log = ""};
	buf_init(&ret->body, 0);
	if (submit_read(&submission, body) != 0 ||
		note_read(&note, submission.note) != 0 ||
		checkpoint_read(&checkpoint, note.text) != 0) {
		refuse(ret, 400, "it is no submission of a checkpoint");
		return;
	}
	seen = find(witness, checkpoint.origin);
	if (seen)
		ret->log = seen->name;
	if (!seen)
		refuse(ret, 404, "a log that is not known here");
	else if (!is_signed(seen, &note))
		refuse(ret, 403, "it is not signed by a key of that log");
	else if (is_next(witness, seen, &submission, &checkpoint, ret))
		cosign(witness, seen, &submission, &note, &checkpoint, time_s, ret);
}
