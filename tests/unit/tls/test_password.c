/* Passwords in files: what is one, what is not, and who may read it. */
#include "lab.h"

#include "../unit.h"

#include "tls/password.h"

#include <errno.h>
#include <string.h>

/* What the file FILE with LEN bytes of TEXT gives: EXPECTED, or with a negative ERR the end of the sentence. */
static void check(
	const char *text, size_t len, unsigned mode, int err, const char *expected)
{
	struct err_text error = {{0}};
	struct buf out;
	int got;

	lab_write("password", text, len, mode);
	buf_init(&out, 0);
	got = password_read(&out, lab_path("password"), &error);
	assert_int_equal(got, err);
	if (err) {
		assert_int_equal(out.len, 0);
		if (!strstr(error.text, expected) || !strstr(error.text, "password: "))
			fail_msg("%s", error.text);
	} else {
		assert_string_equal(buf_str(&out), expected);
	}
	buf_free(&out);
}

static void a_line_is_a_password(void **state)
{
	(void)state;
	check("sesame\n", 7, 0600, 0, "sesame");
	check("sesame", 6, 0640, 0, "sesame");
	check("sesame\r\n", 8, 0400, 0, "sesame");
	check(" open \"sesame\" \n", 16, 0600, 0, " open \"sesame\" ");
	check("\xc3\xa4\n", 3, 0600, 0, "\xc3\xa4");
}

static void what_is_none_is_named(void **state)
{
	char longest[PASSWORD_MAX + 4];

	(void)state;
	check("", 0, 0600, ERR_FORMAT, "the file is empty");
	check("\n", 1, 0600, ERR_FORMAT, "an empty line in the place of a password");
	check("a\nb\n", 4, 0600, ERR_FORMAT, "expected one line");
	check("a\0b\n", 4, 0600, ERR_FORMAT, "a control character");
	check("a\tb\n", 4, 0600, ERR_FORMAT, "a control character");
	memset(longest, 'a', sizeof(longest));
	check(longest, PASSWORD_MAX + 1, 0600, ERR_LIMIT, "longer than the 256 bytes");
	check(longest, PASSWORD_MAX + 3, 0600, ERR_LIMIT, "larger than the 258 bytes");
}

static void nobody_else_may_read_it(void **state)
{
	(void)state;
	check("sesame\n", 7, 0644, ERR_TRUST,
		"a password that others may read or change; chmod 0640 it");
	check("sesame\n", 7, 0660, ERR_TRUST, "chmod 0640 it");
}

static void a_missing_file_is_named(void **state)
{
	struct err_text error = {{0}};
	struct buf out;

	(void)state;
	buf_init(&out, 0);
	assert_int_equal(password_read(&out, "/nowhere/x", &error), -ENOENT);
	assert_string_equal(error.text, "/nowhere/x: No such file or directory");
	buf_free(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_line_is_a_password),
		cmocka_unit_test(what_is_none_is_named),
		cmocka_unit_test(nobody_else_may_read_it),
		cmocka_unit_test(a_missing_file_is_named),
	};

	return cmocka_run_group_tests(tests, lab_group_start, lab_group_stop);
}
