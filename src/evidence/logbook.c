#include "evidence/logbook.h"

#include "base/regular.h"
#include "evidence/handover.h"
#include "evidence/tiles.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

struct logbook {
	int dir_fd;
	const struct ed25519 *signer;
	struct note_key key;
	/* The log is handed over, once the record HANDOVER_INDEX is in it. */
	const struct ed25519 *next; /* NULL: it is not */
	struct note_key next_key;
	uint64_t handover_index;
	struct buf handover_line;
	struct tlog_tree tree;
	/* The last tile of each level; what is behind its width is of no meaning. */
	struct tlog_hash rows[TILE_LEVELS][TILE_WIDTH];
	uint64_t published; /* entries of the checkpoint in the folder */
	/* The text of the checkpoint that is being signed, and its entries; 0: there is none. A token may take longer than a
	 * second, in which entries are added. */
	struct buf pending;
	uint64_t pending_size;
	/* What was signed for PUBLISHED entries, while the tree has fewer. */
	struct tlog_hash signed_root;
	bool refused; /* its entries are not what was signed */
	/* What a log had whose folder is no more; 0: nothing. */
	uint64_t had;
	struct tlog_hash had_root;
	/* Widths of the last tiles as they are in the folder. */
	uint64_t written[TILE_LEVELS]; /* hashes of the level */
};

/* Files */

static int write_tile(
	struct logbook *logbook, const struct tile *tile, const struct tlog_hash *hashes)
{
	const struct span bytes = {
		(const char *)hashes, (size_t)tile->width * TLOG_HASH_LEN};
	char path[TILE_PATH_SIZE];
	int err;

