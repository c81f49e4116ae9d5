/* Looks inside: the cipher is checked against its published vector under a known key. */
#include "base/hash.c"

#include "../unit.h"

#include "base/list.h"

#include <stdio.h>

struct item {
	struct hash_node node;
	unsigned number;
	bool seen;
};

static void siphash_gives_the_vector_of_its_paper(void **state)
{
	const struct sip_key key = {
		UINT64_C(0x0706050403020100), UINT64_C(0x0f0e0d0c0b0a0908)};
	const uint8_t rest[] = {8, 9, 10, 11, 12, 13, 14};

	(void)state;
	assert_true(siphash(&key, UINT64_C(0x0706050403020100), rest, sizeof(rest)) ==
		    UINT64_C(0xa129ca6149be45e5));
}

static void equal_bytes_hash_alike_and_a_seed_changes_them(void **state)
{
	(void)state;
	assert_true(hash_bytes("abc", 3, 0) == hash_bytes("abc", 3, 0));
	assert_true(hash_bytes("abc", 3, 0) != hash_bytes("abd", 3, 0));
	assert_true(hash_bytes("abc", 3, 0) != hash_bytes("abc", 3, 1));
	assert_true(hash_bytes("abc", 3, 0) != hash_bytes("abc", 4, 0));
	assert_true(hash_bytes(NULL, 0, 5) == hash_bytes("", 0, 5));
}

static void many_nodes_are_all_found(void **state)
{
	enum { COUNT = 5000 };
	static struct item items[COUNT];
	struct hash hash;

	(void)state;
	assert_int_equal(hash_init(&hash), 0);
	for (unsigned i = 0; i < COUNT; i++) {
		items[i].number = i;
		hash_add(&hash, &items[i].node, hash_bytes(&i, sizeof(i), 0));
	}
	assert_int_equal(hash.count, COUNT);
	assert_true(hash.slot_count >= COUNT / 2);
	for (unsigned i = 0; i < COUNT; i++) {
		struct hash_node *node = hash_find(&hash, hash_bytes(&i, sizeof(i), 0));

		assert_non_null(node);
		assert_int_equal(HASH_ENTRY(node, struct item, node)->number, i);
	}
	for (unsigned i = 0; i < COUNT; i += 2)
		hash_remove(&hash, &items[i].node);
	for (unsigned i = 0; i < COUNT; i++) {
		bool found = hash_find(&hash, hash_bytes(&i, sizeof(i), 0)) != NULL;

		assert_int_equal(found, i % 2 == 1);
	}
	assert_int_equal(hash.count, COUNT / 2);
	hash_free(&hash);
}

static void nodes_under_one_value_are_all_visited(void **state)
{
	struct item items[40] = {0};
	unsigned seen = 0;
	struct hash hash;

	(void)state;
	assert_int_equal(hash_init(&hash), 0);
	for (unsigned i = 0; i < 40; i++)
		hash_add(&hash, &items[i].node, i < 20 ? 7 : 7 + ((uint64_t)i << 40));
	for (struct hash_node *node = hash_find(&hash, 7); node;
		node = hash_find_next(node)) {
		HASH_ENTRY(node, struct item, node)->seen = true;
		seen++;
	}
	assert_int_equal(seen, 20);
	for (unsigned i = 0; i < 40; i++)
		assert_int_equal(items[i].seen, i < 20);
	assert_null(hash_find(&hash, 8));
	hash_free(&hash);
}

struct sweep {
	struct hash *hash;
	unsigned calls;
};

static void remove_odd(void *arg, struct hash_node *node)
{
	struct sweep *sweep = arg;

	sweep->calls++;
	if (HASH_ENTRY(node, struct item, node)->number % 2 == 1)
		hash_remove(sweep->hash, node);
}

static void each_may_remove_its_node(void **state)
{
	struct item items[100] = {0};
	struct hash hash;
	struct sweep sweep = {.hash = &hash};

	(void)state;
	assert_int_equal(hash_init(&hash), 0);
	hash_each(&hash, remove_odd, &sweep);
	assert_int_equal(sweep.calls, 0);
	for (unsigned i = 0; i < 100; i++) {
		items[i].number = i;
		hash_add(&hash, &items[i].node, i);
	}
	hash_each(&hash, remove_odd, &sweep);
	assert_int_equal(sweep.calls, 100);
	assert_int_equal(hash.count, 50);
	assert_null(hash_find(&hash, 51));
	assert_non_null(hash_find(&hash, 50));
	hash_free(&hash);
}

static void marks_are_told_once(void **state)
{
	uint64_t bits[2] = {0};

	(void)state;
	for (uint64_t i = 0; i < 128; i++)
		assert_true(hash_mark(bits, 128, i));
	for (uint64_t i = 0; i < 256; i++)
		assert_false(hash_mark(bits, 128, i));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(siphash_gives_the_vector_of_its_paper),
		cmocka_unit_test(equal_bytes_hash_alike_and_a_seed_changes_them),
		cmocka_unit_test(many_nodes_are_all_found),
		cmocka_unit_test(nodes_under_one_value_are_all_visited),
		cmocka_unit_test(each_may_remove_its_node),
		cmocka_unit_test(marks_are_told_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
