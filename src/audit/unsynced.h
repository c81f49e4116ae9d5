/*
 * What was written to the end of a file, and is not known to be on the disk. When a sync fails the kernel may forget what it could not
 * write: the next one says nothing of it, and succeeds. So all of it is written again before. Audit thread.
 */
#pragma once

#include "base/buf.h"

#include <stdbool.h>
#include <sys/types.h>

struct unsynced {
	struct buf bytes;
	off_t at;   /* where they begin in the file, which ends with them */
	bool again; /* the last sync failed */
};

/* So much is not known to be on the disk at most. */
#define UNSYNCED_MAX ((size_t)16 << 20)

void unsynced_init(struct unsynced *unsynced);
void unsynced_free(struct unsynced *unsynced);

/* Makes room for LEN bytes, or for *RET_ROOM of them, which may be none, that are to be appended to FD now. 0 or a negated errno. */
int unsynced_reserve(struct unsynced *unsynced, int fd, size_t len, size_t *ret_room);
/* BYTES were appended. */
void unsynced_add(struct unsynced *unsynced, struct span bytes);
/* Cuts off what FD has behind them, which is half of a line. 0 or a negated errno. */
int unsynced_cut(const struct unsynced *unsynced, int fd);
/* Syncs FD, their file. 0: all of it is on the disk; or a negated errno, and they are kept. */
int unsynced_sync(struct unsynced *unsynced, int fd);
/* The file is left as it is. */
void unsynced_forget(struct unsynced *unsynced);
