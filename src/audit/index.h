/*
 * The index of records: a database beside cdr.jsonl by which they are asked. A thread of its own follows the records as they
 * are written, and so nobody who writes them waits for it; what is wrong with it never touches them. It is made anew, by
 * itself, where it is missing, damaged or of another version.
 */
#pragma once

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct index;

struct index_params {
	const char *state_dir; /* existing folder */
	unsigned pause_ms;     /* between two looks for new records; 0: a second */
};

/* Starts the thread. 0 or negative: it could not be, which is no reason not to serve calls. */
int index_new(struct index **ret, const struct index_params *params);
/* The same, and says it where it could not be: without one calls are served, and their records written. */
void index_start(struct index **ret, const char *state_dir);
/* Waits for the thread, which ends within one step. NULL is fine. */
void index_free(struct index *index);

#define INDEX_WHY_SIZE 256

struct index_state {
	bool failing;     /* it cannot be read or written now */
	bool catching_up; /* records that lie there are not in it yet: of one that is made anew, or after a while without */
	uint64_t records; /* that it took since the start */
	uint64_t rebuilt; /* how often it was made anew since the start */
	uint64_t behind_bytes;    /* of the file that is read now */
	uint64_t missing;         /* records that no file had which could be read */
	uint64_t busy_us;         /* of processor, of its thread */
	char why[INDEX_WHY_SIZE]; /* it fails, or last failed; "": it never did */
};
/* Any thread. */
void index_state(struct index *index, struct index_state *ret);
/* Whoever reads it found it damaged: it is made anew. Any thread. */
void index_damaged(struct index *index);
/* The folder that was given. */
const char *index_folder(const struct index *index);
