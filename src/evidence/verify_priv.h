/* What the files of the verifier share. */
#pragma once

#include "evidence/tiles.h"
#include "evidence/verify.h"

#define VERIFY_NAME_SIZE 128

struct verify {
	const struct verify_params *params;
	struct verify_result result;
	uint64_t limit; /* records below it are looked at, as far as they were signed */
	bool damaged; /* the first pass found that records are not as they were signed */
	struct keychain keys;
	/* Older checkpoints that are signed, those of hand-overs among them. */
	struct {
		char name[VERIFY_NAME_SIZE];
		uint64_t size;
		struct tlog_hash root;
		bool met; /* the tree had that root at that size */
	} older[VERIFY_OLDER_MAX + KEYCHAIN_MAX + 2];
	unsigned older_count;
};

/* Tells of a fault: about records FIRST to LAST; or, where LAST is below FIRST, of none. */
void verify_tell(struct verify *verify, enum verify_kind kind, uint64_t first,
	uint64_t last, const char *format, ...) __attribute__((format(printf, 5, 6)));

/* Looks at everything once, quickly. Sets DAMAGED where a record is not in its place or the root is another; tells
 * only of what it is sure of. 0, or negative with TEXT. */
int verify_pass(struct verify *verify, struct err_text *text);
/* Finds out which records are not as they were signed. 0, or negative with TEXT. */
int verify_search(struct verify *verify, struct err_text *text);

/* Why the note WHOLE is none of a log with KEYS. NULL: it is one. */
const char *verify_refuse_note(
	struct checkpoint *ret, struct span whole, const struct keychain *keys);
/* The log must have had that ROOT. SIZE is not 0. */
void verify_add_older(struct verify *verify, const char *name, uint64_t size,
	const struct tlog_hash *root);
/* What witnesses say of the checkpoint PUBLISHED, and of the one that was witnessed last. */
void verify_witnessed(struct verify *verify, struct span published);
