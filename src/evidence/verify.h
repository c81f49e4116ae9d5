/*
 * Whether a log is what its owner signed: each record in its place and unchanged, the tiles whole, no older
 * checkpoint contradicted. It says where it is not. For the verifier, which may wait; one thread.
 */
#pragma once

#include "base/err.h"
#include "evidence/checkpoint.h"
#include "evidence/keychain.h"
#include "evidence/note.h"
#include "evidence/records.h"

enum verify_kind {
	VERIFY_CHECKPOINT, /* there is none, it is damaged, or another key signed it */
	VERIFY_SHRUNK,     /* the log is not one that grew from an older checkpoint */
	VERIFY_CHANGED,    /* a record is not what was signed */
	VERIFY_MISSING,
	VERIFY_ORDER,    /* it is there, but not in its place; or twice */
	VERIFY_ADDED,    /* a line that is no record of the log */
	VERIFY_UNSIGNED, /* records behind the last checkpoint */
	VERIFY_TILE,     /* a file of hashes is missing or damaged */
	VERIFY_ROOT, /* records and tiles are not what was signed, and it cannot be said where */
	VERIFY_HANDOVER, /* a record names another key, and the old one did not sign that */
	VERIFY_WITNESS, /* too few witnesses have cosigned, or one's line is wrong */
	VERIFY_KINDS,
};

/* "changed"; static. */
const char *verify_kind_name(enum verify_kind kind);

struct verify_fault {
	enum verify_kind kind;
	bool has_records; /* FIRST to LAST are the records that it is about */
	uint64_t first, last;
	const char *text; /* a sentence; borrowed during the call */
};

typedef void verify_fault_h(void *arg, const struct verify_fault *fault);
/* The log went on with another key, as both signed. Borrowed during the call. */
typedef void verify_handover_h(void *arg, const struct handover *handover);

/* A witness cosigned the first SIZE records, at TIME_S since 1970. */
typedef void verify_witness_h(
	void *arg, const struct note_key *witness, uint64_t size, uint64_t time_s);

#define VERIFY_WITNESSES_MAX 16

/* Whose word is wanted. */
struct verify_witnesses {
	unsigned count;
	struct note_key keys[VERIFY_WITNESSES_MAX]; /* for cosignatures */
	unsigned quorum;                            /* how many of them */
	verify_witness_h *h;                        /* NULL: nobody wants to know */
	void *arg;
};

/* A checkpoint of before, as it was kept elsewhere. */
struct verify_older {
	const char *name; /* for what is said of it */
	struct span note;
};

#define VERIFY_OLDER_MAX 16
/* H is called so often at most; what is more is counted. */
#define VERIFY_FAULTS_MAX 100

struct verify_params {
	int log_fd; /* of the folder with the checkpoint and the tiles */
	struct records *records;
	const struct note_key
		*key; /* of some time: it is followed to those before and after it */
	uint64_t from,
		to; /* the records that are looked at: FROM to TO - 1; 0 and UINT64_MAX: all */
	bool live; /* the server runs: it may have written records that it has not signed yet */
	const struct verify_older *older;
	unsigned older_count;                     /* VERIFY_OLDER_MAX at most */
	const struct verify_witnesses *witnesses; /* NULL: nobody's word is wanted */
	verify_fault_h *h;
	verify_handover_h *handover_h; /* NULL: nobody wants to know */
	void *arg;
};

struct verify_result {
	uint64_t size; /* of the checkpoint: how many records were signed */
	struct tlog_hash root;
	uint64_t checked; /* records that are as they were signed; without faults */
	uint64_t unsigned_records;
	uint64_t before; /* lines that are older than the log */
	uint64_t faults;
};

/* 0: *RET says what was found; negative with TEXT: something could not be read, and nothing is known. */
int verify_log(struct verify_result *ret, const struct verify_params *params,
	struct err_text *text);

/* Whether WHOLE is a checkpoint that was signed by the key of KEYS that the log had then. 0; ERR_TRUST with TEXT: why not. */
int verify_checkpoint(struct checkpoint *ret, struct span whole,
	const struct keychain *keys, struct err_text *text);
/*
 * Whether PROOF, the text of a C2SP tlog-proof, shows that RECORD, a line without its end, was signed by the key of KEYS that the
 * log had then. RECORD with p NULL: the one that goes along in PROOF. 0 with *RET_INDEX and the record in RET_RECORD;
 * ERR_FORMAT: it is no proof, or no record goes along; ERR_TRUST: it is not proved; with TEXT.
 */
int verify_proof(struct span proof, struct span record, const struct keychain *keys,
	uint64_t *ret_index, struct buf *ret_record, struct err_text *text);
/* The same of a record of which the hash alone is known. */
int verify_leaf(struct span proof, const struct tlog_hash *leaf,
	const struct keychain *keys, uint64_t *ret_index, struct err_text *text);
/* Whether the checkpoint WHOLE is cosigned by as many of WITNESSES as are wanted, and by none of them wrongly. 0; ERR_FORMAT, ERR_TRUST,
 * with TEXT. */
int verify_note_witnessed(struct span whole, const struct verify_witnesses *witnesses,
	struct err_text *text);
/* The same of the checkpoint in PROOF. */
int verify_proof_witnessed(struct span proof, const struct verify_witnesses *witnesses,
	struct err_text *text);
