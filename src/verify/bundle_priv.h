/* What the files of the bundle share. */
#pragma once

#include "verify/bundle.h"
#include "verify/source.h"

#include "evidence/keychain.h"
#include "evidence/tlog.h"

#define BUNDLE_WITNESSED_MAX 64

struct bundle {
	const struct bundle_params *params;
	struct source source;
	struct keychain keys;
	struct bundle_result result;
	/* what was told of witnesses */
	struct {
		uint32_t id;
		uint64_t size;
	} told[BUNDLE_WITNESSED_MAX];
	unsigned told_count;
};

/* Tells of a fault: FORMAT is a sentence. */
void bundle_tell(struct bundle *bundle, const char *kind, const char *file,
	const char *format, ...) __attribute__((format(printf, 4, 5)));

/* A file of at most MAX bytes, to the end of RET. False: it was told that it is not there, or cannot be read. */
bool bundle_read(struct bundle *bundle, const char *name, size_t max, struct buf *ret);
/* Whether the file PROOF proves LINE, what NAME says; LEAF: its hash, where it is masked. False: it was told why not. The proof itself is
 * added to RET. */
bool bundle_is_proved(struct bundle *bundle, const char *name, struct span line,
	const struct tlog_hash *leaf, const char *proof, struct buf *ret);

/* Whether the stamp is of the checkpoint beside it, and by whom it has to be. What there is of it is in the result. */
void bundle_check_stamp(struct bundle *bundle);
/* Where a checkpoint is stamped: that the record NAME, as above, was in it. PROOF is the one by a later checkpoint. */
void bundle_check_stamped(struct bundle *bundle, const char *name, struct span line,
	const struct tlog_hash *leaf, const char *proof);
/* Whether those whose word is wanted cosigned the checkpoint in PROOF, of the record NAME. */
void bundle_check_witnessed(struct bundle *bundle, const char *name, struct span proof);
/* The same of one that nobody need have cosigned: that what is there of their word is theirs. */
void bundle_check_lines(struct bundle *bundle, const char *name, struct span proof);
/* The checkpoint that goes along beside the proofs, if there is one: that it is of the log, and the word of those on it theirs. */
void bundle_check_checkpoint(struct bundle *bundle);

/* The SHA-256 of FILE. 0 or negative. */
int bundle_sum(const struct bundle *bundle, const struct source_file *file,
	struct tlog_hash *ret);

/*
 * Whether the lines of TABLE are the leaves of the tree of ROOT, and each block that is shown in FILE is the one that it is
 * said to be; FILE NULL: none is shown. Tells of what is not. 0; or negative: it cannot be read.
 */
int bundle_check_blocks(struct bundle *bundle, const struct source_file *table,
	const struct source_file *file, const struct tlog_hash *root);
