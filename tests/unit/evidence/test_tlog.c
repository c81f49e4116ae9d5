#include "../unit.h"

#include "base/err.h"
#include "evidence/tlog.h"
#include "evidence_fixture.h"

/* The entries and roots that the reference implementation of RFC 6962 is tested with. */
static const char *const entries[] = {"", "00", "10", "2021", "3031", "40414243",
	"5051525354555657", "606162636465666768696a6b6c6d6e6f"};
static const char *const roots[] = {
	"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
	"6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
	"fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
	"aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
	"d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
	"4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
	"76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
	"ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
	"5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
};

struct vector {
	uint64_t first, size;
	const char *hashes[3]; /* NULL: there are no more */
};

/* Likewise: of entry FIRST in the tree of SIZE; of the tree of FIRST in that of SIZE. */
static const struct vector inclusions[] = {
	{0, 1, {NULL}},
	{0, 8,
		{"96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
			"5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031"
			"e",
			"6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e"
			"4"}},
	{5, 8,
		{"bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
			"ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae"
			"0",
			"d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b"
			"7"}},
	{2, 3, {"fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"}},
	{1, 5,
		{"6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
			"5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031"
			"e",
			"bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6"
			"b"}},
};
static const struct vector growths[] = {
	{1, 1, {NULL}},
	{1, 8,
		{"96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
			"5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031"
			"e",
			"6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e"
			"4"}},
	{6, 8,
		{"0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
			"ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae"
			"0",
			"d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b"
			"7"}},
	{2, 5,
		{"5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
			"bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6"
			"b"}},
};

#define LEAVES 70

static struct tlog_hash leaves[LEAVES];

/* As RFC 6962 2.1 defines it, word for word. */
static struct tlog_hash mth(const struct tlog_hash *list, uint64_t count)
{
	struct tlog_hash left, right;
	uint64_t k = 1;

	if (count == 0)
		return hash_of(roots[0]);
	if (count == 1)
		return list[0];
	while (k * 2 < count)
		k *= 2;
	left = mth(list, k);
	right = mth(list + k, count - k);
	tlog_node(&left, &left, &right);
	return left;
}

static int read_h(void *arg, unsigned level, uint64_t index, struct tlog_hash *ret)
{
	unsigned *fails_at = arg;

	assert_true((index + 1) << level <= LEAVES);
	if (fails_at && (*fails_at)-- == 0)
		return -EIO;
	*ret = mth(leaves + (index << level), UINT64_C(1) << level);
	return 0;
}

static struct tlog_tree tree_of(unsigned count)
{
	struct tlog_tree tree = {.size = 0};

	for (unsigned i = 0; i < count; i++)
		tlog_tree_add(&tree, &leaves[i]);
	return tree;
}

static struct tlog_hash root_of(unsigned count)
{
	struct tlog_tree tree = tree_of(count);
	struct tlog_hash root;

	tlog_tree_root(&tree, &root);
	return root;
}

static int setup(void **state)
{
	(void)state;
	for (unsigned i = 0; i < LEAVES; i++) {
		uint8_t entry[16];
		struct span span = {(char *)entry, 2};

		if (i < 8) {
			span.len = strlen(entries[i]) / 2;
			unhex(entries[i], entry, span.len);
		} else {
			entry[0] = (uint8_t)i;
			entry[1] = 1;
		}
		if (tlog_leaf(&leaves[i], span) != 0)
			return -1;
	}
	return 0;
}

static void published_roots_come_out(void **state)
{
	(void)state;
	for (unsigned i = 0; i <= 8; i++) {
		struct tlog_hash root = root_of(i), expected = hash_of(roots[i]);

		assert_memory_equal(root.bytes, expected.bytes, TLOG_HASH_LEN);
	}
}

