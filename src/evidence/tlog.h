/*
 * The Merkle tree over the records of a log: RFC 6962 2.1, SHA-256. A tree of N entries is known by its
 * size and its root; a proof is a short list of hashes by which who knows the root can check that an
 * entry is in the tree, or that an older tree is its beginning. Pure; any thread.
 */
#pragma once

#include "base/span.h"

#define TLOG_HASH_LEN 32
/* Of a tree of 2^63 entries. */
#define TLOG_LEVELS 63
/* Hashes of a proof, at most. */
#define TLOG_PROOF_MAX 64
/* Entries of a tree, at most. */
#define TLOG_SIZE_MAX (UINT64_C(1) << 62)

struct tlog_hash {
	uint8_t bytes[TLOG_HASH_LEN];
};

bool tlog_equal(const struct tlog_hash *a, const struct tlog_hash *b);
/* The hash of an entry: of a byte 0 and the entry. 0 or -ENOMEM. */
int tlog_leaf(struct tlog_hash *ret, struct span entry);
/* The hash over two: of a byte 1 and both. RET may be one of them. */
void tlog_node(struct tlog_hash *ret, const struct tlog_hash *left,
	const struct tlog_hash *right);

/* A tree that grows: the roots of its complete subtrees, the largest first. All zero: empty. */
struct tlog_tree {
	uint64_t size;
	struct tlog_hash peaks[TLOG_LEVELS];
};

/* SIZE stays below TLOG_SIZE_MAX. */
void tlog_tree_add(struct tlog_tree *tree, const struct tlog_hash *leaf);
void tlog_tree_root(const struct tlog_tree *tree, struct tlog_hash *ret);

/*
 * Gives the root of the complete subtree of 2^LEVEL entries that begins with entry INDEX * 2^LEVEL. 0, or a
 * negative code, which ends what asked for it.
 */
typedef int tlog_read_h(void *arg, unsigned level, uint64_t index, struct tlog_hash *ret);

/* A proof: from the entry's neighbour up to the child of the root. */
struct tlog_proof {
	unsigned count;
	struct tlog_hash path[TLOG_PROOF_MAX];
};

/* The tree of the first SIZE entries, to go on from. 0, or what H returned. */
int tlog_tree_load(struct tlog_tree *ret, uint64_t size, tlog_read_h *h, void *arg);
/* That entry INDEX, below SIZE, is in the tree of SIZE entries: RFC 6962 2.1.1. 0, or what H returned;
 * ERR_LIMIT: there is no such entry. */
int tlog_prove_entry(
	struct tlog_proof *ret, uint64_t index, uint64_t size, tlog_read_h *h, void *arg);
/* That the tree of the first OLD entries, 1 at least, is the beginning of that of SIZE: 2.1.2. As above. */
int tlog_prove_growth(
	struct tlog_proof *ret, uint64_t old, uint64_t size, tlog_read_h *h, void *arg);

/* Whether PROOF says that the entry of hash LEAF is number INDEX of the tree of SIZE and ROOT: RFC 9162 2.1.3.2. */
bool tlog_check_entry(const struct tlog_proof *proof, const struct tlog_hash *leaf,
	uint64_t index, uint64_t size, const struct tlog_hash *root);
/* Whether PROOF says that the tree of OLD, 1 at least, and OLD_ROOT is the beginning of that of SIZE and
 * ROOT: RFC 9162 2.1.4.2. */
bool tlog_check_growth(const struct tlog_proof *proof, uint64_t old,
	const struct tlog_hash *old_root, uint64_t size, const struct tlog_hash *root);
