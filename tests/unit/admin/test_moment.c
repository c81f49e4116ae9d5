#include "../unit.h"

#include "admin/moment.h"
#include "base/err.h"

#define NOW 1795000000 /* 2026-11-18T11:06:40Z */

static void a_day_a_minute_and_how_long_ago(void **state)
{
	static const struct {
		const char *text;
		time_t when;
	} cases[] = {
		{"2026-11-01", 1793491200},
		{"2026-11-01T06:30Z", 1793514600},
		{"2024-02-29", 1709164800},
		{"1970-01-01", 0},
		{"0m", NOW},
		{"90m", NOW - 5400},
		{"24h", NOW - 86400},
		{"30d", NOW - 30 * 86400},
	};
	time_t when;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(moment_since(cases[i].text, NOW, &when), 0);
		assert_int_equal(when, cases[i].when);
	}
}

static void anything_else_is_refused(void **state)
{
	static const char *const bad[] = {"", "h", "24", "-1h", "+1h", "1.5h", "24 h",
		"1w", "99999999999999999999d", "999999d", "2026-11-31", "2026-02-29",
		"2026-13-01", "2026-11-1", "2026-11-01 06:30", "2026-11-01T06:30",
		"2026-11-01T06:30Zx", "2026-11-19", "1969-12-31", "yesterday", "\xff"};
	time_t when = 5;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (moment_since(bad[i], NOW, &when) != ERR_FORMAT)
			fail_msg("\"%s\" was taken", bad[i]);
	assert_int_equal(when, 5);
}

static void a_moment_is_written_in_utc(void **state)
{
	char text[MOMENT_TEXT_SIZE];
	json_t *none = moment_json(0), *some = moment_json(NOW);

	(void)state;
	assert_string_equal(moment_text(NOW, text), "2026-11-18T11:06:40Z");
	assert_string_equal(json_string_value(some), "2026-11-18T11:06:40Z");
	assert_true(json_is_null(none));
	json_decref(none);
	json_decref(some);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_day_a_minute_and_how_long_ago),
		cmocka_unit_test(anything_else_is_refused),
		cmocka_unit_test(a_moment_is_written_in_utc),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
