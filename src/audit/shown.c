#include "audit/shown.h"

#include "audit/blocks_file.h"
#include "audit/datagram.h"
#include "audit/hide.h"
#include "audit/pcapng.h"
#include "audit/style.h"
#include "base/err.h"
#include "base/regular.h"
#include "evidence/digest.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A step reads as much. */
#define STEP_BYTES ((size_t)96 << 10)
#define LEAVES_AT_ONCE 1024

enum how {
	HOW_WHOLE,  /* as it is, without a tree */
	HOW_BLOCKS, /* block by block */
	HOW_LEAVES, /* an encrypted one: as it is, or not at all, and its leaves */
	HOW_NONE,   /* not at all */
};

struct shown {
	enum how how;
	bool only_sip, hide_numbers, given;
	char name[OUTPUTS_NAME_SIZE], blocks_name[OUTPUTS_NAME_SIZE];
	struct outputs *outputs;
	struct blocks_file *file; /* NULL: it is done */
	int leaves_fd;            /* -1: none */
	uint64_t at;              /* bytes that were shown */
	uint64_t shown, masked, withheld;
	const char *why;
	struct buf piece, lines;
};

static bool ends_with(struct span text, const char *end)
{
	const size_t len = strlen(end);

	return text.len >= len && memcmp(text.p + text.len - len, end, len) == 0;
}

static bool contains(struct span text, const char *word)
{
	return span_find(text, span_of(word)) != NULL;
}

static bool is_encrypted(struct span name)
{
	return ends_with(name, STYLE_ENCRYPTED) ||
	       ends_with(name, STYLE_ENCRYPTED STYLE_UNFINISHED);
}

static void decide(struct shown *shown, const struct shown_params *params)
{
	const struct span name = params->file.name;
	const bool capture = contains(name, ".pcap");
	const bool part = params->only_sip || params->hide_numbers;

	shown->given = true;
	if (params->file.has_tree)
		shown->how = is_encrypted(name) ? HOW_LEAVES : HOW_BLOCKS;
	if (!part || !capture || shown->how == HOW_BLOCKS)
		return;
	shown->given = false;
	shown->how = shown->how == HOW_LEAVES ? HOW_LEAVES : HOW_NONE;
	shown->why =
		is_encrypted(name)
			? "it is encrypted, and nobody here can show a part of it"
			: "the classic format has no salts: a part of it is not proved";
}

static int open_leaves(int dir_fd, struct span name)
{
	char text[OUTPUTS_NAME_SIZE], leaves[STYLE_NAME_SIZE];
	unsigned part = 1;

	snprintf(text, sizeof(text), "%.*s", SPAN_ARG(name));
	if (sscanf(text, "call.%u.", &part) != 1)
		part = 1;
	return regular_open(dir_fd, style_leaves_name(part, leaves), NULL);
}

static int open_file(struct shown *shown, const struct shown_params *params)
{
	char name[OUTPUTS_NAME_SIZE];
	int fd;

	if (shown->how == HOW_LEAVES)
		shown->leaves_fd = open_leaves(params->dir_fd, params->file.name);
	if (!shown->given)
		return 0;
	snprintf(name, sizeof(name), "%.*s", SPAN_ARG(params->file.name));
	fd = regular_open(params->dir_fd, name, NULL);
	if (fd < 0)
		return fd;
	/* what was not sealed is not shown */
	return blocks_file_new(&shown->file, fd, !params->file.has_tree,
		params->file.bytes < INT64_MAX ? (off_t)params->file.bytes : INT64_MAX);
}

int shown_new(struct shown **ret, const struct shown_params *params)
{
	struct shown *shown = calloc(1, sizeof(*shown));
	int err;

	if (!shown)
		return -ENOMEM;
	shown->leaves_fd = -1;
	shown->only_sip = params->only_sip;
	shown->hide_numbers = params->hide_numbers;
	shown->outputs = params->outputs;
	buf_init(&shown->piece, 0);
	buf_init(&shown->lines, 0);
	snprintf(shown->name, sizeof(shown->name), "%s", params->name);
	snprintf(shown->blocks_name, sizeof(shown->blocks_name), "%.*s.blocks",
		(int)sizeof(shown->blocks_name) - 8, params->name);
	decide(shown, params);
	err = open_file(shown, params);
	if (err) {
		shown_free(shown);
		return err;
	}
	*ret = shown;
	return 0;
}

void shown_free(struct shown *shown)
{
	if (!shown)
		return;
	blocks_file_free(shown->file);
	if (shown->leaves_fd >= 0)
		close(shown->leaves_fd);
	buf_free(&shown->piece);
	buf_free(&shown->lines);
	free(shown);
}

/* In the packet of VIEW in BLOCK, a copy, and then its number too: whoever had that could try what is hidden by the block's hash.
 * Returns whether something was hidden. */
