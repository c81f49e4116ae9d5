/*
 * Checkpoints: the text by which a log says how large it is and what its root is (C2SP tlog-checkpoint), and
 * proofs that go with one (C2SP tlog-proof). Pure; any thread.
 */
#pragma once

#include "base/buf.h"
#include "evidence/tlog.h"

/* Bytes of a proof, at most: hashes, a checkpoint and what goes along, a record among others. */
#define PROOF_MAX ((size_t)512 << 10)

struct checkpoint {
	struct span origin; /* borrowed */
	uint64_t size;
	struct tlog_hash root;
};

/* Appends the text of a note. */
void checkpoint_write(struct buf *out, const struct checkpoint *checkpoint);
/* TEXT is that of a note. Lines behind the third are passed over. 0, or ERR_FORMAT. */
int checkpoint_read(struct checkpoint *ret, struct span text);

struct proof {
	struct span extra; /* base64; p NULL: there is none */
	uint64_t index;
	struct tlog_proof hashes;
	struct span note; /* the checkpoint, as it was signed */
};

/* Appends the text of a proof of entry INDEX under NOTE, a whole one. EXTRA goes along where its p is not NULL. */
void proof_write(struct buf *out, struct span extra, uint64_t index,
	const struct tlog_proof *hashes, struct span note);
/* Borrowed of TEXT; nothing of it is believed yet. 0; ERR_FORMAT or ERR_LIMIT. */
int proof_read(struct proof *ret, struct span text);
