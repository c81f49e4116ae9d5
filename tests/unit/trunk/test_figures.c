/* The figures of a trunk: ratios, delays, the last hour, the reset. */
#include "../unit.h"

#include "trunk/figures.h"

#define MINUTE_US UINT64_C(60000000)
/* Somewhere within a part of the window. */
#define START_US (UINT64_C(1000) * FIGURES_SLOT_US + MINUTE_US)

static struct figures figures;

static int setup(void **state)
{
	(void)state;
	figures = (struct figures){.window = NULL};
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	figures_free(&figures);
	return 0;
}

static void outcomes_are_counted_once(void **state)
{
	struct figures_count count;

	(void)state;
	figures_add(&figures, START_US, FIGURES_ANSWERED);
	figures_add(&figures, START_US, FIGURES_EFFECTIVE);
	figures_add(&figures, START_US, FIGURES_FAILED);
	figures_add_talk(&figures, START_US, 90);
	count = figures_last_hour(&figures, START_US);
	assert_int_equal(count.attempts, 3);
	assert_int_equal(count.answered, 1);
	assert_int_equal(count.effective, 2);
	assert_int_equal(count.talks, 1);
	assert_int_equal(count.talk_us, 90);
}

static void the_last_hour_forgets_and_the_total_does_not(void **state)
{
	(void)state;
	figures_add(&figures, START_US, FIGURES_FAILED);
	figures_add(&figures, START_US + 30 * MINUTE_US, FIGURES_ANSWERED);
	assert_int_equal(
		figures_last_hour(&figures, START_US + 54 * MINUTE_US).attempts, 2);
	assert_int_equal(
		figures_last_hour(&figures, START_US + 60 * MINUTE_US).attempts, 1);
	assert_int_equal(
		figures_last_hour(&figures, START_US + 90 * MINUTE_US).attempts, 0);
	/* its place is used again */
	figures_add(&figures, START_US + 60 * MINUTE_US, FIGURES_FAILED);
	assert_int_equal(
		figures_last_hour(&figures, START_US + 60 * MINUTE_US).attempts, 2);
	assert_int_equal(figures_since_reset(&figures).attempts, 3);
}

static void a_reset_moves_the_operators_view_alone(void **state)
{
	(void)state;
	figures_add(&figures, START_US, FIGURES_FAILED);
	figures_add_delay(&figures, START_US, 40000);
	figures_reset(&figures);
	assert_int_equal(figures_since_reset(&figures).attempts, 0);
	assert_int_equal(figures.total.attempts, 1);
	figures_add(&figures, START_US, FIGURES_ANSWERED);
	figures_add_delay(&figures, START_US, 90000);
	assert_int_equal(figures_since_reset(&figures).attempts, 1);
	assert_int_equal(figures_since_reset(&figures).answered, 1);
	assert_int_equal(figures_since_reset(&figures).delays[0], 0);
	assert_int_equal(figures_since_reset(&figures).delays[1], 1);
	assert_int_equal(figures_since_reset(&figures).delay_us, 90000);
	assert_int_equal(figures.total.attempts, 2);
	assert_int_equal(figures_last_hour(&figures, START_US).attempts, 2);
}

static void delays_are_told_by_rank(void **state)
{
	struct figures_count count;

	(void)state;
	assert_int_equal(figures_delay_at(&figures.total, 50), 0);
	/* a bound belongs to the bucket that it ends */
	figures_add_delay(&figures, START_US, 50000);
	assert_int_equal(figures.total.delays[0], 1);
	figures_add_delay(&figures, START_US, 50001);
	assert_int_equal(figures.total.delays[1], 1);
	/* 98 more between one second and one and a half */
	for (int i = 0; i < 98; i++)
		figures_add_delay(&figures, START_US, 1200000);
	count = figures_since_reset(&figures);
	assert_int_equal(figures_delay_count(&count), 100);
	assert_int_equal(figures_delay_at(&count, 1), 50000);
	assert_int_equal(figures_delay_at(&count, 2), 100000);
	/* the 50th is 48 of 98 into that bucket */
	assert_int_equal(figures_delay_at(&count, 50), 1000000 + 500000 * 48 / 98);
	assert_int_equal(figures_delay_at(&count, 100), 1500000);
}

static void what_has_no_bound_is_told_as_the_last_one(void **state)
{
	(void)state;
	figures_add_delay(&figures, START_US, 100 * MINUTE_US);
	assert_int_equal(figures.total.delays[FIGURES_BUCKETS - 1], 1);
	assert_int_equal(figures_delay_at(&figures.total, 95), 60000000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			outcomes_are_counted_once, setup, teardown),
		cmocka_unit_test_setup_teardown(
			the_last_hour_forgets_and_the_total_does_not, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_reset_moves_the_operators_view_alone, setup, teardown),
		cmocka_unit_test_setup_teardown(delays_are_told_by_rank, setup, teardown),
		cmocka_unit_test_setup_teardown(
			what_has_no_bound_is_told_as_the_last_one, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
