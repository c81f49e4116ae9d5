#include "audit/proving.h"

#include "audit/witnesses.h"
#include "evidence/checkpoint.h"
#include "evidence/head.h"
#include "evidence/logbook.h"
#include "evidence/note.h"
#include "evidence/stamp.h"
#include "evidence/tiles.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* A checkpoint below the log's folder, and its note. 0 or negative. */
static int read_note(struct checkpoint *ret, struct note *ret_note, struct buf *whole,
	int dir_fd, const char *name)
{
	int err = logbook_read_file(dir_fd, name, NOTE_MAX, whole);

	if (!err)
		err = note_read(ret_note, buf_span(whole));
	return err ? err : checkpoint_read(ret, ret_note->text);
}

/* Whether a key of the log has signed both. */
static bool has_same_key(const struct note *a, const struct note *b, struct span origin)
{
	for (unsigned i = 0; i < a->count; i++)
		for (unsigned k = 0; k < b->count; k++)
			if (span_equal(a->signatures[i].name, origin) &&
				span_equal(b->signatures[k].name, origin) &&
				a->signatures[i].id == b->signatures[k].id)
				return true;
	return false;
}

/* The checkpoint that others vouch for, where it has record INDEX and is signed by the key that the log has now; else the last one. */
static int read_checkpoint(struct checkpoint *ret, struct buf *whole, int dir_fd,
	uint64_t index, struct err_text *text)
{
	struct checkpoint seen;
	struct note note, witnessed;
	struct buf other;
	int err = read_note(ret, &note, whole, dir_fd, "checkpoint");

	if (err == -ENOENT)
		return err_set(text, ERR_STATE, "nothing is signed yet");
	if (err)
		return err_set(text, err, "cannot read the checkpoint: %s", err_str(err));
	buf_init(&other, 0);
	if (read_note(&seen, &witnessed, &other, dir_fd, WITNESSES_FILE) == 0 &&
		index < seen.size && has_same_key(&note, &witnessed, ret->origin)) {
		buf_free(whole);
		*whole = other;
		*ret = seen;
		return 0;
	}
	buf_free(&other);
	return 0;
}

static int prove(struct tlog_proof *ret, uint64_t index, struct span line,
	const struct checkpoint *checkpoint, int dir_fd, struct err_text *text)
{
	struct tiles *tiles = malloc(sizeof(*tiles));
	struct tlog_hash leaf;
	int err = tiles ? tlog_leaf(&leaf, line) : -ENOMEM;

	if (!err) {
		tiles_init(tiles, dir_fd, checkpoint->size);
		err = tlog_prove_entry(ret, index, checkpoint->size, tiles_read, tiles);
	}
	free(tiles);
	if (err)
		return err_set(text, err, "cannot read the tiles: %s", err_str(err));
	if (!tlog_check_entry(ret, &leaf, index, checkpoint->size, &checkpoint->root))
		return err_set(text, ERR_TRUST,
			"record %" PRIu64 " is not what was signed", index);
	return 0;
}

/* The folder of the log, or negative with TEXT. */
static int open_log(const char *state_dir, struct err_text *text)
{
	char path[4200];
	int dir_fd;

	snprintf(path, sizeof(path), "%s/log", state_dir);
	dir_fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return dir_fd < 0 ? err_set(text, -errno, "cannot open %s: %s", path,
				    err_str(-errno))
			  : dir_fd;
}

/* By CHECKPOINT, whose whole text is NOTE. */
static int make(struct buf *out, uint64_t index, struct span line,
	const struct checkpoint *checkpoint, struct span note, int dir_fd,
	struct err_text *text)
{
	struct tlog_proof proof;
	int err = prove(&proof, index, line, checkpoint, dir_fd, text);

	if (err)
		return err;
	proof_write(out, line, index, &proof, note);
	return out->err;
}

int proving_make(struct buf *out, uint64_t *ret_index, const char *state_dir,
	struct span line, struct err_text *text)
{
	struct checkpoint checkpoint;
	struct buf note;
	uint64_t index;
	int dir_fd, err;

	if (head_read(line, &index) != 0)
		return err_set(text, ERR_FORMAT, "it is no record of a log");
	dir_fd = open_log(state_dir, text);
	if (dir_fd < 0)
		return dir_fd;
	buf_init(&note, 0);
	err = read_checkpoint(&checkpoint, &note, dir_fd, index, text);
	if (!err && index >= checkpoint.size)
		err = err_set(text, ERR_STATE,
			"record %" PRIu64 " is not signed yet; ask again in a second",
			index);
	if (!err)
		err = make(out, index, line, &checkpoint, buf_span(&note), dir_fd, text);
	if (!err)
		*ret_index = index;
	buf_free(&note);
	close(dir_fd);
	return err;
}

int proving_make_stamped(struct buf *out, const char *state_dir, struct span line,
	uint64_t size, struct err_text *text)
{
	char name[STAMP_PATH_SIZE];
	struct checkpoint checkpoint;
	struct buf whole;
	struct note note;
	uint64_t index;
	int dir_fd, err;

	if (head_read(line, &index) != 0)
		return err_set(text, ERR_FORMAT, "it is no record of a log");
	dir_fd = open_log(state_dir, text);
	if (dir_fd < 0)
		return dir_fd;
	buf_init(&whole, 0);
	err = read_note(&checkpoint, &note, &whole, dir_fd, stamp_note_path(size, name));
	if (!err && index >= checkpoint.size)
		err = -ENOENT;
	if (err)
		err_set(text, err, "cannot use %s: %s", name, err_str(err));
	else
		err = make(out, index, line, &checkpoint, buf_span(&whole), dir_fd, text);
	buf_free(&whole);
	close(dir_fd);
	return err;
}
