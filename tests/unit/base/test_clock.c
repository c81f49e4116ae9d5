#include "base/clock.h"

#include "../unit.h"

#include <string.h>
#include <time.h>

static void the_real_clock_never_goes_back(void **state)
{
	struct clock *clock = clock_real();
	uint64_t last = clock->mono_us(clock);

	(void)state;
	for (int i = 0; i < 10000; i++) {
		uint64_t now = clock->mono_us(clock);

		assert_true(now >= last);
		last = now;
	}
	/* This was written in November 2026. */
	assert_true(clock->wall_us(clock) > UINT64_C(1700000000000000));
}

static void the_virtual_clock_stands_until_it_is_moved(void **state)
{
	struct clock_virtual virtual;
	struct clock *clock = &virtual.clock;

	(void)state;
	clock_virtual_init(&virtual, 5000);
	assert_int_equal(clock->mono_us(clock), 0);
	assert_int_equal(clock->wall_us(clock), 5000);
	clock_virtual_advance(&virtual, 7);
	assert_int_equal(clock->mono_us(clock), 7);
	assert_int_equal(clock->wall_us(clock), 5007);
}

static void text_is_rfc_3339(void **state)
{
	char buf[CLOCK_TEXT_SIZE];

	(void)state;
	assert_string_equal(clock_text(0, buf), "1970-01-01T00:00:00.000000Z");
	assert_string_equal(clock_text(UINT64_C(951827696000042), buf),
		"2000-02-29T12:34:56.000042Z");
	assert_string_equal(clock_text(UINT64_C(4107542399999999), buf),
		"2100-02-28T23:59:59.999999Z");
}

/* The C library's calendar judges ours, on every day of 900 years and then here and there. */
static void the_date_is_that_of_the_library(void **state)
{
	char buf[CLOCK_TEXT_SIZE], expected[64];
	struct tm tm;
	time_t seconds;
	size_t len;

	(void)state;
	for (uint64_t day = 0; day < 213503982; day += day < 328000 ? 1 : 99991) {
		seconds = (time_t)(day * 86400 + day % 86400);
		gmtime_r(&seconds, &tm);
		len = strftime(expected, sizeof(expected), "%Y-%m-%dT%H:%M:%S", &tm);
		memcpy(expected + len, ".000009Z", sizeof(".000009Z"));
		clock_text((uint64_t)seconds * 1000000 + 9, buf);
		if (strcmp(buf, expected) != 0)
			fail_msg("%s is not %s", buf, expected);
	}
}

static void the_last_time_fits_its_text(void **state)
{
	char buf[CLOCK_TEXT_SIZE];

	(void)state;
	assert_string_equal(clock_text(UINT64_MAX, buf), "586524-01-19T08:01:49.551615Z");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_real_clock_never_goes_back),
		cmocka_unit_test(the_virtual_clock_stands_until_it_is_moved),
		cmocka_unit_test(text_is_rfc_3339),
		cmocka_unit_test(the_date_is_that_of_the_library),
		cmocka_unit_test(the_last_time_fits_its_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
