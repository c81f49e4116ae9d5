/*
 * The tiles of a log as they lie in its folder, read. Whoever has the folder may have changed them; so
 * nothing of them is believed. One thread.
 */
#pragma once

#include "evidence/tile.h"

/* Reads TILE below DIR_FD; where there is no such file and it is not full, the beginning of the full one. 0; -ENOENT;
 * ERR_FORMAT: it has not the bytes that it should have, or zeros for a hash; -ELOOP, -EPERM: it is a link, or no plain file; or
 * another negated errno. */
int tiles_load(
	int dir_fd, const struct tile *tile, struct tlog_hash ret[static TILE_WIDTH]);

/* Gives the hashes of the tree of SIZE entries. Keeps the last tile of each level. */
struct tiles {
	int dir_fd; /* borrowed */
	uint64_t size;
	struct {
		struct tile tile; /* width 0: nothing was read yet */
		struct tlog_hash hashes[TILE_WIDTH];
	} kept[TILE_LEVELS];
};

void tiles_init(struct tiles *tiles, int dir_fd, uint64_t size);
/* A tlog_read_h; ARG is the struct tiles. ERR_LIMIT: the tree has no such subtree. */
int tiles_read(void *arg, unsigned level, uint64_t index, struct tlog_hash *ret);
