/*
 * Once through all records: the tree is made of them anew and compared with what was signed, and each tile
 * with the file that has it. What cannot be made of records, since it is not looked at, is taken from the tiles.
 */
#include "evidence/verify_priv.h"

#include "evidence/head.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

/* Faults of tiles are kept until it is known whether the records are good: else they would be about these. */
#define DIFFERENT_MAX 64

struct pass {
	struct verify *verify;
	struct tlog_tree tree;
	struct tlog_hash rows[TILE_LEVELS][TILE_WIDTH];
	struct tiles tiles; /* for what is not looked at */
	struct {
		struct tile tile;
		int err; /* 0: it has other hashes */
	} different[DIFFERENT_MAX];
	uint64_t different_count;
	uint64_t next;       /* the number that the next line must have */
	bool begun;          /* a line with a head was met */
	struct buf headless; /* hashes of the lines before it */
};

static void compare_tile(struct pass *pass, const struct tile *tile)
{
	struct tlog_hash hashes[TILE_WIDTH];
	int err = tiles_load(pass->verify->params->log_fd, tile, hashes);

	if (!err && memcmp(hashes, pass->rows[tile->level],
			    (size_t)tile->width * TLOG_HASH_LEN) == 0)
		return;
	if (pass->different_count < DIFFERENT_MAX) {
		pass->different[pass->different_count].tile = *tile;
		pass->different[pass->different_count].err = err;
	}
	pass->different_count++;
}

/* Entry INDEX completed a tile, or several. */
static void complete_tiles(struct pass *pass, uint64_t index)
{
	struct tile tile = {.width = TILE_WIDTH};

	for (; tile.level + 1 < TILE_LEVELS; tile.level++) {
		tile.index = index / TILE_WIDTH;
		compare_tile(pass, &tile);
		tile_root(&pass->rows[tile.level + 1][tile.index % TILE_WIDTH],
			pass->rows[tile.level], TILE_WIDTH);
		index = tile.index;
		if (index % TILE_WIDTH != TILE_WIDTH - 1)
			break;
	}
}

static void add_leaf(struct pass *pass, const struct tlog_hash *leaf)
{
	struct verify *verify = pass->verify;
	const uint64_t index = pass->tree.size;
	struct tlog_hash root;

	pass->rows[0][index % TILE_WIDTH] = *leaf;
	if (index % TILE_WIDTH == TILE_WIDTH - 1)
		complete_tiles(pass, index);
	tlog_tree_add(&pass->tree, leaf);
	for (unsigned i = 0; i < verify->older_count; i++) {
		if (verify->older[i].size != pass->tree.size)
			continue;
		tlog_tree_root(&pass->tree, &root);
		verify->older[i].met = tlog_equal(&root, &verify->older[i].root);
	}
}

/* Up to END what the tiles say. False: they do not. */
static bool add_from_tiles(struct pass *pass, uint64_t end)
{
	struct tlog_hash leaf;

	while (pass->tree.size < end) {
		if (tiles_read(&pass->tiles, 0, pass->tree.size, &leaf) != 0)
			return false;
		add_leaf(pass, &leaf);
	}
	return true;
}

/* A line with number INDEX. False: it is not in its place. */
static bool take(struct pass *pass, uint64_t index, const struct tlog_hash *leaf)
{
	struct verify *verify = pass->verify;

	if (index != pass->next)
		return false;
	pass->next++;
	if (index >= verify->result.size)
		verify->result.unsigned_records++;
	if (index < verify->params->from || index >= verify->limit)
		return true;
	add_leaf(pass, leaf);
	verify->result.checked++;
	return true;
}

/* The first line with a head is number SEQ: so it is known which ones those before it are. */
static bool begin(struct pass *pass, uint64_t seq)
{
	const struct tlog_hash *hashes = (const void *)pass->headless.data;
	uint64_t count = pass->headless.len / TLOG_HASH_LEN, skip = 0;

	pass->begun = true;
	if (count > seq)
		skip = count - seq;
	pass->verify->result.before = skip;
	/* A log begins with such lines, or has none. */
	if (count > 0 && count < seq)
		return false;
	pass->next = seq - (count - skip);
	/* What comes first may be left out only where it is not asked for. */
	if (pass->next > pass->verify->params->from)
		return false;
	for (uint64_t i = skip; i < count; i++)
		if (!take(pass, pass->next, &hashes[i]))
			return false;
	return true;
}

