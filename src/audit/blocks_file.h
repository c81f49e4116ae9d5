/*
 * The file of a capture, read block by block. Whoever has its folder may have changed it; so nothing of it is believed. One
 * thread.
 */
#pragma once

#include "base/span.h"

#include <stdbool.h>
#include <sys/types.h>

struct blocks_file;

/* FD is taken, even on failure. LIMIT: bytes of it that are read. 0 or -ENOMEM. */
int blocks_file_new(struct blocks_file **ret, int fd, bool classic, off_t limit);
void blocks_file_free(struct blocks_file *file); /* NULL is fine */

struct block {
	struct span bytes; /* borrowed until the next call */
	bool packet;
};

/*
 * 0: the next block; -ENOENT: that was all; ERR_FORMAT: what follows is no block: BYTES are some of it, and the next call gives
 * more; or a negated errno.
 */
int blocks_file_next(struct blocks_file *file, struct block *ret);