static bool hide(uint8_t *block, const struct pcapng_view *view)
{
	uint8_t *packet = block + view->at;
	size_t len, at = datagram_open(packet, view->len, &len);

	if (!at || !hide_message((char *)packet + at, len))
		return false;
	datagram_close(packet);
	if (view->id)
		memset(block + view->id, 0, PCAPNG_ID_LEN);
	return true;
}

static void add_line(struct shown *shown, const struct tlog_hash *leaf, const char *state)
{
	char text[DIGEST_TEXT_SIZE];

	buf_add_str(&shown->lines, digest_text(leaf, text));
	buf_add_char(&shown->lines, ' ');
	buf_add_str(&shown->lines, state);
	buf_add_char(&shown->lines, ' ');
}

static int show_block(struct shown *shown, const struct block *block)
{
	const uint8_t *bytes = (const uint8_t *)block->bytes.p;
	const size_t before = shown->piece.len;
	struct pcapng_view view;
	struct tlog_hash leaf;
	bool packet, masked = false;

	if (tlog_leaf(&leaf, block->bytes) != 0)
		return -ENOMEM;
	packet = pcapng_open(bytes, block->bytes.len, &view);
	if (shown->only_sip && block->packet && !(packet && view.commented)) {
		add_line(shown, &leaf, "withheld");
		buf_add_str(&shown->lines, "- -\n");
		shown->withheld++;
		return shown->lines.err;
	}
	buf_add_span(&shown->piece, block->bytes);
	if (shown->piece.err)
		return shown->piece.err;
	if (shown->hide_numbers && packet && view.commented)
		masked = hide((uint8_t *)shown->piece.data + before, &view);
	add_line(shown, &leaf, masked ? "masked" : "shown");
	buf_add_uint(&shown->lines, shown->at);
	buf_add_char(&shown->lines, ' ');
	buf_add_uint(&shown->lines, block->bytes.len);
	buf_add_char(&shown->lines, '\n');
	shown->at += block->bytes.len;
	*(masked ? &shown->masked : &shown->shown) += 1;
	return shown->lines.err;
}

/* Both pieces leave. */
static int give(struct shown *shown)
{
	int err = shown->piece.err ? shown->piece.err : shown->lines.err;

	if (!err && shown->given)
		err = outputs_add(shown->outputs, shown->name, buf_span(&shown->piece));
	if (!err && (shown->how == HOW_BLOCKS || shown->how == HOW_LEAVES))
		err = outputs_add(
			shown->outputs, shown->blocks_name, buf_span(&shown->lines));
	buf_clear(&shown->piece);
	buf_clear(&shown->lines);
	return err;
}

/* Reads on. 0: that was all; -EAGAIN; or another negative code. What is no block is given as it is where all is. */
static int read_blocks(struct shown *shown)
{
	const bool all = !shown->only_sip && !shown->hide_numbers;
	struct block block;
	int err;

	for (size_t done = 0; done < STEP_BYTES; done += block.bytes.len) {
		err = blocks_file_next(shown->file, &block);
		if (err == -ENOENT)
			return 0;
		if (err && err != ERR_FORMAT)
			return err;
		if (!err && shown->how == HOW_BLOCKS)
			err = show_block(shown, &block);
		else if (all || shown->how != HOW_BLOCKS) {
			buf_add_span(&shown->piece, block.bytes);
			err = shown->piece.err;
		} else {
			err = 0;
		}
		if (err)
			return err;
	}
	return -EAGAIN;
}

static int read_leaves(struct shown *shown)
{
	struct tlog_hash leaves[LEAVES_AT_ONCE];
	const ssize_t n = read(shown->leaves_fd, leaves, sizeof(leaves));

	if (n < 0)
		return -errno;
	for (size_t i = 0; i < (size_t)n / sizeof(leaves[0]); i++) {
		add_line(shown, &leaves[i], "withheld");
		buf_add_str(&shown->lines, "- -\n");
		shown->withheld++;
	}
	return n == 0 ? 0 : -EAGAIN;
}

int shown_step(struct shown *shown)
{
	int result = 0, err;

	if (shown->file) {
		result = read_blocks(shown);
		if (result == 0) {
			blocks_file_free(shown->file);
			shown->file = NULL;
			result = shown->leaves_fd >= 0 ? -EAGAIN : 0;
		}
	} else if (shown->leaves_fd >= 0) {
		result = read_leaves(shown);
	}
	if (result && result != -EAGAIN)
		return result;
	err = give(shown);
	return err ? err : result;
}

void shown_result(const struct shown *shown, struct shown_result *ret)
{
	const bool part = shown->how == HOW_BLOCKS && shown->masked + shown->withheld > 0;

	*ret = (struct shown_result){.given = !shown->given ? "none"
					      : part        ? "part"
							    : "whole",
		.why = shown->why,
		.shown = shown->shown,
		.masked = shown->masked,
		.withheld = shown->withheld};
}
