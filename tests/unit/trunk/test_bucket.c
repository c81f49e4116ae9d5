/* The token bucket: what it lets pass in any time, and what it never does. */
#include "../unit.h"

#include "trunk/bucket.h"

#include <stdio.h>

#define SECOND_US UINT64_C(1000000)
#define DAY_US (86400 * SECOND_US)
#define PASSES 400

/* Numbers that scatter, the same in every run: a step of Knuth's generator. */
static uint64_t next(uint64_t *seed)
{
	*seed = *seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return *seed >> 33;
}

static bool pass(struct bucket *bucket, struct bucket_size size, uint64_t now_us)
{
	if (bucket_wait_us(bucket, size, now_us))
		return false;
	bucket_take(bucket, size, now_us);
	return true;
}

static void a_new_one_has_its_burst_and_no_more(void **state)
{
	const struct bucket_size size = {.rate = 2, .burst = 3};
	struct bucket bucket = {0};

	(void)state;
	for (unsigned i = 0; i < 3; i++)
		assert_true(pass(&bucket, size, 5));
	assert_false(pass(&bucket, size, 5));
	assert_int_equal(bucket_taken(&bucket, size, 5), 3);
	assert_int_equal(bucket_wait_us(&bucket, size, 5), SECOND_US / 2);
}

static void one_comes_back_exactly_then(void **state)
{
	const struct bucket_size size = {.rate = 3, .burst = 1};
	struct bucket bucket = {0};

	(void)state;
	assert_true(pass(&bucket, size, 0));
	/* a third of a second is no whole number of microseconds: not before */
	assert_int_equal(bucket_wait_us(&bucket, size, 0), 333334);
	assert_false(pass(&bucket, size, 333333));
	assert_true(pass(&bucket, size, 333334));
}

/* Whoever asks again and again gets what is due to the last one, for days: nothing is lost by rounding. */
static void nothing_drifts(void **state)
{
	const struct bucket_size size = {.rate = 7, .burst = 1};
	struct bucket bucket = {0};
	uint64_t now_us = 0, passed = 0;

	(void)state;
	while (now_us < DAY_US / 24) {
		assert_true(pass(&bucket, size, now_us));
		passed++;
		now_us += bucket_wait_us(&bucket, size, now_us);
	}
	/* each waits for a whole microsecond, and what it waits too long is not lost for the next */
	assert_int_equal(passed, 7 * 3600);
}

/* The bound, over every window between two that passed. */
static void in_any_window_no_more_pass(void **state)
{
	static uint64_t passes[PASSES];
	uint64_t seed = 20261130;

	(void)state;
	for (unsigned round = 0; round < 60; round++) {
		const struct bucket_size size = {.rate = (unsigned)(1 + next(&seed) % 50),
			.burst = (unsigned)(1 + next(&seed) % 20)};
		const uint64_t gap_us = 1 + next(&seed) % (2 * SECOND_US / size.rate);
		struct bucket bucket = {0};
		uint64_t now_us = next(&seed);
		unsigned count = 0;

		for (unsigned i = 0; i < 4 * PASSES && count < PASSES; i++) {
			if (pass(&bucket, size, now_us))
				passes[count++] = now_us;
			now_us += next(&seed) % (2 * gap_us);
		}
		assert_true(count > size.burst);
		for (unsigned from = 0; from < count; from++)
			for (unsigned to = from; to < count; to++) {
				const uint64_t bound =
					size.burst * SECOND_US +
					size.rate * (passes[to] - passes[from]);

				assert_true((to - from + 1) * SECOND_US <= bound);
			}
	}
}

