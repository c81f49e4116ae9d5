/*
 * Goes through the records of calls that ended since some time, in steps: the file may have a
 * gigabyte, and whoever reads it has calls to serve between two steps. One thread.
 *
 * Read are STATE/cdr.jsonl and, before it, what logrotate(8) made of it (cdr.jsonl.N, cdr.jsonl-DATE), but for what was
 * compressed, which is told. Records stand in the order of the calls' ends, so the first one that is wanted
 * is found by halving.
 */
#pragma once

#include "audit/cdr_read.h"
#include "base/clock.h"
#include "base/err.h"

#include <stdint.h>

/* Bytes that a step reads at most; a longer line is none. */
#define CDR_SCAN_BYTES ((size_t)256 << 10)

struct cdr_scan;

/* CDR is borrowed during the call. */
typedef void cdr_scan_h(void *arg, const struct cdr *cdr);

/* What is written from now on is not read. A file that is not there is empty. 0, or negative
 * with TEXT. */
int cdr_scan_new(struct cdr_scan **ret, const char *state_dir, uint64_t since_us,
	struct err_text *text);
void cdr_scan_free(struct cdr_scan *scan); /* NULL is fine */

/* Calls H for what one step finds. -EAGAIN: there is more; 0: that was all; negative: it cannot
 * be read. */
int cdr_scan_step(struct cdr_scan *scan, cdr_scan_h *h, void *arg);

struct cdr_scan_counts {
	uint64_t records;            /* given to H */
	uint64_t unreadable;         /* lines that are no records */
	bool unread;                 /* some may be in files that are not read */
	char first[CLOCK_TEXT_SIZE]; /* when the first of them ended; "": there is none */
};
const struct cdr_scan_counts *cdr_scan_counts(const struct cdr_scan *scan);
