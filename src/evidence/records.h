/*
 * The records of a log in their order: the lines of cdr.jsonl, and before them those of the files that it was
 * rotated to. One thread; for the verifier, which may wait.
 */
#pragma once

#include "base/err.h"
#include "base/span.h"

/* A line that is longer is none of ours. */
#define RECORDS_LINE_MAX ((size_t)1 << 20)

struct records;

/*
 * Finds STATE_DIR/cdr.jsonl and what logrotate(8) made of it: cdr.jsonl.N, cdr.jsonl-DATE, either with .gz. 0, or negative with
 * TEXT.
 */
int records_open(struct records **ret, const char *state_dir, struct err_text *text);
/* COUNT files, in the order of time, instead. PATHS are copied. */
int records_open_files(struct records **ret, const char *const *paths, unsigned count,
	struct err_text *text);
void records_free(struct records *records); /* NULL is fine */

/* The next line, without its end; borrowed until the next call. 0; -ENOENT: there is none; ERR_LIMIT: it is too
 * long, and is passed over; ERR_FORMAT: the last line of a file has no end (*RET is what there is); or
 * another negative code, with TEXT: the file cannot be read. */
int records_next(struct records *records, struct span *ret, struct err_text *text);
/* Back to the first line. */
void records_rewind(struct records *records);
/* Where the line is that was given last: "cdr.jsonl.1:17". Borrowed until the next call. */
const char *records_place(struct records *records);
