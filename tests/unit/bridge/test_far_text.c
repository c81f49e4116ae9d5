/* What a record keeps of a text that a far end wrote. */
#include "../unit.h"

#include "bridge/far_text.h"

#include <stdlib.h>

static void assert_text(struct span value, size_t max, const char *expected)
{
	char *text = far_text(value, max);

	if (expected)
		assert_string_equal(text, expected);
	else
		assert_null(text);
	free(text);
}

static void quotes_and_escapes_are_taken_off(void **state)
{
	(void)state;
	assert_text(span_of("busy"), 20, "busy");
	assert_text(span_of(" \"User busy\" "), 20, "User busy");
	assert_text(span_of("\"a \\\"b\\\" c\\\\\""), 20, "a \"b\" c\\");
	assert_text(span_of("a\\b"), 20, "a\\b");
	/* one that is not closed, and what stands behind one that is */
	assert_text(span_of("\"open"), 20, "open");
	assert_text(span_of("\"open\\"), 20, "open\\");
	assert_text(span_of("\"a\" b"), 20, "a");
}

static void nothing_is_no_text(void **state)
{
	(void)state;
	assert_text(span_of(""), 20, NULL);
	assert_text(span_of("\"\""), 20, NULL);
	assert_text(span_of("\" \t\""), 20, NULL);
	assert_text((struct span){NULL, 0}, 20, NULL);
	assert_text(span_of("a"), 0, NULL);
}

static void a_terminal_obeys_nothing_of_it(void **state)
{
	(void)state;
	assert_text(span_of("a\x1b[2J\r\n\tb\x7f"), 20, "a [2J   b");
	assert_text((struct span){"a\0b", 3}, 20, "a b");
}

static void it_is_cut_between_characters(void **state)
{
	(void)state;
	assert_text(span_of("abcd"), 4, "abcd");
	assert_text(span_of("abcde"), 4, "abcd");
	assert_text(span_of("ab\xc3\xa9x"), 4, "ab\xc3\xa9");
	assert_text(span_of("abc\xc3\xa9"), 4, "abc");
	assert_text(span_of("ab\xe2\x82\xac"), 4, "ab");
	assert_text(span_of("a\xe2\x82\xacx"), 4, "a\xe2\x82\xac");
	assert_text(span_of("a\xf0\x9f\x93\x9e"), 4, "a");
	assert_text(span_of("\xf0\x9f\x93\x9ex"), 4, "\xf0\x9f\x93\x9e");
	/* what is no UTF-8 is cut anywhere */
	assert_text(span_of("\x80\x80\x80\x80\x80"), 4, "????");
	assert_text(span_of("a\xff\xc3\xa9"), 4, "a???");
	assert_text(span_of("\"a\\\"b\""), 2, "a\"");
	assert_text(span_of("abc defg"), 4, "abc");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(quotes_and_escapes_are_taken_off),
		cmocka_unit_test(nothing_is_no_text),
		cmocka_unit_test(a_terminal_obeys_nothing_of_it),
		cmocka_unit_test(it_is_cut_between_characters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
