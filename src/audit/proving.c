#include "audit/proving.h"

#include "evidence/checkpoint.h"
#include "evidence/head.h"
#include "evidence/logbook.h"
#include "evidence/note.h"
#include "evidence/tiles.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static int read_checkpoint(
	struct checkpoint *ret, struct buf *whole, int dir_fd, struct err_text *text)
{
	struct note note = {.count = 0};
	int err = logbook_read_file(dir_fd, "checkpoint", NOTE_MAX, whole);

	if (err == -ENOENT)
		return err_set(text, ERR_STATE, "nothing is signed yet");
	if (!err)
		err = note_read(&note, buf_span(whole));
	if (!err)
		err = checkpoint_read(ret, note.text);
	return err ? err_set(text, err, "cannot read the checkpoint: %s", err_str(err))
		   : 0;
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

int proving_make(struct buf *out, uint64_t *ret_index, const char *state_dir,
	struct span line, struct err_text *text)
{
	struct checkpoint checkpoint;
	struct tlog_proof proof;
	char path[4200];
	struct buf note;
	uint64_t index;
	int dir_fd, err;

	if (head_read(line, &index) != 0)
		return err_set(text, ERR_FORMAT, "it is no record of a log");
	snprintf(path, sizeof(path), "%s/log", state_dir);
	dir_fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (dir_fd < 0)
		return err_set(text, -errno, "cannot open %s: %s", path, err_str(-errno));
	buf_init(&note, 0);
	err = read_checkpoint(&checkpoint, &note, dir_fd, text);
	if (!err && index >= checkpoint.size)
		err = err_set(text, ERR_STATE,
			"record %" PRIu64 " is not signed yet; ask again in a second",
			index);
	if (!err)
		err = prove(&proof, index, line, &checkpoint, dir_fd, text);
	if (!err) {
		proof_write(out, line, index, &proof, buf_span(&note));
		err = out->err;
	}
	if (!err)
		*ret_index = index;
	buf_free(&note);
	close(dir_fd);
	return err;
}
