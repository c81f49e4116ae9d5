#include "base/span.h"

#include "../unit.h"

#include "base/err.h"

#include <stdlib.h>
#include <string.h>

#define assert_span_equal(span, text) assert_true(span_equal_str(span, text))

static void null_and_empty_are_equal(void **state)
{
	(void)state;
	assert_null(span_of(NULL).p);
	assert_true(span_equal(span_of(NULL), span_of("")));
	assert_true(span_equal_nocase(span_of(NULL), ""));
	assert_true(span_starts(span_of(NULL), ""));
	assert_int_equal(span_trim(span_of(NULL)).len, 0);
}

static void comparison_looks_at_the_whole_text(void **state)
{
	(void)state;
	assert_true(span_equal_str(span_of("abc"), "abc"));
	assert_false(span_equal_str(span_of("abc"), "ab"));
	assert_false(span_equal_str(span_of("abc"), "abcd"));
	assert_false(span_equal_str(span_of("abc"), "abC"));
	assert_false(span_equal_str((struct span){"a\0b", 3}, "a"));
	assert_true(span_starts(span_of("abc"), "ab"));
	assert_false(span_starts(span_of("ab"), "abc"));
}

static void nocase_ignores_ascii_case_alone(void **state)
{
	(void)state;
	assert_true(span_equal_nocase(span_of("Call-ID"), "cALL-id"));
	assert_false(span_equal_nocase(span_of("Call-ID"), "Call-I"));
	assert_false(span_equal_nocase(span_of("@"), "`"));
	assert_false(span_equal_nocase(span_of("["), "{"));
	assert_false(span_equal_nocase(span_of("\xc4"), "\xe4"));
}

static void trim_takes_blanks_off_both_ends(void **state)
{
	(void)state;
	assert_span_equal(span_trim(span_of(" \t a b\t ")), "a b");
	assert_span_equal(span_trim(span_of(" \t ")), "");
	assert_span_equal(span_trim(span_of("a\r\n")), "a\r\n");
}

static void next_gives_every_part_and_the_empty_ones(void **state)
{
	const char *parts[] = {"a", "", "bc", ""};
	struct span rest = span_of("a,,bc,"), part;

	(void)state;
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		assert_true(span_next(&rest, ',', &part));
		assert_span_equal(part, parts[i]);
	}
	assert_false(span_next(&rest, ',', &part));
	assert_null(rest.p);
}

static void next_of_empty_text_is_one_empty_part(void **state)
{
	struct span rest = span_of(""), part = span_of("x");

	(void)state;
	assert_true(span_next(&rest, ',', &part));
	assert_int_equal(part.len, 0);
	assert_false(span_next(&rest, ',', &part));
	rest = span_of(NULL);
	assert_false(span_next(&rest, ',', &part));
}

static void uint_takes_all_numbers_up_to_max(void **state)
{
	uint64_t number = 1;

	(void)state;
	assert_int_equal(span_uint(span_of("0"), 0, &number), 0);
	assert_int_equal(number, 0);
	assert_int_equal(span_uint(span_of("0065535"), 65535, &number), 0);
	assert_int_equal(number, 65535);
	assert_int_equal(
		span_uint(span_of("18446744073709551615"), UINT64_MAX, &number), 0);
	assert_true(number == UINT64_MAX);
}

static void uint_refuses_what_is_too_large(void **state)
{
	uint64_t number = 42;

	(void)state;
	assert_int_equal(span_uint(span_of("65536"), 65535, &number), ERR_FORMAT);
	assert_int_equal(span_uint(span_of("7"), 6, &number), ERR_FORMAT);
	assert_int_equal(span_uint(span_of("10"), 9, &number), ERR_FORMAT);
	assert_int_equal(span_uint(span_of("18446744073709551616"), UINT64_MAX, &number),
		ERR_FORMAT);
	assert_int_equal(span_uint(span_of("99999999999999999999"), UINT64_MAX, &number),
		ERR_FORMAT);
	assert_int_equal(number, 42);
}

static void uint_refuses_all_but_digits(void **state)
{
	const char *texts[] = {"", " 1", "1 ", "+1", "-1", "0x1", "1.", "\xb2"};
	uint64_t number = 42;

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		assert_int_equal(span_uint(span_of(texts[i]), 99, &number), ERR_FORMAT);
	assert_int_equal(number, 42);
}

static void copies_end_with_a_nul(void **state)
{
	char out[4] = "xyz";
	char *copy = span_dup((struct span){"abcdef", 3});

	(void)state;
	assert_string_equal(copy, "abc");
	free(copy);
	copy = span_dup(span_of(NULL));
	assert_string_equal(copy, "");
	free(copy);
	assert_int_equal(span_copy(span_of("abcd"), out, sizeof(out)), ERR_LIMIT);
	assert_string_equal(out, "xyz");
	assert_int_equal(span_copy(span_of("abc"), out, sizeof(out)), 0);
	assert_string_equal(out, "abc");
	assert_int_equal(span_copy(span_of(NULL), out, 0), ERR_LIMIT);
	assert_int_equal(span_copy(span_of(NULL), out, 1), 0);
	assert_string_equal(out, "");
}

static void what_does_not_fit_is_not_appended(void **state)
{
	char out[8] = "xxxxxxx";
	size_t len = 0;

	(void)state;
	span_append(out, 5, &len, "ab");
	assert_string_equal(out, "ab");
	span_append(out, 5, &len, "cdef");
	assert_string_equal(out, "abcd");
	assert_int_equal(len, 4);
	span_append(out, 5, &len, "g");
	assert_string_equal(out, "abcd");
	assert_int_equal(len, 4);
	assert_string_equal(out + 5, "xx");
}

static void find_gives_the_first_place(void **state)
{
	const struct span text = span_of("ababc");

	(void)state;
	assert_ptr_equal(span_find(text, span_of("ab")), text.p);
	assert_ptr_equal(span_find(text, span_of("abc")), text.p + 2);
	assert_ptr_equal(span_find(text, span_of("c")), text.p + 4);
	assert_null(span_find(text, span_of("ababcd")));
	assert_null(span_find((struct span){text.p, 4}, span_of("abc")));
	assert_null(span_find(span_of(""), span_of("a")));
	assert_null(span_find(span_of(NULL), span_of("a")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(null_and_empty_are_equal),
		cmocka_unit_test(comparison_looks_at_the_whole_text),
		cmocka_unit_test(nocase_ignores_ascii_case_alone),
		cmocka_unit_test(trim_takes_blanks_off_both_ends),
		cmocka_unit_test(next_gives_every_part_and_the_empty_ones),
		cmocka_unit_test(next_of_empty_text_is_one_empty_part),
		cmocka_unit_test(uint_takes_all_numbers_up_to_max),
		cmocka_unit_test(uint_refuses_what_is_too_large),
		cmocka_unit_test(uint_refuses_all_but_digits),
		cmocka_unit_test(copies_end_with_a_nul),
		cmocka_unit_test(what_does_not_fit_is_not_appended),
		cmocka_unit_test(find_gives_the_first_place),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
