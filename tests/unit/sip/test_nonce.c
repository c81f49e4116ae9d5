/* Nonces of ours: how long, for whom and how often they are good. */
#include "../unit.h"

#include "sip/nonce.h"

#include <stdio.h>
#include <string.h>

static struct nonces *nonces;

static int begin(void **state)
{
	(void)state;
	return nonces_new(&nonces);
}

static int end(void **state)
{
	(void)state;
	nonces_free(nonces);
	return 0;
}

static void make(uint64_t now_ms, const char *about, char ret[static NONCE_SIZE])
{
	assert_int_equal(nonces_make(nonces, now_ms, span_of(about), ret), 0);
	assert_int_equal(strlen(ret), NONCE_SIZE - 1);
}

static enum nonce_state judge(
	uint64_t now_ms, const char *about, const char *nonce, uint32_t nc)
{
	return nonces_judge(nonces, now_ms, span_of(about), span_of(nonce), nc);
}

static void one_is_good_for_whom_it_was_made(void **state)
{
	char a[NONCE_SIZE], b[NONCE_SIZE];

	(void)state;
	make(5000, "gw 1.2.3.4", a);
	make(5000, "gw 1.2.3.4", b);
	assert_string_not_equal(a, b);
	assert_int_equal(judge(5000, "gw 1.2.3.4", a, 1), NONCE_GOOD);
	assert_int_equal(judge(5000, "gw 1.2.3.4", b, 1), NONCE_GOOD);
	assert_int_equal(judge(5000, "gw 1.2.3.5", a, 1), NONCE_FOREIGN);
	assert_int_equal(judge(5000, "gx 1.2.3.4", a, 1), NONCE_FOREIGN);
}

static void one_lasts_so_long(void **state)
{
	char nonce[NONCE_SIZE];

	(void)state;
	make(5000, "x", nonce);
	assert_int_equal(judge(5000 + NONCE_LIFE_MS, "x", nonce, 1), NONCE_GOOD);
	assert_int_equal(judge(6000 + NONCE_LIFE_MS, "x", nonce, 1), NONCE_STALE);
}

/* No byte of it can be another. */
static void a_changed_one_is_foreign(void **state)
{
	char nonce[NONCE_SIZE];

	(void)state;
	make(5000, "x", nonce);
	for (size_t i = 0; i < NONCE_SIZE - 1; i++) {
		const char was = nonce[i];

		nonce[i] = was == '0' ? '1' : '0';
		assert_int_equal(judge(5000, "x", nonce, 1), NONCE_FOREIGN);
		nonce[i] = 'G';
		assert_int_equal(judge(5000, "x", nonce, 1), NONCE_FOREIGN);
		nonce[i] = was;
	}
	assert_int_equal(judge(5000, "x", "", 1), NONCE_FOREIGN);
	nonce[NONCE_SIZE - 2] = '\0';
	assert_int_equal(judge(5000, "x", nonce, 1), NONCE_FOREIGN);
}

static void those_of_another_process_are_foreign(void **state)
{
	struct nonces *others;
	char nonce[NONCE_SIZE];

	(void)state;
	assert_int_equal(nonces_new(&others), 0);
	assert_int_equal(nonces_make(others, 5000, span_of("x"), nonce), 0);
	assert_int_equal(judge(5000, "x", nonce, 1), NONCE_FOREIGN);
	nonces_free(others);
	nonces_free(NULL);
}

static void use(const char *nonce, uint32_t nc)
{
	assert_int_equal(judge(5000, "x", nonce, nc), NONCE_GOOD);
	nonces_use(nonces, span_of(nonce), nc);
	assert_int_equal(judge(5000, "x", nonce, nc), NONCE_STALE);
}

static void a_count_is_used_once(void **state)
{
	char nonce[NONCE_SIZE];

	(void)state;
	make(5000, "x", nonce);
	use(nonce, 1);
	use(nonce, 2);
	use(nonce, 5);
	/* in whatever order */
	use(nonce, 4);
	use(nonce, 3);
	for (uint32_t nc = 1; nc <= 5; nc++)
		assert_int_equal(judge(5000, "x", nonce, nc), NONCE_STALE);
	/* one that was left out long ago comes too late */
	use(nonce, 7);
	use(nonce, 6 + NONCE_WINDOW);
	use(nonce, 6);
	use(nonce, 72 + NONCE_WINDOW);
	assert_int_equal(judge(5000, "x", nonce, 7), NONCE_STALE);
	assert_int_equal(judge(5000, "x", nonce, 71), NONCE_STALE);
	use(nonce, 72);
	use(nonce, UINT32_MAX);
	assert_int_equal(judge(5000, "x", nonce, 0), NONCE_STALE);
	use(nonce, UINT32_MAX - 1);
}

