/* Texts with gaps. */
#include "setup/template.h"

#include "../unit.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct template_var vars[] = {
	{"HOST", "a.example"}, {"YES", "yes"}, {"NO", ""}, {NULL, NULL}};

static int fill(const char *source, struct buf *ret, struct err_text *text)
{
	char path[] = "/tmp/test-template-XXXXXX";
	int fd = mkstemp(path);
	int err;

	assert_true(fd >= 0);
	assert_int_equal(write(fd, source, strlen(source)), (ssize_t)strlen(source));
	close(fd);
	buf_init(ret, 0);
	err = template_fill(path, vars, ret, text);
	unlink(path);
	return err;
}

static void gaps_are_filled(void **state)
{
	static const struct {
		const char *source, *filled;
	} rows[] = {
		{"x @HOST@ y\n", "x a.example y\n"},
		{"@HOST@@HOST@", "a.examplea.example"},
		{"sip:1@@HOST@:5060\n", "sip:1@a.example:5060\n"},
		{"a@b @ @{Add} @host@\n", "a@b @ @{Add} @host@\n"},
		{"@?YES@in\n@?NO@out\n@!NO@in\n@!YES@out\n", "in\nin\n"},
		{"@?YES@@?NO@out\n@?YES@@!NO@in @HOST@\n", "in a.example\n"},
		{"@# for readers @UNKNOWN@\nx", "x"},
		{"@?YES@\nlast", "\nlast"},
		{"", ""},
	};
	struct err_text text = {""};
	struct buf filled;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const char *words;

		assert_int_equal(fill(rows[i].source, &filled, &text), 0);
		words = buf_str(&filled);
		assert_string_equal(words, rows[i].filled);
		buf_free(&filled);
	}
}

static void an_unknown_name_is_said_with_its_line(void **state)
{
	static const char *const sources[] = {"a\nb @OTHER@\n", "a\n@?OTHER@b\n"};
	struct err_text text = {""};
	struct buf filled;

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(fill(sources[i], &filled, &text), ERR_FORMAT);
		assert_non_null(strstr(text.text, ":2: @OTHER@ is unknown"));
		buf_free(&filled);
	}
}

static void a_file_that_is_missing_is_said(void **state)
{
	struct err_text text = {""};
	struct buf filled;

	(void)state;
	buf_init(&filled, 0);
	assert_int_equal(
		template_fill("/nonexistent/x.conf.in", vars, &filled, &text), -ENOENT);
	assert_non_null(strstr(text.text, "is the package whole"));
	assert_int_equal(filled.len, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(gaps_are_filled),
		cmocka_unit_test(an_unknown_name_is_said_with_its_line),
		cmocka_unit_test(a_file_that_is_missing_is_said),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
