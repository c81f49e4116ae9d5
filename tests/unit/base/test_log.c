#include "base/log.h"

#include "../unit.h"

#include "base/err.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct seen {
	unsigned lines;
	enum log_level level;
	char line[16384];
};

static void keep(void *arg, enum log_level level, const char *line)
{
	struct seen *seen = arg;

	seen->lines++;
	seen->level = level;
	snprintf(seen->line, sizeof(seen->line), "%s", line);
}

static int start(void **state)
{
	struct seen *seen = calloc(1, sizeof(*seen));

	if (!seen)
		return -1;
	*state = seen;
	log_set_level(LOG_LEVEL_INFO);
	log_set_sink(keep, seen);
	return 0;
}

static int finish(void **state)
{
	log_set_sink(NULL, NULL);
	free(*state);
	return 0;
}

static void a_line_is_level_module_text(void **state)
{
	struct seen *seen = *state;

	log_warning("trunk", "trunk=%s state=%d", "a", 3);
	assert_int_equal(seen->level, LOG_LEVEL_WARNING);
	assert_string_equal(seen->line, "warning trunk trunk=a state=3");
}

static void lines_below_the_level_are_left_out(void **state)
{
	struct seen *seen = *state;

	log_debug("x", "unheard");
	log_write(LOG_LEVEL_DEBUG, "x", "unheard");
	assert_int_equal(seen->lines, 0);
	log_set_level(LOG_LEVEL_ERROR);
	log_info("x", "unheard");
	log_error("x", "heard");
	assert_int_equal(seen->lines, 1);
	log_set_level(LOG_LEVEL_DEBUG);
	log_debug("x", "heard");
	assert_int_equal(seen->lines, 2);
}

static void no_input_begins_a_second_line(void **state)
{
	struct seen *seen = *state;

	log_info("x", "a=%s", "1\r\ninfo x forged\x1b[2J\x7f\xe9\t");
	assert_int_equal(seen->lines, 1);
	assert_string_equal(
		seen->line, "info x a=1\\x0d\\x0ainfo x forged\\x1b[2J\\x7f\\xe9\\x09");
}

static void a_long_line_is_cut(void **state)
{
	struct seen *seen = *state;
	char text[5000];

	memset(text, '\n', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	log_info("x", "%s", text);
	assert_int_equal(seen->lines, 1);
	assert_true(strlen(seen->line) < 8192);
	assert_null(strchr(seen->line, '\n'));
}

static void errno_survives_a_log_line(void **state)
{
	(void)state;
	errno = ENOTTY;
	log_set_sink(NULL, NULL);
	log_set_level(LOG_LEVEL_ERROR);
	log_info("x", "unheard");
	assert_int_equal(errno, ENOTTY);
}

static void levels_have_names(void **state)
{
	enum log_level level;

	(void)state;
	for (int i = LOG_LEVEL_ERROR; i <= LOG_LEVEL_DEBUG; i++) {
		assert_int_equal(
			log_level_parse(log_level_name((enum log_level)i), &level), 0);
		assert_int_equal(level, i);
	}
	assert_int_equal(log_level_parse("Info", &level), ERR_FORMAT);
	assert_int_equal(log_level_parse("", &level), ERR_FORMAT);
}

static void peer_text_cannot_end_its_quotes(void **state)
{
	char buf[LOG_TEXT_SIZE];

	(void)state;
	assert_string_equal(log_text(buf, "a b", 3), "\"a b\"");
	assert_string_equal(log_text(buf, "x\" level=\"y", 11), "\"x\\\" level=\\\"y\"");
	assert_string_equal(log_text(buf, "\\\"", 2), "\"\\\\\\\"\"");
	assert_string_equal(log_text(buf, "\0\n\xff", 3), "\"\\x00\\x0a\\xff\"");
	assert_string_equal(log_text(buf, NULL, 0), "\"\"");
}

static void peer_text_is_cut_between_escapes(void **state)
{
	char buf[LOG_TEXT_SIZE], text[1000];
	size_t len;

	(void)state;
	memset(text, 'a', sizeof(text));
	len = strlen(log_text(buf, text, sizeof(text)));
	assert_int_equal(len, LOG_TEXT_SIZE - 1);
	assert_string_equal(buf + len - 5, "a...\"");
	for (size_t shift = 0; shift < 4; shift++) {
		memset(text + shift, '\n', sizeof(text) - shift);
		len = strlen(log_text(buf, text, sizeof(text)));
		assert_true(len < LOG_TEXT_SIZE);
		assert_string_equal(buf + len - 8, "\\x0a...\"");
	}
}

/* Runs BODY with stderr going to a pipe and returns what came out. */
static void with_stderr_captured(void (*body)(void), char *out, size_t size)
{
	int fds[2], saved = dup(STDERR_FILENO);
	ssize_t len;

	assert_true(saved >= 0 && pipe(fds) == 0);
	dup2(fds[1], STDERR_FILENO);
	body();
	dup2(saved, STDERR_FILENO);
	close(saved);
	close(fds[1]);
	len = read(fds[0], out, size - 1);
	close(fds[0]);
	assert_true(len >= 0);
	out[len] = '\0';
}

static void write_one_line(void)
{
	log_set_sink(NULL, NULL);
	log_info("x", "a=1");
}

static void without_a_sink_lines_go_to_stderr(void **state)
{
	char out[100];

	(void)state;
	/* Left over from the shell that a service started: stderr is another file here. */
	setenv("JOURNAL_STREAM", "8:12345", 1);
	with_stderr_captured(write_one_line, out, sizeof(out));
	assert_string_equal(out, "info x a=1\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			a_line_is_level_module_text, start, finish),
		cmocka_unit_test_setup_teardown(
			lines_below_the_level_are_left_out, start, finish),
		cmocka_unit_test_setup_teardown(
			no_input_begins_a_second_line, start, finish),
		cmocka_unit_test_setup_teardown(a_long_line_is_cut, start, finish),
		cmocka_unit_test_setup_teardown(errno_survives_a_log_line, start, finish),
		cmocka_unit_test(levels_have_names),
		cmocka_unit_test(peer_text_cannot_end_its_quotes),
		cmocka_unit_test(peer_text_is_cut_between_escapes),
		cmocka_unit_test_setup_teardown(
			without_a_sink_lines_go_to_stderr, start, finish),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
