/*
 * The lines of a journal's file as the log reads them back: those that are whole, by blocks. Audit thread.
 */
#pragma once

#include "base/span.h"

#include <stdint.h>
#include <sys/types.h>

struct log_lines {
	int fd;   /* of the file, which is the reader's; -1: none */
	off_t at; /* where what is in BYTES ends */
	size_t begin, end;
	char *bytes;
};

/* Without a file. 0 or -ENOMEM. */
int log_lines_init(struct log_lines *lines);
/* The file is closed too. */
void log_lines_free(struct log_lines *lines);

/* The next whole line that is in memory; BEGIN is left before it. */
bool log_lines_next(struct log_lines *lines, struct span *ret);
/* Reads on, up to LIMIT. Returns how much; 0: that was all; or a negated errno. */
ssize_t log_lines_fill(struct log_lines *lines, off_t limit);
/* From now on those of the file FD, which it takes, from its beginning; -1: of none. The one before is closed. */
void log_lines_take(struct log_lines *lines, int fd);
/* Looks for the first line with a head, up to LIMIT, and goes back to the beginning of the file. 1: its number is *RET_SEQ, and so
 * many are before it; 0: none of so many has one; or a negated errno. */
int log_lines_find_head(
	struct log_lines *lines, off_t limit, uint64_t *ret_before, uint64_t *ret_seq);