/* Each way to hash an entry, at its edges. By sha256sum of a byte 0 and so many 'x'. */
static void an_entry_of_any_length_is_hashed(void **state)
{
	static const struct {
		size_t len;
		const char *hash;
	} cases[] = {
		{8191, "ab33d06b42cc5cfe2ce1daeefc73818e41ab50470fca3d3284dffe50d0429f0"
		       "9"},
		{8192, "222f8ca84f700b4d753c454b2496a641652118803b4207fa265577aeb2880f6"
		       "2"},
		{8193, "1723fc143cee7f6fcc086b1a8d0e9a10c03b2d31ba730bf61eaec0eae4e2577"
		       "8"},
		{100000, "9830a6c3834db43161be1b7e54338e3dadea20e1abf0fc6596c350c71c13e40"
			 "a"},
	};
	static char entry[100000];
	struct tlog_hash hash, expected;

	(void)state;
	memset(entry, 'x', sizeof(entry));
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		expected = hash_of(cases[i].hash);
		assert_int_equal(tlog_leaf(&hash, (struct span){entry, cases[i].len}), 0);
		assert_memory_equal(hash.bytes, expected.bytes, TLOG_HASH_LEN);
	}
}

static void a_tree_grows_as_it_is_defined(void **state)
{
	(void)state;
	for (unsigned i = 0; i <= LEAVES; i++) {
		struct tlog_hash root = root_of(i), expected = mth(leaves, i);

		assert_true(tlog_equal(&root, &expected));
	}
}

static void a_tree_that_is_loaded_goes_on(void **state)
{
	struct tlog_tree tree;
	struct tlog_hash root, expected;

	(void)state;
	for (unsigned i = 0; i < LEAVES; i++) {
		assert_int_equal(tlog_tree_load(&tree, i, read_h, NULL), 0);
		tlog_tree_add(&tree, &leaves[i]);
		assert_int_equal(tree.size, i + 1);
		tlog_tree_root(&tree, &root);
		expected = mth(leaves, i + 1);
		assert_true(tlog_equal(&root, &expected));
	}
}

static void expect_hashes(const struct tlog_proof *proof, const struct vector *vector)
{
	unsigned count = 0;

	while (count < 3 && vector->hashes[count]) {
		struct tlog_hash expected = hash_of(vector->hashes[count]);

		assert_true(count < proof->count);
		assert_memory_equal(
			proof->path[count].bytes, expected.bytes, TLOG_HASH_LEN);
		count++;
	}
	assert_int_equal(proof->count, count);
}

static void published_proofs_come_out(void **state)
{
	struct tlog_proof proof;

	(void)state;
	for (size_t i = 0; i < sizeof(inclusions) / sizeof(inclusions[0]); i++) {
		assert_int_equal(tlog_prove_entry(&proof, inclusions[i].first,
					 inclusions[i].size, read_h, NULL),
			0);
		expect_hashes(&proof, &inclusions[i]);
	}
	for (size_t i = 0; i < sizeof(growths) / sizeof(growths[0]); i++) {
		assert_int_equal(tlog_prove_growth(&proof, growths[i].first,
					 growths[i].size, read_h, NULL),
			0);
		expect_hashes(&proof, &growths[i]);
	}
}

