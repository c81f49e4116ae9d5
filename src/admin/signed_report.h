/*
 * The text of a protection report that is to be signed: which records of the log were looked at, what lies between them,
 * and each call that was not protected, by name. One thread at a time: that which reads may wait for the disk.
 */
#pragma once

#include "audit/cdr_read.h"
#include "base/buf.h"
#include "base/err.h"
#include "trunk/trunk.h"

#include <stdint.h>

/* Calls that are named at most. */
#define SIGNED_REPORT_CALLS 20000

struct signed_report;

/* What it is of. Texts are copied. */
struct signed_report_period {
	const char *host, *log;
	uint64_t since_us, until_us,
		made_us; /* wall; records from SINCE on and before UNTIL */
};

/* 0 or -ENOMEM. */
int signed_report_new(
	struct signed_report **ret, const struct signed_report_period *period);
void signed_report_free(struct signed_report *report); /* NULL is fine */

/* Reads records in STATE_DIR. -EAGAIN: there is more; 0: that was all, and no file is open any more; or negative with TEXT. */
int signed_report_step(
	struct signed_report *report, const char *state_dir, struct err_text *text);

/* When all was read: appends the text, one line of JSON without blanks whose names are in order (as RFC 8785 has them), with its
 * end. Exceptions are those of TRUNKS. 0 or negative. */
int signed_report_write(
	const struct signed_report *report, const struct trunks *trunks, struct buf *out);

struct signed_report_counts {
	uint64_t first, last; /* numbers; 0 and 0 where RECORDS is 0 */
	uint64_t records;     /* of the period */
	uint64_t calls;       /* of them answered calls */
	uint64_t unprotected; /* of these */
};
const struct signed_report_counts *signed_report_counts(
	const struct signed_report *report);
