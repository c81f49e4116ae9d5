/* A table has a line for each block of a capture, hundreds of thousands of them: it is read by pieces. */
#include "verify/bundle_priv.h"

#include "evidence/digest.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* "HASH withheld - -", "HASH shown OFFSET LENGTH" */
#define LINE_MAX_BYTES 160
#define READ_BYTES 65536
/* The longest block of a capture (pcapng.h). */
#define BLOCK_MAX ((uint64_t)1 << 18)
#define BLOCK_LEAST 12
#define TYPE_PACKET 6

enum state { STATE_SHOWN, STATE_MASKED, STATE_WITHHELD };

struct line {
	struct tlog_hash leaf;
	enum state state;
	uint64_t at, len;
};

struct blocks {
	struct bundle *bundle;
	const struct source_file *table, *file;
	struct source_reader reader; /* of FILE */
	struct tlog_tree tree;
	uint64_t at;     /* bytes of FILE that were looked at */
	uint64_t packet; /* the number of the next one, as programs count them */
	bool broken;     /* the rest of FILE cannot be told */
	uint8_t block[BLOCK_MAX];
};

static bool take_word(struct span *line, struct span *ret)
{
	return span_next(line, ' ', ret) && ret->len > 0;
}

static bool read_line(struct line *ret, struct span line)
{
	struct span hash, state, at, len;

	if (!take_word(&line, &hash) || !take_word(&line, &state) ||
		!take_word(&line, &at) || !take_word(&line, &len) || line.p ||
		digest_read(&ret->leaf, hash) != 0)
		return false;
	if (span_equal_str(state, "withheld")) {
		ret->state = STATE_WITHHELD;
		return span_equal_str(at, "-") && span_equal_str(len, "-");
	}
	if (!span_equal_str(state, "shown") && !span_equal_str(state, "masked"))
		return false;
	ret->state = state.p[0] == 's' ? STATE_SHOWN : STATE_MASKED;
	return span_uint(at, INT64_MAX, &ret->at) == 0 &&
	       span_uint(len, BLOCK_MAX, &ret->len) == 0 && ret->len >= BLOCK_LEAST;
}

/* The block of LINE, of what is shown. False: it is not there. */
static bool read_block(struct blocks *blocks, const struct line *line)
{
	size_t have = 0;
	ssize_t n = 1;

	if (line->at != blocks->at)
		return false;
	while (have < line->len && n > 0) {
		n = source_read(&blocks->reader, blocks->block + have, line->len - have);
		have += n > 0 ? (size_t)n : 0;
	}
	blocks->at += have;
	return have == line->len;
}

static void tell_packet(struct blocks *blocks, bool packet, const char *what)
{
	const char *name = blocks->file->name;

	if (packet)
		bundle_tell(blocks->bundle, "changed", name,
			"packet %" PRIu64 " of %s is not what was captured%s",
			blocks->packet, name, what);
	else
		bundle_tell(blocks->bundle, "changed", name,
			"what %s says before packet %" PRIu64
			" is not what was written%s",
			name, blocks->packet, what);
}

/* A block that is shown, or masked. */
static void check_block(struct blocks *blocks, const struct line *line)
{
	struct tlog_hash leaf;
	uint32_t type;
	bool packet;

	if (!read_block(blocks, line)) {
		blocks->broken = true;
		bundle_tell(blocks->bundle, "missing", blocks->file->name,
			"%s ends before packet %" PRIu64, blocks->file->name,
			blocks->packet);
		return;
	}
	memcpy(&type, blocks->block, sizeof(type));
	packet = type == TYPE_PACKET;
	if (line->state == STATE_SHOWN &&
		(tlog_leaf(&leaf, (struct span){(char *)blocks->block, line->len}) != 0 ||
			!tlog_equal(&leaf, &line->leaf)))
		tell_packet(blocks, packet, "");
	blocks->packet += packet;
	if (packet)
		*(line->state == STATE_SHOWN ? &blocks->bundle->result.packets_shown
					     : &blocks->bundle->result.packets_masked) +=
			1;
}

/* False: the table is no table. */
static bool take_line(struct blocks *blocks, struct span text)
{
	struct line line;

	if (!read_line(&line, text))
		return false;
	tlog_tree_add(&blocks->tree, &line.leaf);
	if (line.state == STATE_WITHHELD) {
		/* what is not a packet is never withheld */
		blocks->bundle->result.packets_withheld++;
		blocks->packet++;
	} else if (blocks->file && !blocks->broken) {
		check_block(blocks, &line);
	}
	return blocks->file || line.state == STATE_WITHHELD;
}

/* Calls take_line() for each line. 0; ERR_FORMAT: one is none; or negative. */
static int read_table(struct blocks *blocks)
{
	char *bytes = malloc(READ_BYTES + LINE_MAX_BYTES), *newline;
	struct source_reader reader;
	size_t have = 0, from;
	ssize_t n = 1;
	int err =
		bytes ? source_read_begin(&reader, &blocks->bundle->source, blocks->table)
		      : -ENOMEM;

	if (err) {
		free(bytes);
		return err;
	}
	while (!err && (n = source_read(&reader, bytes + have, READ_BYTES)) > 0) {
		have += (size_t)n;
		from = 0;
		while (!err && (newline = memchr(bytes + from, '\n', have - from))) {
			struct span line = {
				bytes + from, (size_t)(newline - bytes) - from};

			err = take_line(blocks, line) ? 0 : ERR_FORMAT;
			from += line.len + 1;
		}
		have -= from;
		memmove(bytes, bytes + from, have);
		if (have >= LINE_MAX_BYTES)
			err = ERR_FORMAT;
	}
	source_read_end(&reader);
	free(bytes);
	if (n < 0)
		return (int)n;
	return !err && have > 0 ? ERR_FORMAT : err;
}

static void check_end(struct blocks *blocks, const struct tlog_hash *root)
{
	struct tlog_hash found;

	tlog_tree_root(&blocks->tree, &found);
	if (!tlog_equal(&found, root))
		bundle_tell(blocks->bundle, "changed", blocks->table->name,
			"the hashes of %s are not those that were sealed",
			blocks->table->name);
	if (blocks->file && !blocks->broken && blocks->at != blocks->file->size)
		bundle_tell(blocks->bundle, "added", blocks->file->name,
			"%s has more than its blocks", blocks->file->name);
}

int bundle_check_blocks(struct bundle *bundle, const struct source_file *table,
	const struct source_file *file, const struct tlog_hash *root)
{
	struct blocks *blocks = calloc(1, sizeof(*blocks));
	int err;

	if (!blocks)
		return -ENOMEM;
	blocks->bundle = bundle;
	blocks->table = table;
	blocks->file = file;
	blocks->packet = 1;
	err = file ? source_read_begin(&blocks->reader, &bundle->source, file) : 0;
	if (!err) {
		err = read_table(blocks);
		if (err == ERR_FORMAT)
			bundle_tell(bundle, "changed", table->name,
				"%s is no list of blocks", table->name);
		else if (!err)
			check_end(blocks, root);
		if (file)
			source_read_end(&blocks->reader);
		err = err == ERR_FORMAT ? 0 : err;
	}
	free(blocks);
	return err;
}
