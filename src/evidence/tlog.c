#include "evidence/tlog.h"

#include "base/err.h"

#include <errno.h>
#include <gnutls/crypto.h>
#include <stdlib.h>

/* Entries up to this length are hashed without allocation: nearly all records. */
#define SHORT_ENTRY 8192

/* SHA-256 without a key cannot fail but for a library that is not there at all. */
static void sum(struct tlog_hash *ret, const void *data, size_t len)
{
	if (gnutls_hash_fast(GNUTLS_DIG_SHA256, data, len, ret->bytes) != 0)
		abort();
}

bool tlog_equal(const struct tlog_hash *a, const struct tlog_hash *b)
{
	return memcmp(a->bytes, b->bytes, TLOG_HASH_LEN) == 0;
}

int tlog_leaf(struct tlog_hash *ret, struct span entry)
{
	uint8_t data[1 + SHORT_ENTRY];
	gnutls_hash_hd_t hash;

	data[0] = 0;
	if (entry.len <= SHORT_ENTRY) {
		if (entry.len > 0)
			memcpy(data + 1, entry.p, entry.len);
		sum(ret, data, 1 + entry.len);
		return 0;
	}
	if (gnutls_hash_init(&hash, GNUTLS_DIG_SHA256) != 0)
		return -ENOMEM;
	(void)gnutls_hash(hash, data, 1);
	(void)gnutls_hash(hash, entry.p, entry.len);
	gnutls_hash_deinit(hash, ret->bytes);
	return 0;
}

void tlog_node(struct tlog_hash *ret, const struct tlog_hash *left,
	const struct tlog_hash *right)
{
	uint8_t data[1 + 2 * TLOG_HASH_LEN] = {1};

	memcpy(data + 1, left->bytes, TLOG_HASH_LEN);
	memcpy(data + 1 + TLOG_HASH_LEN, right->bytes, TLOG_HASH_LEN);
	sum(ret, data, sizeof(data));
}

/* A tree that grows */

static unsigned peaks_of(uint64_t size)
{
	return (unsigned)__builtin_popcountll(size);
}

void tlog_tree_add(struct tlog_tree *tree, const struct tlog_hash *leaf)
{
	struct tlog_hash hash = *leaf;
	unsigned count = peaks_of(tree->size);

	/* As adding one carries, so do two subtrees of one size become one. */
	for (uint64_t size = tree->size; size & 1; size >>= 1)
		tlog_node(&hash, &tree->peaks[--count], &hash);
	tree->peaks[count] = hash;
	tree->size++;
}

void tlog_tree_root(const struct tlog_tree *tree, struct tlog_hash *ret)
{
	unsigned count = peaks_of(tree->size);
	struct tlog_hash root;

	if (count == 0) {
		sum(ret, "", 0);
		return;
	}
	root = tree->peaks[--count];
	while (count > 0)
		tlog_node(&root, &tree->peaks[--count], &root);
	*ret = root;
}

int tlog_tree_load(struct tlog_tree *ret, uint64_t size, tlog_read_h *h, void *arg)
{
	struct tlog_tree tree = {.size = size};
	uint64_t begin = 0;
	unsigned count = 0;
	int err;

	for (int level = TLOG_LEVELS - 1; level >= 0; level--) {
		if (!(size >> level & 1))
			continue;
		err = h(arg, (unsigned)level, begin >> level, &tree.peaks[count++]);
		if (err)
			return err;
		begin += UINT64_C(1) << level;
	}
	*ret = tree;
	return 0;
}

/* Making proofs */

/* The largest power of two below COUNT, which is 2 at least: RFC 6962 2.1 calls it k. */
static uint64_t split_of(uint64_t count)
{
	return UINT64_C(1) << (63 - __builtin_clzll(count - 1));
}

/* The root over entries BEGIN up to END: what is to the right of a split within a tree, so BEGIN is a multiple of
 * the largest subtree that fits. */
static int range_root(
	struct tlog_hash *ret, uint64_t begin, uint64_t end, tlog_read_h *h, void *arg)
{
	struct tlog_hash peaks[TLOG_LEVELS] = {{{0}}}, root;
	unsigned count = 0, level;
	int err;

	while (begin < end) {
		level = 63 - (unsigned)__builtin_clzll(end - begin);
		err = h(arg, level, begin >> level, &peaks[count++]);
		if (err)
			return err;
		begin += UINT64_C(1) << level;
	}
	root = peaks[--count];
	while (count > 0)
		tlog_node(&root, &peaks[--count], &root);
	*ret = root;
	return 0;
}

