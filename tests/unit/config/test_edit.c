#include "fixture.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define GATEWAY "gateways.d/carrier-a.conf"

static const char annotated[] = "# carrier A, asked for on 3 May\r\n"
				"[gateway]   ; the trunk\n"
				"\n"
				"  host=sbc.example.com;not-a-comment # a comment\n"
				"tls   =\tyes     ; yes | no (tls = no)\n"
				"; tls = no\n"
				"[capture]\n"
				"mode = full";

static int edit(const struct fixture *fixture, const char *key, const char *value,
	struct err_text *text)
{
	char *was = access(fixture_path(fixture, GATEWAY), R_OK) == 0
			    ? fixture_read(fixture, GATEWAY)
			    : NULL;
	struct buf before;
	int err;

	text->text[0] = '\0';
	err = config_gateway_edit(
		fixture_path(fixture, GATEWAY), key, value, &before, text);
	if (err == 0 && was != NULL)
		assert_string_equal(buf_str(&before), was);
	if (err == 0)
		buf_free(&before);
	free(was);
	return err;
}

static void assert_file(const struct fixture *fixture, const char *expected)
{
	char *text = fixture_read(fixture, GATEWAY);

	assert_string_equal(text, expected);
	free(text);
}

/* ANNOTATED with FROM replaced by TO. */
static char *changed(const char *from, const char *to)
{
	const char *at = strstr(annotated, from);
	char *text;

	assert_non_null(at);
	assert_true(asprintf(&text, "%.*s%s%s", (int)(at - annotated), annotated, to,
			    at + strlen(from)) > 0);
	return text;
}

static void one_word_changes_and_no_other_byte(void **state)
{
	struct fixture *fixture = *state;
	struct err_text text;
	char *expected = changed("\tyes  ", "\tno  ");

	fixture_write(fixture, GATEWAY, annotated);
	assert_int_equal(edit(fixture, "tls", "no", &text), 0);
	assert_file(fixture, expected);
	assert_int_equal(edit(fixture, "tls", "yes", &text), 0);
	assert_file(fixture, annotated);
	free(expected);
}

static void inherited_key_is_added_below_the_title(void **state)
{
	struct fixture *fixture = *state;
	struct err_text text;
	char *expected = changed("the trunk\n", "the trunk\nsrtp = optional\n");

	fixture_write(fixture, GATEWAY, annotated);
	assert_int_equal(edit(fixture, "srtp", "optional", &text), 0);
	assert_file(fixture, expected);
	free(expected);
}

static void key_is_added_behind_a_last_line_without_end(void **state)
{
	struct fixture *fixture = *state;
	struct err_text text;

	fixture_write(fixture, GATEWAY, "[gateway]");
	assert_int_equal(edit(fixture, "tls", "no", &text), 0);
	assert_file(fixture, "[gateway]\ntls = no");
}

static void line_ends_of_the_file_are_kept(void **state)
{
	struct fixture *fixture = *state;
	struct err_text text;

	fixture_write(fixture, GATEWAY, "[gateway]\r\nhost = a\r\n");
	assert_int_equal(edit(fixture, "tls", "no", &text), 0);
	assert_file(fixture, "[gateway]\r\ntls = no\r\nhost = a\r\n");
	assert_int_equal(edit(fixture, "host", "b", &text), 0);
	assert_file(fixture, "[gateway]\r\ntls = no\r\nhost = b\r\n");
}

static void empty_value_is_filled(void **state)
{
	struct fixture *fixture = *state;
	struct err_text text;

	fixture_write(fixture, GATEWAY, "[gateway]\ntls = ; no word\n");
	assert_int_equal(edit(fixture, "tls", "no", &text), 0);
	assert_file(fixture, "[gateway]\ntls = no ; no word\n");
}

static void wrong_values_leave_the_file(void **state)
{
	struct fixture *fixture = *state;
	struct err_text text;

	fixture_write(fixture, GATEWAY, annotated);
	assert_int_equal(edit(fixture, "tls", "maybe", &text), ERR_FORMAT);
	assert_string_equal(
		text.text, "tls: expected one of: no, observe, yes, got \"maybe\"");
	assert_int_equal(edit(fixture, "headers-pass", "X-A, Via", &text), ERR_FORMAT);
	assert_string_equal(text.text,
		"headers-pass: Via is not possible: it belongs to one hop: each side has "
		"its own");
	assert_int_equal(edit(fixture, "tsl", "no", &text), ERR_FORMAT);
	assert_string_equal(text.text, "tsl: unknown key in [gateway]");
	/* Each would be read back as something else. */
	assert_int_equal(edit(fixture, "trust", "a ;b", &text), ERR_FORMAT);
	assert_int_equal(edit(fixture, "trust", "a\ntls = no", &text), ERR_FORMAT);
	assert_int_equal(edit(fixture, "trust", "a\nport = 5", &text), ERR_FORMAT);
	assert_int_equal(edit(fixture, "trust", " a", &text), ERR_FORMAT);
	assert_file(fixture, annotated);
}

