#include "tls/escape.h"

#include "../unit.h"

#include <string.h>

static void odd_bytes_are_escaped(void **state)
{
	char out[64] = "";

	(void)state;
	escape_add(out, sizeof(out), "a\"b\\c\n\0\xff", 8);
	assert_string_equal(out, "a\\\"b\\\\c\\x0a\\x00\\xff");
	out[0] = '\0';
	escape_add(out, sizeof(out), "\x1f ~\x7f", 4);
	assert_string_equal(out, "\\x1f ~\\x7f");
}

static void long_text_is_cut_with_dots(void **state)
{
	char out[12] = "";

	(void)state;
	escape_add_str(out, sizeof(out), "0123456789a");
	assert_string_equal(out, "0123456789a");
	out[0] = '\0';
	escape_add_str(out, sizeof(out), "0123456789ab");
	assert_string_equal(out, "01234567...");
	escape_add_str(out, sizeof(out), "c");
	assert_string_equal(out, "01234567...");
}

/* What is behind the dots would look as if nothing was missing before it. */
static void nothing_follows_the_dots(void **state)
{
	char out[64] = "";

	(void)state;
	escape_add_str(out, 12, "0123456789ab");
	escape_add_str(out, sizeof(out), "c");
	assert_string_equal(out, "01234567...");
}

static int ends_with(const char *text, const char *end)
{
	size_t len = strlen(text);

	return len >= strlen(end) && strcmp(text + len - strlen(end), end) == 0;
}

/* Whatever is appended and however long: it ends, and nothing is lost without dots. */
static void no_length_runs_over(void **state)
{
	(void)state;
	for (size_t size = 4; size < 24; size++) {
		for (size_t first = 0; first < 24; first++) {
			char out[32];
			const char *text = "ab\n\"cdefghijk\nlmnopqrstuvw";

			memset(out, 'X', sizeof(out));
			out[0] = '\0';
			escape_add(out, size, text, first);
			escape_add(out, size, "\n", 1);
			assert_true(strlen(out) < size);
			for (size_t i = size; i < sizeof(out); i++)
				assert_int_equal(out[i], 'X');
			assert_true(ends_with(out, "\\x0a") || ends_with(out, "..."));
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(odd_bytes_are_escaped),
		cmocka_unit_test(long_text_is_cut_with_dots),
		cmocka_unit_test(nothing_follows_the_dots),
		cmocka_unit_test(no_length_runs_over),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
