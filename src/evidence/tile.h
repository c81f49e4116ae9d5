/*
 * Tiles: how the hashes of a tree lie in files (C2SP tlog-tiles). A tile is up to 256 neighbouring hashes
 * of one level, its level counting by eight levels of the tree; one that is not full has its width in its
 * name. Pure; any thread.
 */
#pragma once

#include "evidence/tlog.h"

#define TILE_WIDTH 256
#define TILE_BYTES ((size_t)TILE_WIDTH * TLOG_HASH_LEN)
/* Levels of tiles that a tree of TLOG_SIZE_MAX has. */
#define TILE_LEVELS 8
/* "tile/7/x999/x999/x999/x999/x999/x999/999.p/255" with its NUL. */
#define TILE_PATH_SIZE 64

struct tile {
	unsigned level; /* below TILE_LEVELS */
	uint64_t index;
	unsigned width; /* hashes in it, 1..TILE_WIDTH */
};

/* How many hashes tile INDEX of LEVEL has in a tree of SIZE entries. */
unsigned tile_width(unsigned level, uint64_t index, uint64_t size);
/* Its path below the log's folder. Returns OUT. */
const char *tile_path(const struct tile *tile, char out[static TILE_PATH_SIZE]);
/* The same path for the folder of all that are not full. Returns OUT. */
const char *tile_partial_folder(const struct tile *tile, char out[static TILE_PATH_SIZE]);
/* The root over COUNT hashes, a power of two up to TILE_WIDTH. */
void tile_root(struct tlog_hash *ret, const struct tlog_hash *hashes, unsigned count);
