/*
 * The files of a log's folder, which others may have put links and pipes into. Any thread.
 */
#pragma once

#include "base/buf.h"

/* Reads NAME below DIR_FD, a plain file of at most MAX bytes, to the end of RET. 0; ERR_LIMIT: it is longer; or a negated
 * errno. */
int logbook_read_file(int dir_fd, const char *name, size_t max, struct buf *ret);
/* Writes NAME below DIR_FD. SYNC: it is on the disk when this returns. 0 or a negated errno. */
int logbook_write_file(
	int dir_fd, const char *name, const void *data, size_t len, bool sync);
/* Replaces NAME below DIR_FD with TEXT, whole or not at all; makes the folders that it is in. 0 or a negated errno. */
int logbook_replace(int dir_fd, const char *name, struct span text);
/* Makes the folders that PATH below DIR_FD is in. 0 or a negated errno. */
int logbook_make_folders(int dir_fd, const char *path);
