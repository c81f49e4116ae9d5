#include "evidence/logbook.h"

#include "base/regular.h"
#include "evidence/tiles.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define CHECKPOINT "checkpoint"

struct logbook {
	int dir_fd;
	const struct ed25519 *signer;
	struct note_key key;
	struct tlog_tree tree;
	/* The last tile of each level; what is behind its width is of no meaning. */
	struct tlog_hash rows[TILE_LEVELS][TILE_WIDTH];
	uint64_t published; /* entries of the checkpoint in the folder */
	/* What was signed for PUBLISHED entries, while the tree has fewer. */
	struct tlog_hash signed_root;
	bool refused; /* its entries are not what was signed */
	/* Widths of the last tiles as they are in the folder. */
	uint64_t written[TILE_LEVELS]; /* hashes of the level */
};

/* Files */

int logbook_read_file(int dir_fd, const char *name, size_t max, struct buf *ret)
{
	struct stat st;
	int fd = regular_open(dir_fd, name, &st);
	ssize_t n = 0;
	char *room;
	int err = 0;

	if (fd < 0)
		return fd;
	if (st.st_size > (off_t)max)
		err = ERR_LIMIT;
	if (err || st.st_size == 0)
		goto out;
	room = buf_reserve(ret, (size_t)st.st_size);
	if (!room) {
		err = -ENOMEM;
		goto out;
	}
	n = pread(fd, room, (size_t)st.st_size, 0);
	if (n < 0)
		err = -errno;
	else
		ret->len += (size_t)n;
out:
	close(fd);
	return err;
}

/* SYNC: it is on the disk when this returns. */
static int write_file(
	int dir_fd, const char *name, const void *data, size_t len, bool sync)
{
	int fd = openat(dir_fd, name,
		O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK, 0640);
	ssize_t n;
	int err = 0;

	if (fd < 0)
		return -errno;
	errno = 0;
	n = write(fd, data, len);
	if (n != (ssize_t)len)
		err = errno > 0 ? -errno : -ENOSPC;
	if (!err && sync && fdatasync(fd) < 0)
		err = -errno;
	if (close(fd) < 0 && !err)
		err = -errno;
	return err;
}

int logbook_replace(int dir_fd, const char *name, struct span text)
{
	char made[64];
	int err;

	snprintf(made, sizeof(made), ".%s.new", name);
	/* Else some file systems have an empty file after a loss of power. */
	err = write_file(dir_fd, made, text.p, text.len, true);
	if (!err && renameat(dir_fd, made, dir_fd, name) < 0)
		err = -errno;
	if (err)
		unlinkat(dir_fd, made, 0);
	return err;
}

/* Makes the folders that PATH is in. */
static int make_folders(int dir_fd, const char *path)
{
	char part[TILE_PATH_SIZE];
	const char *slash = path;

	while ((slash = strchr(slash, '/'))) {
		snprintf(part, sizeof(part), "%.*s", (int)(slash - path), path);
		if (mkdirat(dir_fd, part, 0750) < 0 && errno != EEXIST)
			return -errno;
		slash++;
	}
	return 0;
}

static int write_tile(
	struct logbook *logbook, const struct tile *tile, const struct tlog_hash *hashes)
{
	size_t len = (size_t)tile->width * TLOG_HASH_LEN;
	char path[TILE_PATH_SIZE];
	int err;

	tile_path(tile, path);
	err = write_file(logbook->dir_fd, path, hashes, len, false);
	if (err != -ENOENT)
		return err;
	err = make_folders(logbook->dir_fd, path);
	return err ? err : write_file(logbook->dir_fd, path, hashes, len, false);
}

