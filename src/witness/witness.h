/*
 * A witness of logs (C2SP tlog-witness): it knows of each log the last checkpoint that it saw, and cosigns one that grew from it. What it
 * saw is on the disk before it says so. One thread.
 */
#pragma once

#include "base/buf.h"
#include "base/err.h"
#include "evidence/note.h"

#define WITNESS_LOGS_MAX 256

struct witness;

/* STATE_FD, a folder, is taken; KEY with its SIGNER signs, both borrowed. 0 or negative. */
int witness_new(struct witness **ret, int state_fd, const struct note_key *key,
	const struct ed25519 *signer);
void witness_free(struct witness *witness); /* NULL is fine */

/* A log, or a further key of one, is accepted. Reads what was seen of it. 0; ERR_LIMIT; or negative with TEXT: what was
 * kept cannot be read, and nothing is cosigned that it may contradict. */
int witness_add_log(
	struct witness *witness, const struct note_key *log, struct err_text *text);

struct witness_answer {
	unsigned status;  /* HTTP's */
	const char *type; /* static */
	struct buf body;  /* the caller's */
	/* for the witness's own log */
	const char *log; /* its name, as it was configured; "": it is not known */
	char why[160];
};

/* Judges a submission: BODY is what was sent to add-checkpoint, TIME_S the time. */
void witness_judge(struct witness *witness, struct span body, uint64_t time_s,
	struct witness_answer *ret);