/* The last one that is remembered, and what comes twice. */
static void the_window_has_an_edge(void **state)
{
	char nonce[NONCE_SIZE];

	(void)state;
	make(5000, "x", nonce);
	use(nonce, 1);
	use(nonce, 1 + NONCE_WINDOW);
	assert_int_equal(judge(5000, "x", nonce, 1), NONCE_STALE);
	for (uint32_t nc = 2; nc <= NONCE_WINDOW; nc++)
		assert_int_equal(judge(5000, "x", nonce, nc), NONCE_GOOD);
	nonces_use(nonces, span_of(nonce), 1 + NONCE_WINDOW);
	use(nonce, 2 + NONCE_WINDOW);
	nonces_use(nonces, span_of(nonce), 2 + NONCE_WINDOW);
	nonces_use(nonces, span_of(nonce), 1);
	for (uint32_t nc = 2; nc <= NONCE_WINDOW; nc++)
		assert_int_equal(judge(5000, "x", nonce, nc), NONCE_GOOD);
	assert_int_equal(judge(5000, "x", nonce, 1 + NONCE_WINDOW), NONCE_STALE);
}

/* Counts as a set says, and as the nonces say: the same, within the window. */
static void counts_are_a_set(void **state)
{
	bool used[400] = {false};
	char nonce[NONCE_SIZE];
	uint32_t highest = 0, seed = 7;

	(void)state;
	make(5000, "x", nonce);
	for (unsigned i = 0; i < 5000; i++) {
		uint32_t nc;

		seed = seed * 1103515245 + 12345;
		nc = 1 + (highest + (seed >> 16) % 90) % 390;
		if (highest > NONCE_WINDOW && nc + NONCE_WINDOW < highest) {
			assert_int_equal(judge(5000, "x", nonce, nc), NONCE_STALE);
			continue;
		}
		assert_int_equal(
			judge(5000, "x", nonce, nc), used[nc] ? NONCE_STALE : NONCE_GOOD);
		if (used[nc])
			continue;
		nonces_use(nonces, span_of(nonce), nc);
		used[nc] = true;
		if (nc > highest)
			highest = nc;
	}
	assert_true(highest == 390);
}

/* Memory is bounded: of two in one place the earlier one is given up, never taken for unused. */
static void many_that_are_used_make_the_first_stale(void **state)
{
	char first[NONCE_SIZE], nonce[NONCE_SIZE];

	(void)state;
	make(5000, "x", first);
	use(first, 1);
	for (unsigned i = 0; i < NONCE_USED - 1; i++) {
		make(5000, "x", nonce);
		use(nonce, 1);
	}
	assert_int_equal(judge(5000, "x", first, 2), NONCE_GOOD);
	make(5000, "x", nonce);
	use(nonce, 1);
	assert_int_equal(judge(5000, "x", first, 2), NONCE_STALE);
	assert_int_equal(judge(5000, "x", first, 1), NONCE_STALE);
}

/* However many are given out, what was used is remembered. */
static void those_that_never_come_back_cost_nothing(void **state)
{
	char first[NONCE_SIZE], nonce[NONCE_SIZE];

	(void)state;
	make(5000, "x", first);
	use(first, 1);
	for (unsigned i = 0; i < 10 * NONCE_USED; i++)
		make(5000, "x", nonce);
	assert_int_equal(judge(5000, "x", first, 1), NONCE_STALE);
	assert_int_equal(judge(5000, "x", first, 2), NONCE_GOOD);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
	const struct CMUnitTest tests[] = {
		TEST(one_is_good_for_whom_it_was_made),
		TEST(one_lasts_so_long),
		TEST(a_changed_one_is_foreign),
		TEST(those_of_another_process_are_foreign),
		TEST(a_count_is_used_once),
		TEST(the_window_has_an_edge),
		TEST(counts_are_a_set),
		TEST(many_that_are_used_make_the_first_stale),
		TEST(those_that_never_come_back_cost_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
