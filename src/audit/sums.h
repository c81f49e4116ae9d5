/*
 * What a capture is known by: the SHA-256 of its file, and a tree (RFC 6962 2.1) over its blocks, so that one message
 * can be shown and proved while others are withheld. Both are made as the file is written. One thread.
 */
#pragma once

#include "base/buf.h"
#include "evidence/tlog.h"

struct sums;

/* 0 or -ENOMEM. */
int sums_new(struct sums **ret);
void sums_free(struct sums *sums); /* NULL is fine */

/* The next bytes of the file. */
void sums_file(struct sums *sums, const void *data, size_t len);
/* The next bytes of a block, in clear. */
void sums_block(struct sums *sums, const void *data, size_t len);
/* The block is whole. Its hash, a leaf of the tree, is appended to LEAVES, which may be NULL. */
void sums_block_end(struct sums *sums, struct buf *leaves);
/* What there was of a block is none. */
void sums_block_drop(struct sums *sums);
/* A block of which the hash alone is known. */
void sums_leaf(struct sums *sums, const struct tlog_hash *leaf);
/* There is one packet more. */
void sums_packet(struct sums *sums);

struct sums_state {
	uint64_t bytes; /* of the file */
	struct tlog_hash file;
	uint64_t packets;
	uint64_t blocks; /* leaves of the tree, packets among them */
	struct tlog_hash root;
};
/* As of now. 0 or -ENOMEM. */
int sums_look(const struct sums *sums, struct sums_state *ret);
