/*
 * STATE/audit/open.log: which captures are being written, so that a start finds those that a
 * killed process left. One line a capture that opens ("+DATE.ID") and one that closes ("-DATE.ID"),
 * written by the batch; an inode for each call would cost more than the rest of its capture. Audit
 * thread.
 */
#pragma once

#include "base/buf.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct marks;

struct found;

/*
 * Reads the file under ROOT_FD, cuts each capture that it says was open back to its last whole record
 * (repair_capture()), and begins a new file. What could not be repaired stays in it, and so does what was: it is added
 * to FOUND, which may be NULL. 0, or a negated errno.
 */
int marks_new(struct marks **ret, int root_fd, struct found *found);
/* What waits is not written. NULL is fine. */
void marks_free(struct marks *marks);

/*
 * Notes that the capture of DATE/ID is going to be written, which must not be done before
 * marks_reached(marks, *ret_number). 0; or a negated errno when the last write failed and
 * fails again now: then nothing is noted.
 */
int marks_add(
	struct marks *marks, const char *date, const char *id, uint64_t *ret_number);
/* Notes that it is whole and closed. */
void marks_remove(struct marks *marks, const char *date, const char *id);

/* Writes what waits. 0; or a negated errno, and it still waits. */
int marks_write(struct marks *marks);
/* Whether the line that marks_add() gave NUMBER is in the file. */
bool marks_reached(const struct marks *marks, uint64_t number);

/* Whether marks_replace() should be called: the file is long for COUNT captures, or gone. */
bool marks_are_stale(const struct marks *marks, size_t count);
/* Appends the line of an open capture to LINES, for marks_replace(). */
void marks_line(struct buf *lines, const char *date, const char *id);
/* Begins a new file under ROOT_FD with LINES, which name every capture that is open. 0; or a
 * negated errno, and the old file goes on. */
int marks_replace(struct marks *marks, int root_fd, const struct buf *lines);