/* What is proved is checked, and nothing else is: another entry, number, size, root, a hash more or less. */
static void every_entry_is_proved_and_nothing_else(void **state)
{
	struct tlog_proof proof, other;
	struct tlog_hash root, wrong;

	(void)state;
	for (unsigned size = 1; size <= LEAVES; size++) {
		root = root_of(size);
		for (unsigned i = 0; i < size; i++) {
			assert_int_equal(
				tlog_prove_entry(&proof, i, size, read_h, NULL), 0);
			assert_true(tlog_check_entry(&proof, &leaves[i], i, size, &root));
			assert_false(tlog_check_entry(
				&proof, &leaves[(i + 1) % LEAVES], i, size, &root));
			for (unsigned k = 0; k < size; k++)
				assert_int_equal(tlog_check_entry(&proof, &leaves[i], k,
							 size, &root),
					k == i);
			assert_false(
				tlog_check_entry(&proof, &leaves[i], size, size, &root));
			wrong = root;
			wrong.bytes[31] ^= 1;
			assert_false(
				tlog_check_entry(&proof, &leaves[i], i, size, &wrong));
			other = proof;
			other.path[other.count++] = leaves[0];
			assert_false(
				tlog_check_entry(&other, &leaves[i], i, size, &root));
			if (proof.count == 0)
				continue;
			other = proof;
			other.count--;
			assert_false(
				tlog_check_entry(&other, &leaves[i], i, size, &root));
			other = proof;
			other.path[size % proof.count].bytes[0] ^= 0x80;
			assert_false(
				tlog_check_entry(&other, &leaves[i], i, size, &root));
		}
	}
	assert_int_equal(tlog_prove_entry(&proof, 5, 5, read_h, NULL), ERR_LIMIT);
}

static void every_growth_is_proved_and_nothing_else(void **state)
{
	struct tlog_proof proof, other;
	struct tlog_hash old_root, root, wrong;

	(void)state;
	for (unsigned size = 1; size <= LEAVES; size++) {
		root = root_of(size);
		for (unsigned old = 1; old <= size; old++) {
			old_root = root_of(old);
			assert_int_equal(
				tlog_prove_growth(&proof, old, size, read_h, NULL), 0);
			assert_true(
				tlog_check_growth(&proof, old, &old_root, size, &root));
			wrong = old_root;
			wrong.bytes[0] ^= 1;
			assert_false(tlog_check_growth(&proof, old, &wrong, size, &root));
			wrong = root;
			wrong.bytes[0] ^= 1;
			assert_false(
				tlog_check_growth(&proof, old, &old_root, size, &wrong));
			other = proof;
			other.path[other.count++] = leaves[0];
			assert_false(
				tlog_check_growth(&other, old, &old_root, size, &root));
			assert_false(
				tlog_check_growth(&proof, 0, &old_root, size, &root));
			assert_false(tlog_check_growth(
				&proof, size + 1, &old_root, size, &root));
			if (proof.count == 0)
				continue;
			other = proof;
			other.count--;
			assert_false(
				tlog_check_growth(&other, old, &old_root, size, &root));
			other = proof;
			other.path[old % proof.count].bytes[5] ^= 4;
			assert_false(
				tlog_check_growth(&other, old, &old_root, size, &root));
		}
	}
	assert_int_equal(tlog_prove_growth(&proof, 0, 5, read_h, NULL), ERR_LIMIT);
	assert_int_equal(tlog_prove_growth(&proof, 6, 5, read_h, NULL), ERR_LIMIT);
}

static void a_hash_that_cannot_be_read_ends_it(void **state)
{
	struct tlog_proof proof = {.count = 77};
	struct tlog_tree tree = {.size = 77};
	unsigned fails_at;

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		fails_at = i;
		assert_int_equal(
			tlog_prove_entry(&proof, 20, 70, read_h, &fails_at), -EIO);
		fails_at = i;
		assert_int_equal(
			tlog_prove_growth(&proof, 21, 70, read_h, &fails_at), -EIO);
		fails_at = i;
		assert_int_equal(tlog_tree_load(&tree, 70, read_h, &fails_at), -EIO);
	}
	assert_int_equal(proof.count, 77);
	assert_int_equal(tree.size, 77);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(published_roots_come_out),
		cmocka_unit_test(an_entry_of_any_length_is_hashed),
		cmocka_unit_test(a_tree_grows_as_it_is_defined),
		cmocka_unit_test(a_tree_that_is_loaded_goes_on),
		cmocka_unit_test(published_proofs_come_out),
		cmocka_unit_test(every_entry_is_proved_and_nothing_else),
		cmocka_unit_test(every_growth_is_proved_and_nothing_else),
		cmocka_unit_test(a_hash_that_cannot_be_read_ends_it),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