/* Record INDEX says that the log has another key from then on: the old one must have signed that. */
static void check_handover(struct verify *verify, uint64_t index)
{
	if (index < verify->params->from || index >= verify->limit ||
		keychain_find(&verify->keys, index))
		return;
	verify_tell(verify, VERIFY_HANDOVER, index, index,
		"record %" PRIu64
		" hands the log over to another key, and there is no good signature of "
		"the old one on that",
		index);
}

/* 0; ERR_TRUST: it is not in its place; or negative. */
static int take_line(struct pass *pass, struct span line)
{
	struct tlog_hash leaf;
	uint64_t seq = 0;
	int err = tlog_leaf(&leaf, line), head = head_read(line, &seq);

	if (err)
		return err;
	if (head == -ENOENT && !pass->begun) {
		buf_add(&pass->headless, &leaf, sizeof(leaf));
		return pass->headless.err;
	}
	if (head || (!pass->begun && !begin(pass, seq)) || !take(pass, seq, &leaf))
		return ERR_TRUST;
	if (handover_is(line))
		check_handover(pass->verify, seq);
	return 0;
}

static int take_lines(struct pass *pass, struct err_text *text)
{
	struct records *records = pass->verify->params->records;
	struct span line;
	int err;

	while (!(err = records_next(records, &line, text))) {
		err = take_line(pass, line);
		if (err == ERR_TRUST)
			return err;
		if (err)
			return err_set(text, err, "out of memory");
	}
	/* A line that is too long, or has no end. */
	if (err == ERR_LIMIT || err == ERR_FORMAT)
		return ERR_TRUST;
	if (err != -ENOENT)
		return err;
	/* None of the lines has a head. */
	if (!pass->begun && !begin(pass, pass->headless.len / TLOG_HASH_LEN))
		return ERR_TRUST;
	return pass->next < pass->verify->limit ? ERR_TRUST : 0;
}

static void compare_last_tiles(struct pass *pass)
{
	for (unsigned level = 0; level < TILE_LEVELS; level++) {
		const uint64_t hashes = pass->tree.size >> 8 * level;
		const struct tile tile = {.level = level,
			.index = hashes / TILE_WIDTH,
			.width = hashes % TILE_WIDTH};

		if (tile.width > 0)
			compare_tile(pass, &tile);
	}
}

static void tell_tiles(struct pass *pass)
{
	struct verify *verify = pass->verify;
	char path[TILE_PATH_SIZE];

	for (uint64_t i = 0; i < pass->different_count; i++) {
		if (i >= DIFFERENT_MAX) {
			verify->result.faults++;
			continue;
		}
		verify_tell(verify, VERIFY_TILE, 1, 0, "%s %s",
			tile_path(&pass->different[i].tile, path),
			pass->different[i].err == 0 ||
					pass->different[i].err == ERR_FORMAT
				? "is damaged"
			: pass->different[i].err == -ENOENT
				? "is missing"
				: err_str(pass->different[i].err));
	}
}

static int run(struct pass *pass, struct err_text *text)
{
	struct verify *verify = pass->verify;
	struct tlog_hash root;
	uint64_t skipped = verify->params->from < verify->limit ? verify->params->from
								: verify->limit;
	int err;

	tiles_init(&pass->tiles, verify->params->log_fd, verify->result.size);
	verify->damaged = true;
	if (!add_from_tiles(pass, skipped))
		return 0;
	err = take_lines(pass, text);
	if (err)
		return err == ERR_TRUST ? 0 : err;
	if (!add_from_tiles(pass, verify->result.size))
		return 0;
	tlog_tree_root(&pass->tree, &root);
	if (!tlog_equal(&root, &verify->result.root))
		return 0;
	verify->damaged = false;
	compare_last_tiles(pass);
	tell_tiles(pass);
	return 0;
}

int verify_pass(struct verify *verify, struct err_text *text)
{
	struct pass *pass = calloc(1, sizeof(*pass));
	int err;

	if (!pass)
		return err_set(text, -ENOMEM, "out of memory");
	pass->verify = verify;
	buf_init(&pass->headless, 0);
	err = run(pass, text);
	buf_free(&pass->headless);
	free(pass);
	return err;
}
