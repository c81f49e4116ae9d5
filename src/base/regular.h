/*
 * Files that are read by a name in a folder that others may write to: only what is a file, where it seems to be; and files that are
 * written to their end. Any thread.
 */
#pragma once

#include "base/buf.h"

#include <stdbool.h>
#include <sys/stat.h>

/* Opens NAME in DIR_FD (AT_FDCWD: a path) for reading, without following a link in its last part and without waiting for whoever
 * writes a FIFO. RET, its status, may be NULL. The descriptor, which is closed on exec; or negative: -errno, -EPERM where it is no
 * regular file. */
int regular_open(int dir_fd, const char *name, struct stat *ret);
/* Opens it likewise, and reads all of it, MAX bytes at most, to the end of TEXT. 0; ERR_LIMIT: it is longer; or negative. */
int regular_read(int dir_fd, const char *name, size_t max, struct buf *text);
/* Writes BYTES to the file FD, in pieces where it takes no more at once. 0, or a negated errno, -ENOSPC where it says none;
 * *RET_WRITTEN, which may be NULL, of them are there in both cases. */
int regular_write(int fd, struct span bytes, size_t *ret_written);
/* Makes NAME in DIR_FD, 0640, of BYTES; what has the name, a link too, is taken away, but for a folder. SYNC: they are on the disk when
 * this returns, the name only when the folder is. 0 or a negated errno: then a part of it may be there. */
int regular_make(int dir_fd, const char *name, struct span bytes, bool sync);
/* Replaces NAME in DIR_FD with BYTES, which are on the disk before they have the name, and have that of FRESH before. 0; or a negated errno,
 * and NAME is as it was. */
int regular_replace(int dir_fd, const char *name, const char *fresh, struct span bytes);
