/*
 * Whether a bundle is what a log has of a call (`tandemctl capture export`), by its key alone. One thread.
 *
 * It begins with the record of the export, which is proved to be in the log: that has the sum of SHA256SUMS, and this the sum of each other
 * file. Then it says of records, captures and their blocks what each is, so that the place of a fault is named; and what others,
 * an authority for time and witnesses, said of the log that the records are in.
 */
#pragma once

#include "base/err.h"
#include "evidence/stamp.h"
#include "evidence/verify.h"

#include <jansson.h>

struct bundle_fault {
	const char *
		kind; /* "changed", "missing", "added", "proof", "record", "stamp", "witness" */
	const char *file;
	const char *
		text; /* a sentence that names the place; it may have bytes of the bundle's maker */
};
typedef void bundle_fault_h(void *arg, const struct bundle_fault *fault);

/* Faults that are told of; more are counted. */
#define BUNDLE_FAULTS_MAX 100

struct bundle_params {
	const char *path; /* a folder or an archive */
	const struct note_key *key;
	const char *
		authorities; /* a PEM file: who stamps; NULL: a stamp's signature is not looked at */
	const struct verify_witnesses *witnesses; /* NULL: nobody's word is wanted */
	bundle_fault_h *h;
	void *arg;
};

struct bundle_stamp {
	bool is_there; /* a stamp of a checkpoint of the log */
	bool checked; /* it is by one of those who were named; else only it itself says when */
	uint64_t size; /* records of that checkpoint */
	char time[STAMP_TIME_SIZE];
};

struct bundle_result {
	uint64_t faults;
	uint64_t records, files, packets_shown, packets_masked, packets_withheld;
	struct bundle_stamp stamp;
	json_t *manifest; /* owned by the caller; NULL: there is none that can be read */
};

/* 0: *RET says what was found; negative with TEXT: it could not be read, and nothing is known. */
int bundle_check(struct bundle_result *ret, const struct bundle_params *params,
	struct err_text *text);
