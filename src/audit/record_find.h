/*
 * Finds one record, from the latest back, in steps: the files may have a gigabyte, and whoever looks has calls to serve
 * between two steps. One thread.
 */
#pragma once

#include "base/err.h"
#include "base/span.h"

/* Bytes that a step reads at most; a longer line is none. */
#define RECORD_FIND_BYTES ((size_t)256 << 10)

struct record_find;

/*
 * WHAT is the id of a call, or in digits the number of a record. Looks in STATE_DIR/cdr.jsonl, as far as it is
 * written now, and cdr.jsonl.1. 0; ERR_FORMAT: WHAT is neither; or negative; with TEXT.
 */
int record_find_new(struct record_find **ret, const char *state_dir, const char *what,
	struct err_text *text);
/* Whether LINE, which has a head and NEEDLE in it, is the one. Called from the latest back. */
typedef bool record_find_h(void *arg, struct span line);
/* Looks for the one that H takes among those with NEEDLE, which is copied. 0, or negative with TEXT. */
int record_find_where(struct record_find **ret, const char *state_dir, const char *needle,
	record_find_h *h, void *arg, struct err_text *text);
void record_find_free(struct record_find *find); /* NULL is fine */

/* Whether LINE is the record of the call ID: of kind call, or lost where its process was killed. */
bool record_find_is_call(struct span line, const char *id);
/* Whether LINE is that one, and not another one that names it. */
bool record_find_fits(const struct record_find *find, struct span line);
/* 0: it is LINE, borrowed until the next call; -EAGAIN: not found yet; -ENOENT: there is none; or another negative
 * code: it cannot be read. */
int record_find_step(struct record_find *find, struct span *ret_line);