static void broken_files_are_left(void **state)
{
	struct fixture *fixture = *state;
	struct err_text text;

	fixture_write(fixture, GATEWAY, "[gateway]\ntls yes\n");
	assert_int_equal(edit(fixture, "tls", "no", &text), ERR_CONFIG);
	assert_non_null(strstr(text.text, "carrier-a.conf:2:1: error: expected"));
	assert_file(fixture, "[gateway]\ntls yes\n");
	fixture_write(fixture, GATEWAY, "[capture]\nmode = full\n");
	assert_int_equal(edit(fixture, "tls", "no", &text), ERR_CONFIG);
	assert_non_null(strstr(text.text, "has no [gateway]"));
}

static void missing_file_is_told(void **state)
{
	struct fixture *fixture = *state;
	struct err_text text;

	assert_int_equal(edit(fixture, "tls", "no", &text), -ENOENT);
	assert_non_null(strstr(text.text, "No such file"));
}

static void link_stays_a_link_and_mode_is_kept(void **state)
{
	struct fixture *fixture = *state;
	struct err_text text;
	struct stat status;
	char *real;

	fixture_write(fixture, "real.conf", "[gateway]\ntls = yes\n");
	assert_int_equal(chmod(fixture_path(fixture, "real.conf"), 0604), 0);
	assert_int_equal(symlink("../real.conf", fixture_path(fixture, GATEWAY)), 0);
	assert_int_equal(edit(fixture, "tls", "no", &text), 0);
	assert_int_equal(lstat(fixture_path(fixture, GATEWAY), &status), 0);
	assert_true(S_ISLNK(status.st_mode));
	assert_int_equal(stat(fixture_path(fixture, "real.conf"), &status), 0);
	assert_int_equal(status.st_mode & 07777, 0604);
	real = fixture_read(fixture, "real.conf");
	assert_string_equal(real, "[gateway]\ntls = no\n");
	free(real);
}

static void owner_is_kept(void **state)
{
	struct fixture *fixture = *state;
	struct err_text text;
	struct stat status;

	if (geteuid() != 0)
		return; /* nobody else can give a file away */
	fixture_write(fixture, GATEWAY, annotated);
	assert_int_equal(chown(fixture_path(fixture, GATEWAY), 12345, 54321), 0);
	assert_int_equal(edit(fixture, "tls", "no", &text), 0);
	assert_int_equal(stat(fixture_path(fixture, GATEWAY), &status), 0);
	assert_int_equal(status.st_uid, 12345);
	assert_int_equal(status.st_gid, 54321);
	assert_int_equal(status.st_mode & 07777, 0640);
}

static void what_was_there_is_put_back(void **state)
{
	static const char was[] = "[gateway]\r\nhost = a ; \xff\r\n\r\ntls =yes";
	struct fixture *fixture = *state;
	struct err_text text;
	struct buf before;
	struct stat status;

	fixture_write(fixture, GATEWAY, was);
	assert_int_equal(chmod(fixture_path(fixture, GATEWAY), 0604), 0);
	assert_int_equal(config_gateway_edit(fixture_path(fixture, GATEWAY), "tls", "no",
				 &before, &text),
		0);
	assert_file(fixture, "[gateway]\r\nhost = a ; \xff\r\n\r\ntls =no");
	assert_int_equal(
		config_file_restore(fixture_path(fixture, GATEWAY), &before, &text), 0);
	assert_file(fixture, was);
	assert_int_equal(stat(fixture_path(fixture, GATEWAY), &status), 0);
	assert_int_equal(status.st_mode & 07777, 0604);
	unlink(fixture_path(fixture, GATEWAY));
	assert_int_equal(
		config_file_restore(fixture_path(fixture, GATEWAY), &before, &text),
		-ENOENT);
	assert_non_null(strstr(text.text, "No such file"));
	buf_free(&before);
}

static void what_is_said_already_is_not_written_again(void **state)
{
	struct fixture *fixture = *state;
	struct err_text text;
	struct stat before, after;

	fixture_write(fixture, GATEWAY, annotated);
	assert_int_equal(stat(fixture_path(fixture, GATEWAY), &before), 0);
	assert_int_equal(edit(fixture, "tls", "yes", &text), 0);
	assert_int_equal(stat(fixture_path(fixture, GATEWAY), &after), 0);
	assert_int_equal(before.st_ino, after.st_ino);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
	const struct CMUnitTest tests[] = {
		TEST(one_word_changes_and_no_other_byte),
		TEST(inherited_key_is_added_below_the_title),
		TEST(key_is_added_behind_a_last_line_without_end),
		TEST(line_ends_of_the_file_are_kept),
		TEST(empty_value_is_filled),
		TEST(wrong_values_leave_the_file),
		TEST(broken_files_are_left),
		TEST(missing_file_is_told),
		TEST(link_stays_a_link_and_mode_is_kept),
		TEST(owner_is_kept),
		TEST(what_was_there_is_put_back),
		TEST(what_is_said_already_is_not_written_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