/* Hashes are found from the root down, and wanted from the leaf up. */
static void turn_around(struct tlog_proof *proof)
{
	struct tlog_hash hash;

	for (unsigned i = 0; i < proof->count / 2; i++) {
		hash = proof->path[i];
		proof->path[i] = proof->path[proof->count - 1 - i];
		proof->path[proof->count - 1 - i] = hash;
	}
}

int tlog_prove_entry(
	struct tlog_proof *ret, uint64_t index, uint64_t size, tlog_read_h *h, void *arg)
{
	struct tlog_proof proof = {.count = 0};
	uint64_t begin = 0, end = size, middle;
	int err;

	if (index >= size || size > TLOG_SIZE_MAX)
		return ERR_LIMIT;
	while (end - begin > 1) {
		middle = begin + split_of(end - begin);
		if (index < middle)
			err = range_root(&proof.path[proof.count++], middle, end, h, arg);
		else
			err = range_root(
				&proof.path[proof.count++], begin, middle, h, arg);
		if (err)
			return err;
		if (index < middle)
			end = middle;
		else
			begin = middle;
	}
	turn_around(&proof);
	*ret = proof;
	return 0;
}

int tlog_prove_growth(
	struct tlog_proof *ret, uint64_t old, uint64_t size, tlog_read_h *h, void *arg)
{
	struct tlog_proof proof = {.count = 0};
	uint64_t begin = 0, end = size, middle;
	bool whole = true; /* the old tree itself is asked about: its root is known */
	int err;

	if (old == 0 || old > size || size > TLOG_SIZE_MAX)
		return ERR_LIMIT;
	while (end != old) {
		middle = begin + split_of(end - begin);
		if (old <= middle) {
			err = range_root(&proof.path[proof.count++], middle, end, h, arg);
			end = middle;
		} else {
			err = range_root(
				&proof.path[proof.count++], begin, middle, h, arg);
			begin = middle;
			whole = false;
		}
		if (err)
			return err;
	}
	if (!whole) {
		err = range_root(&proof.path[proof.count++], begin, end, h, arg);
		if (err)
			return err;
	}
	turn_around(&proof);
	*ret = proof;
	return 0;
}

/* Checking proofs */

bool tlog_check_entry(const struct tlog_proof *proof, const struct tlog_hash *leaf,
	uint64_t index, uint64_t size, const struct tlog_hash *root)
{
	struct tlog_hash hash = *leaf;
	uint64_t fn = index, sn = size - 1;

	if (index >= size || proof->count > TLOG_PROOF_MAX)
		return false;
	for (unsigned i = 0; i < proof->count; i++) {
		if (sn == 0)
			return false;
		if (fn & 1 || fn == sn) {
			tlog_node(&hash, &proof->path[i], &hash);
			while (!(fn & 1) && fn != 0) {
				fn >>= 1;
				sn >>= 1;
			}
		} else {
			tlog_node(&hash, &hash, &proof->path[i]);
		}
		fn >>= 1;
		sn >>= 1;
	}
	return sn == 0 && tlog_equal(&hash, root);
}

/* Of two trees that differ in size. FIRST: the hash that both begin with, RFC 9162 2.1.4.2 step 4; PATH: the others. */
static bool check_grown(const struct tlog_hash *first, const struct tlog_hash *path,
	unsigned count, uint64_t old, const struct tlog_hash *old_root, uint64_t size,
	const struct tlog_hash *root)
{
	struct tlog_hash fr = *first, sr = *first;
	uint64_t fn = old - 1, sn = size - 1;

	while (fn & 1) {
		fn >>= 1;
		sn >>= 1;
	}
	for (unsigned i = 0; i < count; i++) {
		if (sn == 0)
			return false;
		if (fn & 1 || fn == sn) {
			tlog_node(&fr, &path[i], &fr);
			tlog_node(&sr, &path[i], &sr);
			while (!(fn & 1) && fn != 0) {
				fn >>= 1;
				sn >>= 1;
			}
		} else {
			tlog_node(&sr, &sr, &path[i]);
		}
		fn >>= 1;
		sn >>= 1;
	}
	return sn == 0 && tlog_equal(&fr, old_root) && tlog_equal(&sr, root);
}

bool tlog_check_growth(const struct tlog_proof *proof, uint64_t old,
	const struct tlog_hash *old_root, uint64_t size, const struct tlog_hash *root)
{
	if (old == 0 || old > size || proof->count > TLOG_PROOF_MAX)
		return false;
	if (old == size)
		return proof->count == 0 && tlog_equal(old_root, root);
	/* A complete subtree is its own first hash, which the proof leaves out. */
	if ((old & (old - 1)) == 0)
		return check_grown(
			old_root, proof->path, proof->count, old, old_root, size, root);
	return proof->count > 0 && check_grown(&proof->path[0], proof->path + 1,
					   proof->count - 1, old, old_root, size, root);
}