	tile_path(tile, path);
	err = regular_make(logbook->dir_fd, path, bytes, false);
	if (err != -ENOENT)
		return err;
	err = logbook_make_folders(logbook->dir_fd, path);
	return err ? err : regular_make(logbook->dir_fd, path, bytes, false);
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

/* Whether it is by the log's key. */
static int check_checkpoint(struct logbook *logbook, const struct logbook_note *published)
{
	int err = note_verify(&published->note, &logbook->key);

	if (!err && !span_equal_str(published->checkpoint.origin, logbook->key.name))
		err = ERR_TRUST;
	if (err)
		return err;
	logbook->published = published->checkpoint.size;
	logbook->signed_root = published->checkpoint.root;
	return 0;
}

static int load(struct logbook *logbook, struct err_text *text)
{
	struct logbook_note published;
	int err = logbook_read_note(&published, logbook->dir_fd, LOGBOOK_CHECKPOINT);

	if (err == -ENOENT)
		return 0;
	if (!err) {
		err = check_checkpoint(logbook, &published);
		logbook_free_note(&published);
	}
	if (err)
		err_set(text, err == -ENOENT || err == ERR_FORMAT ? ERR_TRUST : err,
			"the checkpoint of %s is not signed by its key: %s",
			logbook->key.name, err_str(err));
	else if (logbook->published > 0)
		err = load_signed(logbook, text);
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
	buf_init(&logbook->handover_line, 0);
	buf_init(&logbook->pending, 0);
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
	buf_free(&logbook->handover_line);
	buf_free(&logbook->pending);
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

/* Where it has as many entries as the one before had. */
static bool is_what_it_had(const struct logbook *logbook)
{
	struct tlog_hash root;

	if (logbook->tree.size != logbook->had || logbook->had == 0)
		return true;
	tlog_tree_root(&logbook->tree, &root);
	return tlog_equal(&root, &logbook->had_root);
}

int logbook_go_on(struct logbook *logbook, const struct logbook *before)
{
	logbook->had = before->tree.size;
	tlog_tree_root(&before->tree, &logbook->had_root);
	/* of one that has more nobody here knows what is in it */
	logbook->refused = logbook->tree.size > logbook->had ||
			   logbook->published > logbook->had || !is_what_it_had(logbook);
	return logbook->refused ? ERR_TRUST : 0;
}

uint64_t logbook_known(const struct logbook *logbook)
{
	return logbook->had > logbook->tree.size ? logbook->had : logbook->tree.size;
}

bool logbook_is_in(const struct logbook *logbook, const char *path)
{
	struct stat here, there;

	return fstat(logbook->dir_fd, &here) == 0 && lstat(path, &there) == 0 &&
	       here.st_ino == there.st_ino && here.st_dev == there.st_dev;
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
	if ((logbook->tree.size == logbook->published && !is_signed_tree(logbook)) ||
		!is_what_it_had(logbook)) {
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

static int add_signature(struct buf *note, struct span text, const struct note_key *key,
	const struct ed25519 *signer)
{
	uint8_t signature[ED25519_SIGNATURE_LEN];
	int err = ed25519_sign(signer, text, signature);

	if (!err)
		note_add_signature(note, key, signature);
	return err ? err : note->err;
}

/* Whether the checkpoint that is being signed hands over. */
static bool hands_over(const struct logbook *logbook)
{
	return logbook->next && logbook->pending_size > logbook->handover_index;
}

/* The next checkpoint is over all entries that there are. 0 or negative. */
static int begin_checkpoint(struct logbook *logbook)
{
	struct checkpoint checkpoint = {
		.origin = span_of(logbook->key.name), .size = logbook->tree.size};
	int err = write_partial(logbook);

	if (err)
		return err;
	tlog_tree_root(&logbook->tree, &checkpoint.root);
	buf_clear(&logbook->pending);
	checkpoint_write(&logbook->pending, &checkpoint);
	logbook->pending_size = logbook->pending.err ? 0 : logbook->tree.size;
	return logbook->pending.err;
}

static int sign(struct logbook *logbook, struct buf *note)
{
	const struct span text = buf_span(&logbook->pending);
	int err;

	buf_add_span(note, text);
	buf_add_char(note, '\n');
	err = add_signature(note, text, &logbook->key, logbook->signer);
	if (!err && hands_over(logbook))
		err = add_signature(note, text, &logbook->next_key, logbook->next);
	return err;
}

int logbook_hand_over(struct logbook *logbook, const struct ed25519 *next, uint64_t index,
	struct span line)
{
	uint8_t public[ED25519_PUBLIC_LEN];
	struct handover handover;
	int err = handover_read_line(&handover, line);

	ed25519_public(next, public);
	if (err || handover.index != index ||
		!note_key_equal(&handover.from, &logbook->key) ||
		memcmp(handover.to.key, public, sizeof(public)) != 0)
		return ERR_FORMAT;
	buf_clear(&logbook->handover_line);
	buf_add_span(&logbook->handover_line, line);
	if (logbook->handover_line.err)
		return logbook->handover_line.err;
	logbook->next = next;
	logbook->next_key = handover.to;
	logbook->handover_index = index;
	return 0;
}

bool logbook_is_handing_over(const struct logbook *logbook)
{
	return logbook->next != NULL;
}

/* NOTE is to be the checkpoint. What proves a hand-over is there before it: the old key signs no second time. */
static int publish(struct logbook *logbook, struct span note)
{
	const bool hands = hands_over(logbook);
	int err = 0;

	if (hands)
		err = handover_write(logbook->dir_fd, logbook->handover_index,
			buf_span(&logbook->handover_line), logbook->pending_size, note);
	if (!err)
		err = logbook_replace(logbook->dir_fd, LOGBOOK_CHECKPOINT, note);
	if (err)
		return err;
	logbook->published = logbook->pending_size;
	if (hands) {
		logbook->signer = logbook->next;
		logbook->key = logbook->next_key;
		logbook->next = NULL;
	}
	return 0;
}

int logbook_publish(struct logbook *logbook)
{
	struct buf note;
	int err = 0;

	if (logbook->refused)
		return ERR_TRUST;
	if (logbook->pending_size == 0) {
		/* Below that is what has yet to be added again. */
		if (logbook->tree.size <= logbook->published)
			return 0;
		err = begin_checkpoint(logbook);
	}
	if (err)
		return err;
	buf_init(&note, 0);
	err = sign(logbook, &note);
	if (!err)
		err = publish(logbook, buf_span(&note));
	buf_free(&note);
	if (err != -EAGAIN)
		logbook->pending_size = 0;
	return err;
}
