#include "audit/proving.h"

#include "evidence/head.h"
#include "evidence/logbook_file.h"
#include "evidence/stamp.h"
#include "evidence/tiles.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <unistd.h>

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
static int read_checkpoint(
	struct logbook_note *ret, int dir_fd, uint64_t index, struct err_text *text)
{
	struct logbook_note witnessed;
	int err = logbook_read_note(ret, dir_fd, LOGBOOK_CHECKPOINT);

	if (err == -ENOENT)
		return err_set(text, ERR_STATE, "nothing is signed yet");
	if (err)
		return err_set(text, err, "cannot read the checkpoint: %s", err_str(err));
	if (logbook_read_note(&witnessed, dir_fd, LOGBOOK_WITNESSED) != 0)
		return 0;
	if (index < witnessed.checkpoint.size &&
		has_same_key(&ret->note, &witnessed.note, ret->checkpoint.origin)) {
		logbook_free_note(ret);
		*ret = witnessed;
	} else {
		logbook_free_note(&witnessed);
	}
	return 0;
}

static int prove(struct tlog_proof *ret, uint64_t index, const struct tlog_hash *leaf,
	const struct checkpoint *checkpoint, int dir_fd, struct err_text *text)
{
	struct tiles *tiles = malloc(sizeof(*tiles));
	int err = tiles ? 0 : -ENOMEM;

	if (!err) {
		tiles_init(tiles, dir_fd, checkpoint->size);
		err = tlog_prove_entry(ret, index, checkpoint->size, tiles_read, tiles);
	}
	free(tiles);
	if (err)
		return err_set(text, err, "cannot read the tiles: %s", err_str(err));
	if (!tlog_check_entry(ret, leaf, index, checkpoint->size, &checkpoint->root))
		return err_set(text, ERR_TRUST,
			"record %" PRIu64 " is not what was signed", index);
	return 0;
}

static int open_log(const char *state_dir, struct err_text *text)
{
	const int fd = logbook_open_folder(state_dir);

	return fd < 0 ? err_set(text, fd, "cannot open %s/" LOGBOOK_FOLDER ": %s",
				state_dir, err_str(fd))
		      : fd;
}

/* By NOTE; EXTRA goes along. */
static int make(struct buf *out, uint64_t index, const struct tlog_hash *leaf,
	struct span extra, const struct logbook_note *note, int dir_fd,
	struct err_text *text)
{
	struct tlog_proof proof;
	int err = prove(&proof, index, leaf, &note->checkpoint, dir_fd, text);

	if (err)
		return err;
	proof_write(out, extra, index, &proof, buf_span(&note->whole));
	return out->err;
}

int proving_make(struct buf *out, uint64_t *ret_index, const char *state_dir,
	struct span line, struct err_text *text)
{
	struct logbook_note note;
	struct tlog_hash leaf;
	uint64_t index;
	int dir_fd, err;

	if (head_read(line, &index) != 0)
		return err_set(text, ERR_FORMAT, "it is no record of a log");
	if (tlog_leaf(&leaf, line) != 0)
		return err_set(text, -ENOMEM, "out of memory");
	dir_fd = open_log(state_dir, text);
	if (dir_fd < 0)
		return dir_fd;
	err = read_checkpoint(&note, dir_fd, index, text);
	if (!err) {
		err = index < note.checkpoint.size
			      ? make(out, index, &leaf, line, &note, dir_fd, text)
			      : err_set(text, ERR_STATE,
					"record %" PRIu64
					" is not signed yet; ask again in a second",
					index);
		logbook_free_note(&note);
	}
	if (!err)
		*ret_index = index;
	close(dir_fd);
	return err;
}

int proving_make_stamped(struct buf *out, const char *state_dir, uint64_t index,
	const struct tlog_hash *leaf, uint64_t size, struct err_text *text)
{
	const struct span none = {NULL, 0};
	char name[STAMP_PATH_SIZE];
	struct logbook_note note;
	int dir_fd = open_log(state_dir, text), err;

	if (dir_fd < 0)
		return dir_fd;
	err = logbook_read_note(&note, dir_fd, stamp_note_path(size, name));
	if (err) {
		err_set(text, err, "cannot use %s: %s", name, err_str(err));
	} else {
		err = index < note.checkpoint.size
			      ? make(out, index, leaf, none, &note, dir_fd, text)
			      : err_set(text, -ENOENT, "%s has no record %" PRIu64, name,
					index);
		logbook_free_note(&note);
	}
	close(dir_fd);
	return err;
}
