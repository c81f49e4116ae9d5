/* When REGISTERs go: refreshes, pauses, the first one. */
#include "../unit.h"

#include "upkeep/register_pace.h"

#define HIGHEST UINT32_MAX

static void a_refresh_goes_at_85_percent_or_a_twentieth_earlier(void **state)
{
	(void)state;
	assert_int_equal(register_refresh_ms(3600000, 0), 3060000);
	assert_int_equal(register_refresh_ms(3600000, HIGHEST), 2907000);
	assert_int_equal(register_refresh_ms(60000, 0), 51000);
}

static void a_refresh_is_never_a_storm_nor_later_than_a_day(void **state)
{
	(void)state;
	assert_int_equal(register_refresh_ms(1000, HIGHEST), 1000);
	assert_int_equal(register_refresh_ms(1, HIGHEST), 1000);
	assert_int_equal(register_refresh_ms(UINT64_MAX, 0), 73440000);
}

static void pauses_double_up_to_their_bound(void **state)
{
	static const uint64_t unreached[] = {
		4000, 8000, 16000, 32000, 64000, 128000, 256000, 300000, 300000};
	static const uint64_t refused[] = {
		60000, 120000, 240000, 480000, 960000, 1800000, 1800000};

	(void)state;
	for (unsigned i = 0; i < sizeof(unreached) / sizeof(unreached[0]); i++)
		assert_int_equal(
			register_pause_ms(REGISTER_TROUBLE_UNREACHED, i + 1, 0, 0),
			unreached[i]);
	for (unsigned i = 0; i < sizeof(refused) / sizeof(refused[0]); i++)
		assert_int_equal(register_pause_ms(REGISTER_TROUBLE_REFUSED, i + 1, 0, 0),
			refused[i]);
	assert_int_equal(
		register_pause_ms(REGISTER_TROUBLE_REFUSED, UINT32_MAX, 0, 0), 1800000);
}

static void a_pause_is_at_least_half_of_itself(void **state)
{
	(void)state;
	assert_int_equal(
		register_pause_ms(REGISTER_TROUBLE_UNREACHED, 1, 0, HIGHEST), 2000);
	assert_int_equal(
		register_pause_ms(REGISTER_TROUBLE_UNREACHED, 100, 0, HIGHEST), 150000);
}

static void retry_after_is_kept_and_bounded(void **state)
{
	(void)state;
	assert_int_equal(
		register_pause_ms(REGISTER_TROUBLE_UNREACHED, 1, 30000, 0), 30000);
	assert_int_equal(
		register_pause_ms(REGISTER_TROUBLE_UNREACHED, 1, 30000, HIGHEST), 33000);
	/* one that is shorter than our own pause makes that no shorter */
	assert_int_equal(register_pause_ms(REGISTER_TROUBLE_REFUSED, 1, 1000, 0), 60000);
	assert_int_equal(register_pause_ms(REGISTER_TROUBLE_UNREACHED, 1, UINT64_MAX, 0),
		REGISTER_RETRY_AFTER_MAX_MS);
}

static void a_few_begin_at_once_and_many_are_spread(void **state)
{
	(void)state;
	assert_int_equal(register_spread_ms(1, HIGHEST), 0);
	assert_int_equal(register_spread_ms(10, HIGHEST), 0);
	assert_int_equal(register_spread_ms(5000, HIGHEST), 50000);
	assert_int_equal(register_spread_ms(5000, HIGHEST / 2), 24999);
	assert_int_equal(register_spread_ms(5000, 0), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_refresh_goes_at_85_percent_or_a_twentieth_earlier),
		cmocka_unit_test(a_refresh_is_never_a_storm_nor_later_than_a_day),
		cmocka_unit_test(pauses_double_up_to_their_bound),
		cmocka_unit_test(a_pause_is_at_least_half_of_itself),
		cmocka_unit_test(retry_after_is_kept_and_bounded),
		cmocka_unit_test(a_few_begin_at_once_and_many_are_spread),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
