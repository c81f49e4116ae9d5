/*
 * Files and their names, as the configuration needs them. Any thread.
 */
#pragma once

#include "base/buf.h"

/* The longest file that is read. */
#define FILE_MAX_BYTES (1024 * 1024)

/*
 * Adds all of a regular file to BUF. Never waits on a pipe or a device. 0, the negated
 * errno, ERR_LIMIT when it is too long, or ERR_SUPPORT when it is no regular file.
 */
int file_read(const char *path, struct buf *buf);

/* The part of PATH before its last slash: "." for a bare name, "/" in the root. Owned by
 * the caller; NULL when out of memory. */
char *file_folder(const char *path);

/* PATH from the root on, links not resolved. 0 with *ret owned by the caller, or the
 * negated errno. */
int file_absolute(char **ret, const char *path);
