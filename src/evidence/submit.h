/*
 * What a log and its witness send each other (C2SP tlog-witness, add-checkpoint). Pure; any thread.
 */
#pragma once

#include "evidence/checkpoint.h"
#include "evidence/note.h"

#define SUBMIT_PATH "/add-checkpoint"
#define SUBMIT_SIZE_TYPE "text/x.tlog.size"
/* Bytes of a submission, at most: a note of ours with some signatures, and the hashes. */
#define SUBMIT_MAX ((size_t)64 << 10)
/* Lines of a proof, at most. */
#define SUBMIT_PROOF_MAX 63

struct submission {
	uint64_t old; /* records of the checkpoint before */
	struct tlog_proof proof;
	struct span note; /* borrowed; a whole one */
};

void submit_write(struct buf *out, const struct submission *submission);
/* Borrowed of BODY; nothing of it is believed yet. 0 or ERR_FORMAT. */
int submit_read(struct submission *ret, struct span body);
/* The body of an answer with a size: "123\n". 0 or ERR_FORMAT. */
int submit_read_size(uint64_t *ret, struct span body);
