/* Beginnings of numbers. */
#include "../unit.h"

#include "config/pattern.h"

#include "base/err.h"

#include <string.h>

static struct pattern parsed(const char *text)
{
	struct pattern pattern;
	struct span bad;

	assert_int_equal(pattern_parse(&pattern, span_of(text), &bad), 0);
	return pattern;
}

static void fits_by_its_places(void **state)
{
	static const struct {
		const char *pattern, *number;
		bool fits;
	} rows[] = {
		{"+49", "+4930", true},
		{"+49", "+49", true},
		{"+49", "+4", false},
		{"+49", "49", false},
		{"+49", "", false},
		{"112$", "112", true},
		{"112$", "1120", false},
		{"112$", "11", false},
		{"0X", "00", true},
		{"0X", "09", true},
		{"0X", "0+", false},
		{"0Z", "00", false},
		{"0Z", "01", true},
		{"0N", "01", false},
		{"0N", "02", true},
		{"0N", "09", true},
		{"0[1-35]", "00", false},
		{"0[1-35]", "01", true},
		{"0[1-35]", "03", true},
		{"0[1-35]", "04", false},
		{"0[1-35]", "05", true},
		{"[+0]4", "+4", true},
		{"[+0]4", "04", true},
		{"[#*]31", "#31", true},
		{"*31#", "*31#", true},
		{"[X]", "X", true},
		{"[X]", "1", false},
		{"[-1]", "-", true},
		{"[1-]", "-", true},
		{"[1-]", "2", false},
		{"sales", "sales", true},
		{"sales", "Sales", false},
		{"+1NXXNXXXXXX$", "+12125551234", true},
		{"+1NXXNXXXXXX$", "+11125551234", false},
		{"+1NXXNXXXXXX$", "+121255512345", false},
		{"x", "\xc3\xa4", false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct pattern pattern = parsed(rows[i].pattern);

		if (pattern_matches(&pattern, span_of(rows[i].number)) != rows[i].fits)
			fail_msg("%s %s", rows[i].pattern, rows[i].number);
	}
}

static void a_fault_is_found_where_it_is(void **state)
{
	static const struct {
		const char *text;
		size_t at;
	} rows[] = {
		{"$", 0},
		{"1$2", 1},
		{"12$$", 2},
		{"1[", 1},
		{"1[]", 1},
		{"1[23", 1},
		{"1[5-2]", 2},
		{"1[a-c]", 2},
		{"1[2-x]", 2},
		{"1[2[3]", 3},
		{"12]", 2},
		{"1 2", 1},
		{"1\"", 1},
		{"1\x7f", 1},
		{"1\xc3\xa4", 1},
		{"[2$]", 2},
		/* 65 places */
		{"12345678901234567890123456789012345678901234567890123456789012345", 64},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct pattern pattern = {.count = 77};
		struct span bad;

		if (pattern_parse(&pattern, span_of(rows[i].text), &bad) != ERR_FORMAT)
			fail_msg("%s is taken", rows[i].text);
		assert_int_equal(pattern.count, 77);
		if (bad.p != rows[i].text + rows[i].at)
			fail_msg("%s: \"%.*s\"", rows[i].text, SPAN_ARG(bad));
		assert_int_equal(bad.len, strlen(rows[i].text) - rows[i].at);
	}
}

static void as_many_places_as_there_is_room_for(void **state)
{
	char text[PATTERN_MAX + 2];
	struct pattern pattern;

	(void)state;
	memset(text, '7', PATTERN_MAX);
	memcpy(text + PATTERN_MAX, "$", 2);
	pattern = parsed(text);
	assert_int_equal(pattern.count, PATTERN_MAX);
	assert_true(pattern.ends);
	assert_false(pattern_matches(&pattern, span_of("7")));
}

/* Of two that fit, the first of a row is the better one. */
static void the_longer_and_then_the_more_exact_is_better(void **state)
{
	static const char *const rows[][2] = {
		{"+4930", "+49"},
		{"+49X", "+49"},
		{"112$", "112"},
		{"112$", "11X$"},
		{"+493", "+49X"},
		{"+493X", "+49XX"},
		{"11X$", "11X"},
		{"1X3", "1XX"},
		{"XXX", "12"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct pattern a = parsed(rows[i][0]), b = parsed(rows[i][1]);

		if (pattern_fit_compare(pattern_fit(&a), pattern_fit(&b)) >= 0 ||
			pattern_fit_compare(pattern_fit(&b), pattern_fit(&a)) <= 0)
			fail_msg("%s %s", rows[i][0], rows[i][1]);
		assert_int_equal(
			pattern_fit_compare(pattern_fit(&a), pattern_fit(&a)), 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fits_by_its_places),
		cmocka_unit_test(a_fault_is_found_where_it_is),
		cmocka_unit_test(as_many_places_as_there_is_room_for),
		cmocka_unit_test(the_longer_and_then_the_more_exact_is_better),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