/* The full tile is there: those of its beginnings are not needed any more. */
static void remove_partial(struct logbook *logbook, const struct tile *tile)
{
	char path[TILE_PATH_SIZE];
	struct dirent *entry;
	DIR *folder;
	int fd;

	fd = openat(logbook->dir_fd, tile_partial_folder(tile, path),
		O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return;
	folder = fdopendir(fd);
	if (!folder) {
		close(fd);
		return;
	}
	while ((entry = readdir(folder)))
		if (entry->d_name[0] != '.')
			unlinkat(fd, entry->d_name, 0);
	closedir(folder);
	unlinkat(logbook->dir_fd, path, AT_REMOVEDIR);
}

/* Going on */

/* The hashes of the last tile of LEVEL, above 0: each is the root over a full tile below it. Where one of these cannot be read
 * *RET_WHOLE is how many entries those before it have. */
static int load_row(
	struct logbook *logbook, unsigned level, uint64_t size, uint64_t *ret_whole)
{
	uint64_t first = size >> 8 * level & ~(uint64_t)(TILE_WIDTH - 1);
	unsigned width = (unsigned)(size >> 8 * level) % TILE_WIDTH;
	struct tlog_hash hashes[TILE_WIDTH];
	int err;

	for (unsigned i = 0; i < width; i++) {
		const struct tile below = {
			.level = level - 1, .index = first + i, .width = TILE_WIDTH};

		err = tiles_load(logbook->dir_fd, &below, hashes);
		if (err) {
			*ret_whole = below.index << 8 * level;
			return err;
		}
		tile_root(&logbook->rows[level][i], hashes, TILE_WIDTH);
	}
	logbook->written[level] = size >> 8 * level;
	return 0;
}

/* The roots of complete subtrees are those over parts of the rows. */
static void tree_of_rows(struct logbook *logbook, uint64_t size)
{
	unsigned count = 0;

	for (unsigned level = TILE_LEVELS; level-- > 0;) {
		unsigned width = (unsigned)(size >> 8 * level) % TILE_WIDTH, at = 0;

		for (unsigned part = TILE_WIDTH / 2; part > 0; part /= 2) {
			if (!(width & part))
				continue;
			tile_root(&logbook->tree.peaks[count++],
				&logbook->rows[level][at], part);
			at += part;
		}
	}
	logbook->tree.size = size;
}

static int load_tree(struct logbook *logbook, uint64_t size, uint64_t *ret_whole)
{
	const struct tile last = {.index = size / TILE_WIDTH, .width = size % TILE_WIDTH};
	int err = 0;

	*ret_whole = size - last.width;
	if (last.width > 0)
		err = tiles_load(logbook->dir_fd, &last, logbook->rows[0]);
	logbook->written[0] = size;
	for (unsigned level = 1; level < TILE_LEVELS && !err; level++)
		err = load_row(logbook, level, size, ret_whole);
	if (!err)
		tree_of_rows(logbook, size);
	return err;
}

static bool is_signed_tree(const struct logbook *logbook)
{
	struct tlog_hash root;

	tlog_tree_root(&logbook->tree, &root);
	return tlog_equal(&root, &logbook->signed_root);
}

/* After a loss of power the last tiles may be missing, or empty: entries are then added again from where the first of them
 * begins. */
static int load_signed(struct logbook *logbook, struct err_text *text)
{
	uint64_t whole, size = logbook->published;
	int err = load_tree(logbook, size, &whole);

	if (!err && is_signed_tree(logbook))
		return 0;
	while (whole < size) {
		size = whole;
		err = load_tree(logbook, size, &whole);
	}
	if (err)
		return err_set(text, err, "the tiles of %s cannot be read: %s",
			logbook->key.name, err_str(err));
	if (size == logbook->published)
		return err_set(text, ERR_TRUST,
			"the tiles of %s are not those that were signed",
			logbook->key.name);
	return 0;
}

static int read_checkpoint(struct logbook *logbook, struct span whole)
{
	struct checkpoint checkpoint;
	struct note note;
	int err = note_read(&note, whole);

	if (!err)
		err = note_verify(&note, &logbook->key);
	if (!err)
		err = checkpoint_read(&checkpoint, note.text);
	if (!err && !span_equal_str(checkpoint.origin, logbook->key.name))
		err = ERR_TRUST;
	if (err)
		return err;
	logbook->published = checkpoint.size;
	logbook->signed_root = checkpoint.root;
	return 0;
}

static int load(struct logbook *logbook, struct err_text *text)
{
	struct buf whole;
	int err;

	buf_init(&whole, 0);
	err = logbook_read_file(logbook->dir_fd, CHECKPOINT, NOTE_MAX, &whole);
	if (err == -ENOENT) {
		err = 0;
		goto out;
	}
	if (!err)
		err = read_checkpoint(logbook, buf_span(&whole));
	if (err)
		err_set(text, err == -ENOENT || err == ERR_FORMAT ? ERR_TRUST : err,
			"the checkpoint of %s is not signed by its key: %s",
			logbook->key.name, err_str(err));
	else if (logbook->published > 0)
		err = load_signed(logbook, text);
out:
	buf_free(&whole);
	return err == -ENOENT || err == ERR_FORMAT ? ERR_TRUST : err;
}

int logbook_new(struct logbook **ret, int dir_fd, const struct ed25519 *signer,
	const char *name, struct err_text *text)
{
	struct logbook *logbook = calloc(1, sizeof(*logbook));
	uint8_t public[ED25519_PUBLIC_LEN];
	int err;

	if (!logbook) {
		close(dir_fd);
		return err_set(text, -ENOMEM, "out of memory");
	}
	logbook->dir_fd = dir_fd;
	logbook->signer = signer;
	ed25519_public(signer, public);
	err = note_key_make(&logbook->key, span_of(name), public);
	if (err)
		err_set(text, err, "\"%s\" cannot be the name of a log", name);
	else
		err = load(logbook, text);
	if (err) {
		logbook_free(logbook);
		return err;
	}
	*ret = logbook;
	return 0;
}

void logbook_free(struct logbook *logbook)
{
	if (!logbook)
		return;
	close(logbook->dir_fd);
	free(logbook);
}

uint64_t logbook_size(const struct logbook *logbook)
{
	return logbook->tree.size;
}

uint64_t logbook_published(const struct logbook *logbook)
{
	return logbook->published;
}

const struct note_key *logbook_key(const struct logbook *logbook)
{
	return &logbook->key;
}

/* Growing */

/* The entry INDEX completes tiles: writes them, from below. */
static int write_full(struct logbook *logbook, uint64_t index)
{
	struct tile tile = {.width = TILE_WIDTH};
	int err;

	for (; tile.level + 1 < TILE_LEVELS; tile.level++) {
		tile.index = index / TILE_WIDTH;
		err = write_tile(logbook, &tile, logbook->rows[tile.level]);
		if (err)
			return err;
		tile_root(&logbook->rows[tile.level + 1][tile.index % TILE_WIDTH],
			logbook->rows[tile.level], TILE_WIDTH);
		remove_partial(logbook, &tile);
		index = tile.index;
		if (index % TILE_WIDTH != TILE_WIDTH - 1)
			break;
	}
	return 0;
}

int logbook_add(struct logbook *logbook, const struct tlog_hash *leaf)
{
	const unsigned at = logbook->tree.size % TILE_WIDTH;
	struct tlog_tree before;
	int err;

	if (logbook->refused)
		return ERR_TRUST;
	logbook->rows[0][at] = *leaf;
	if (at == TILE_WIDTH - 1) {
		err = write_full(logbook, logbook->tree.size);
		if (err)
			return err;
	}
	before = logbook->tree;
	tlog_tree_add(&logbook->tree, leaf);
	if (logbook->tree.size == logbook->published && !is_signed_tree(logbook)) {
		logbook->tree = before;
		logbook->refused = true;
		return ERR_TRUST;
	}
	return 0;
}

static int write_partial(struct logbook *logbook)
{
	int err = 0;

	for (unsigned level = 0; level < TILE_LEVELS && !err; level++) {
		const uint64_t hashes = logbook->tree.size >> 8 * level;
		const struct tile tile = {.level = level,
			.index = hashes / TILE_WIDTH,
			.width = hashes % TILE_WIDTH};

		if (hashes == logbook->written[level])
			continue;
		if (tile.width > 0)
			err = write_tile(logbook, &tile, logbook->rows[level]);
		if (!err)
			logbook->written[level] = hashes;
	}
	return err;
}

static int sign(struct logbook *logbook, struct buf *note)
{
	struct checkpoint checkpoint = {
		.origin = span_of(logbook->key.name), .size = logbook->tree.size};
	uint8_t signature[ED25519_SIGNATURE_LEN];
	int err;

	tlog_tree_root(&logbook->tree, &checkpoint.root);
	checkpoint_write(note, &checkpoint);
	err = note->err ? note->err
			: ed25519_sign(logbook->signer, buf_span(note), signature);
	if (err)
		return err;
	buf_add_char(note, '\n');
	note_add_signature(note, &logbook->key, signature);
	return note->err;
}

int logbook_publish(struct logbook *logbook)
{
	struct buf note;
	int err;

	if (logbook->refused)
		return ERR_TRUST;
	/* Below that is what has yet to be added again. */
	if (logbook->tree.size <= logbook->published)
		return 0;
	err = write_partial(logbook);
	if (err)
		return err;
	buf_init(&note, 0);
	err = sign(logbook, &note);
	if (!err)
		err = logbook_replace(logbook->dir_fd, CHECKPOINT, buf_span(&note));
	if (!err)
		logbook->published = logbook->tree.size;
	buf_free(&note);
	return err;
}