/* And not less either: who asks every millisecond gets all that there is. */
static void all_that_is_due_passes(void **state)
{
	uint64_t seed = 1130;

	(void)state;
	for (unsigned round = 0; round < 40; round++) {
		const struct bucket_size size = {
			.rate = (unsigned)(1 + next(&seed) % 999),
			.burst = (unsigned)(1 + next(&seed) % 99)};
		struct bucket bucket = {0};
		unsigned passed = 0;

		for (uint64_t now_us = 0; now_us <= 3 * SECOND_US; now_us += 1000)
			passed += pass(&bucket, size, now_us);
		/* at a burst of 1 what comes back within a millisecond finds no room */
		assert_in_range(passed,
			size.burst > 1 ? size.burst + 3 * size.rate
				       : 3 * size.rate * 9 / 10 / 2,
			size.burst + 3 * size.rate);
	}
}

static void a_time_that_goes_back_gives_nothing(void **state)
{
	const struct bucket_size size = {.rate = 1, .burst = 1};
	struct bucket bucket = {0};

	(void)state;
	assert_true(pass(&bucket, size, 10 * SECOND_US));
	assert_false(pass(&bucket, size, 9 * SECOND_US));
	assert_true(pass(&bucket, size, 11 * SECOND_US));
}

static void a_long_time_does_not_overflow(void **state)
{
	const struct bucket_size size = {.rate = 100000, .burst = 100000};
	struct bucket bucket = {0};

	(void)state;
	for (unsigned i = 0; i < 100000; i++)
		bucket_take(&bucket, size, 0);
	assert_true(bucket_wait_us(&bucket, size, 0) > 0);
	assert_int_equal(bucket_wait_us(&bucket, size, UINT64_MAX), 0);
	assert_int_equal(bucket_taken(&bucket, size, UINT64_MAX), 0);
}

static void of_nothing_nothing_comes(void **state)
{
	const struct bucket_size none = {.rate = 5, .burst = 0};
	const struct bucket_size once = {.rate = 0, .burst = 1};
	struct bucket bucket = {0};

	(void)state;
	assert_true(bucket_wait_us(&bucket, none, 0) == BUCKET_NEVER);
	assert_true(pass(&bucket, once, 0));
	assert_true(bucket_wait_us(&bucket, once, DAY_US) == BUCKET_NEVER);
}

/* What is taken all the same is owed, up to one burst, and keeps others waiting. */
static void what_is_taken_beyond_is_owed(void **state)
{
	const struct bucket_size size = {.rate = 1, .burst = 2};
	struct bucket bucket = {0};

	(void)state;
	for (unsigned i = 0; i < 100; i++)
		bucket_take(&bucket, size, 0);
	assert_int_equal(bucket_taken(&bucket, size, 0), 4);
	assert_int_equal(bucket_wait_us(&bucket, size, 0), 3 * SECOND_US);
}

static void what_was_taken_counts_by_new_settings(void **state)
{
	const struct bucket_size before = {.rate = 10, .burst = 10};
	const struct bucket_size less = {.rate = 1, .burst = 2};
	struct bucket bucket = {0};

	(void)state;
	for (unsigned i = 0; i < 4; i++)
		assert_true(pass(&bucket, before, 0));
	assert_int_equal(bucket_wait_us(&bucket, before, 0), 0);
	/* four are out, and of two there may be one at most to let another pass */
	assert_int_equal(bucket_wait_us(&bucket, less, 0), 3 * SECOND_US);
	assert_false(pass(&bucket, less, 2 * SECOND_US));
	assert_true(pass(&bucket, less, 3 * SECOND_US));
	assert_int_equal(bucket_taken(&bucket, before, 3 * SECOND_US), 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_new_one_has_its_burst_and_no_more),
		cmocka_unit_test(one_comes_back_exactly_then),
		cmocka_unit_test(nothing_drifts),
		cmocka_unit_test(in_any_window_no_more_pass),
		cmocka_unit_test(all_that_is_due_passes),
		cmocka_unit_test(a_time_that_goes_back_gives_nothing),
		cmocka_unit_test(a_long_time_does_not_overflow),
		cmocka_unit_test(of_nothing_nothing_comes),
		cmocka_unit_test(what_is_taken_beyond_is_owed),
		cmocka_unit_test(what_was_taken_counts_by_new_settings),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
