#include "base/log_words.h"

#include "../unit.h"

#include "base/err.h"

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
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

static void note_module(void *arg, const char *module, enum log_level level)
{
	char *text = arg;

	sprintf(text + strlen(text), "%s=%s ", module, log_level_name(level));
}

static void a_module_may_have_a_level_of_its_own(void **state)
{
	struct seen *seen = *state;
	char text[200] = "";

	assert_int_equal(log_set_module_level("tls", LOG_LEVEL_DEBUG), 0);
	assert_int_equal(log_set_module_level("call", LOG_LEVEL_ERROR), 0);
	assert_int_equal(log_finest_level(), LOG_LEVEL_DEBUG);
	assert_int_equal(log_get_level(), LOG_LEVEL_INFO);
	log_debug("tls", "x=1");
	assert_string_equal(seen->line, "debug tls x=1");
	log_debug("trunk", "x=2");
	log_warning("call", "x=3");
	assert_int_equal(seen->lines, 1);
	log_error("call", "x=4");
	log_info("trunk", "x=5");
	assert_int_equal(seen->lines, 3);
	log_each_module_level(note_module, text);
	assert_string_equal(text, "tls=debug call=error ");
	/* the level of the others does not touch it */
	log_set_level(LOG_LEVEL_ERROR);
	log_debug("tls", "x=6");
	log_info("trunk", "x=7");
	assert_int_equal(seen->lines, 4);
	assert_int_equal(log_set_module_level("tls", LOG_LEVEL_INHERITED), 0);
	assert_int_equal(log_set_module_level("call", LOG_LEVEL_INHERITED), 0);
	assert_int_equal(log_finest_level(), LOG_LEVEL_ERROR);
	log_warning("tls", "x=8");
	assert_int_equal(seen->lines, 4);
	text[0] = '\0';
	log_each_module_level(note_module, text);
	assert_string_equal(text, "");
}

static void modules_with_levels_are_few(void **state)
{
	char name[LOG_MODULE_SIZE];
	int err = 0;

	(void)state;
	for (unsigned i = 0; i <= LOG_MODULES_MAX; i++) {
		snprintf(name, sizeof(name), "m%u", i);
		err = log_set_module_level(name, LOG_LEVEL_INHERITED);
		if (i + 4 < LOG_MODULES_MAX)
			assert_int_equal(err, 0);
	}
	assert_int_equal(err, ERR_LIMIT);
	assert_int_equal(log_set_module_level("m0", LOG_LEVEL_DEBUG), 0);
	assert_int_equal(log_set_module_level("m0", LOG_LEVEL_INHERITED), 0);
	assert_int_equal(
		log_set_module_level("a-name-that-is-too-long-for-one", 0), ERR_LIMIT);
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

static void a_line_is_put_together_from_words(void **state)
{
	struct seen *seen = *state;
	struct log_words words;

	log_words_init(&words);
	log_add(&words, "a=");
	log_add_bytes(&words, "b\ncd", 3);
	log_add(&words, " n=");
	log_add_uint(&words, 0, 1);
	log_add(&words, ".");
	log_add_uint(&words, 42, 3);
	log_add(&words, " max=");
	log_add_uint(&words, UINT64_MAX, 1);
	log_words(LOG_LEVEL_DEBUG, "x", &words);
	assert_int_equal(seen->lines, 0);
	log_words(LOG_LEVEL_INFO, "x", &words);
	assert_string_equal(
		seen->line, "info x a=b\\x0ac n=0.042 max=18446744073709551615");
	for (unsigned i = 0; i < 1000; i++)
		log_add(&words, " abc=1");
	log_words(LOG_LEVEL_WARNING, "x", &words);
	assert_int_equal(seen->level, LOG_LEVEL_WARNING);
	assert_in_range(strlen(seen->line), LOG_WORDS_SIZE, LOG_WORDS_SIZE + 20);
}

static const char *number(const char *user)
{
	static char buf[LOG_TEXT_SIZE];

	return log_number(buf, user, strlen(user));
}

static void of_a_number_its_end_is_shown(void **state)
{
	(void)state;
	assert_string_equal(number("+4930123456"), "\"********456\"");
	assert_string_equal(number("030-123.456"), "\"********456\"");
	assert_string_equal(number("1234"), "\"*234\"");
	assert_string_equal(number("110"), "\"110\"");
	assert_string_equal(number("12"), "\"**\"");
	assert_string_equal(number("*21#"), "\"*21#\"");
	assert_string_equal(number(""), "\"\"");
}

static void of_a_name_nothing_is_shown(void **state)
{
	(void)state;
	assert_string_equal(number("alice"), "\"*****\"");
	assert_string_equal(number("alice123"), "\"********\"");
	assert_string_equal(number("+49\"30 1234567"), "\"**************\"");
	assert_string_equal(number("anonymous"), "\"anonymous\"");
	assert_string_equal(number("anonymous1"), "\"**********\"");
}

static void a_long_number_is_cut_at_its_end(void **state)
{
	char digits[500];

	(void)state;
	memset(digits, '7', sizeof(digits));
	digits[sizeof(digits) - 1] = '\0';
	assert_string_equal(number(digits), "\"*****************************777\"");
}

static void numbers_are_whole_where_that_is_wanted(void **state)
{
	char buf[LOG_TEXT_SIZE];

	(void)state;
	log_set_numbers(true);
	assert_string_equal(number("+4930123456"), "\"+4930123456\"");
	assert_string_equal(number("a\"b"), "\"a\\\"b\"");
	assert_string_equal(log_said(buf, "no 1234567", 10), "\"no 1234567\"");
	log_set_numbers(false);
	assert_string_equal(number("+4930123456"), "\"********456\"");
}

/* A cause, a port, an address and a date are no numbers of anybody. */
static void numbers_in_what_others_say_are_masked(void **state)
{
	static const char *const said[][2] = {
		{"Q.850;cause=34", "\"Q.850;cause=34\""},
		{"+4930123456 is busy", "\"+*******456 is busy\""},
		{"1234567", "\"****567\""},
		{"123456", "\"123456\""},
		{"192.0.2.7:50600", "\"192.0.2.7:50600\""},
		{"12345678 and 9876543", "\"*****678 and ****543\""},
		{"\"7654321", "\"\\\"****321\""},
	};
	char buf[LOG_TEXT_SIZE], digits[500];

	(void)state;
	for (size_t i = 0; i < sizeof(said) / sizeof(said[0]); i++)
		assert_string_equal(
			log_said(buf, said[i][0], strlen(said[i][0])), said[i][1]);
	memset(digits, '7', sizeof(digits));
	assert_null(strchr(log_said(buf, digits, sizeof(digits)), '7'));
	assert_int_equal(strlen(buf), LOG_TEXT_SIZE - 1);
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

/* Each write(2) to stderr is one message here. */
struct wire {
	int saved;
	int fds[2];
	char text[16384];
};

static int wire_start(void **state)
{
	struct wire *wire = calloc(1, sizeof(*wire));

	if (!wire || socketpair(AF_UNIX, SOCK_SEQPACKET, 0, wire->fds))
		return -1;
	unsetenv("JOURNAL_STREAM");
	log_set_sink(NULL, NULL);
	log_set_level(LOG_LEVEL_INFO);
	wire->saved = dup(STDERR_FILENO);
	dup2(wire->fds[1], STDERR_FILENO);
	*state = wire;
	return 0;
}

static int wire_end(void **state)
{
	struct wire *wire = *state;

	log_release();
	dup2(wire->saved, STDERR_FILENO);
	close(wire->saved);
	close(wire->fds[0]);
	close(wire->fds[1]);
	free(wire);
	return 0;
}

/* What the next write(2) had; "" when there was none. */
static const char *written(struct wire *wire)
{
	ssize_t len =
		recv(wire->fds[0], wire->text, sizeof(wire->text) - 1, MSG_DONTWAIT);

	wire->text[len < 0 ? 0 : len] = '\0';
	return wire->text;
}

static void lines_of_a_turn_leave_together(void **state)
{
	struct wire *wire = *state;

	log_gather();
	log_info("x", "a=1");
	log_info("x", "a=2");
	assert_string_equal(written(wire), "");
	log_release();
	assert_string_equal(written(wire), "info x a=1\ninfo x a=2\n");
	log_release();
	assert_string_equal(written(wire), "");
	log_info("x", "a=3");
	assert_string_equal(written(wire), "info x a=3\n");
}

static void what_is_worse_than_info_waits_for_nothing(void **state)
{
	struct wire *wire = *state;

	log_gather();
	log_info("x", "a=1");
	log_warning("x", "a=2");
	assert_string_equal(written(wire), "info x a=1\nwarning x a=2\n");
	log_set_level(LOG_LEVEL_DEBUG);
	log_debug("x", "a=3");
	assert_string_equal(written(wire), "debug x a=3\n");
}

/* More than one write holds, and then a line that no such write holds. */
static void a_full_turn_loses_nothing(void **state)
{
	struct wire *wire = *state;
	char long_text[2000];
	unsigned seen = 0;

	memset(long_text, '\n', sizeof(long_text) - 1);
	long_text[sizeof(long_text) - 1] = '\0';
	log_gather();
	for (unsigned i = 0; i < 600; i++)
		log_info("x", "i=%u", i);
	log_info("x", "%s", long_text);
	log_info("x", "behind");
	log_release();
	while (seen < 600) {
		const char *at = written(wire);

		assert_in_range(strlen(at), 1, PIPE_BUF);
		for (; *at != '\0'; at = strchr(at, '\n') + 1) {
			char line[32];

			snprintf(line, sizeof(line), "info x i=%u\n", seen++);
			assert_memory_equal(at, line, strlen(line));
		}
	}
	assert_true(strlen(written(wire)) > PIPE_BUF);
	assert_string_equal(written(wire), "info x behind\n");
}

/* TEXT begins with the time of now or just before, and the rest is REST. */
static void expect_stamped(const char *text, const char *rest)
{
	struct tm tm = {0};
	unsigned ms;
	char zone[3] = "";
	time_t then;

	assert_int_equal(
		sscanf(text, "%4d-%2d-%2dT%2d:%2d:%2d.%3u%2c", &tm.tm_year, &tm.tm_mon,
			&tm.tm_mday, &tm.tm_hour, &tm.tm_min, &tm.tm_sec, &ms, zone),
		8);
	assert_string_equal(zone, "Z ");
	assert_int_equal(text[19], '.');
	assert_int_equal(text[23], 'Z');
	tm.tm_year -= 1900;
	tm.tm_mon--;
	then = timegm(&tm);
	assert_in_range(then, time(NULL) - 60, time(NULL));
	assert_string_equal(text + 25, rest);
}

static void lines_have_their_time_where_that_is_wanted(void **state)
{
	struct wire *wire = *state;

	log_set_stamps(true);
	log_info("x", "a=1");
	expect_stamped(written(wire), "info x a=1\n");
	log_gather();
	log_info("x", "a=2");
	log_info("x", "a=3");
	log_release();
	written(wire);
	*strchr(wire->text, '\n') = '\0';
	expect_stamped(wire->text, "info x a=2");
	expect_stamped(wire->text + strlen(wire->text) + 1, "info x a=3\n");
	log_set_stamps(false);
}

/* A line of the greatest length fits with its time. */
static void a_long_line_has_its_time_too(void **state)
{
	struct wire *wire = *state;
	char long_text[3000];

	memset(long_text, '\n', sizeof(long_text) - 1);
	long_text[sizeof(long_text) - 1] = '\0';
	log_set_stamps(true);
	log_info("x", "%s", long_text);
	log_set_stamps(false);
	assert_int_equal(written(wire)[23], 'Z');
	assert_string_equal(wire->text + strlen(wire->text) - 5, "\\x0a\n");
}

static void *write_from_another_thread(void *arg)
{
	(void)arg;
	log_gather();
	log_info("x", "other=1");
	log_release();
	return NULL;
}

static void lines_of_another_thread_wait_for_nobody(void **state)
{
	struct wire *wire = *state;
	pthread_t thread;

	log_gather();
	log_info("x", "a=1");
	assert_int_equal(
		pthread_create(&thread, NULL, write_from_another_thread, NULL), 0);
	pthread_join(thread, NULL);
	assert_string_equal(written(wire), "info x other=1\n");
	log_release();
	assert_string_equal(written(wire), "info x a=1\n");
}

static void lines_that_wait_survive_a_crash(void **state)
{
	struct wire *wire = *state;
	const struct rlimit no_core = {0, 0};
	int status = 0;
	pid_t child = fork();

	if (child == 0) {
		setrlimit(RLIMIT_CORE, &no_core);
		log_release_at_crash();
		log_gather();
		log_info("x", "last=1");
		abort();
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
	assert_string_equal(written(wire), "info x last=1\n");
}

static void tap(void *arg, enum log_level level, const char *line, size_t len)
{
	struct seen *seen = arg;

	seen->lines++;
	seen->level = level;
	snprintf(seen->line, sizeof(seen->line), "%.*s", (int)len, line);
}

static void a_tap_gets_lines_that_the_level_hides(void **state)
{
	struct seen *seen = *state, tapped = {.lines = 0};

	log_set_level(LOG_LEVEL_ERROR);
	log_set_tap(tap, LOG_LEVEL_INFO, &tapped);
	log_info("trunk", "trunk=%s", "a\n");
	assert_int_equal(seen->lines, 0);
	assert_int_equal(tapped.lines, 1);
	assert_int_equal(tapped.level, LOG_LEVEL_INFO);
	assert_string_equal(tapped.line, "info trunk trunk=a\\x0a");
	log_debug("trunk", "trunk=b");
	assert_int_equal(tapped.lines, 1);
	log_error("trunk", "trunk=c");
	assert_int_equal(seen->lines, 1);
	assert_int_equal(tapped.lines, 2);
	log_set_tap(NULL, LOG_LEVEL_INFO, NULL);
	log_error("trunk", "trunk=d");
	assert_int_equal(seen->lines, 2);
	assert_int_equal(tapped.lines, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			a_line_is_level_module_text, start, finish),
		cmocka_unit_test_setup_teardown(
			a_module_may_have_a_level_of_its_own, start, finish),
		cmocka_unit_test_setup_teardown(
			modules_with_levels_are_few, start, finish),
		cmocka_unit_test_setup_teardown(
			a_tap_gets_lines_that_the_level_hides, start, finish),
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
			a_line_is_put_together_from_words, start, finish),
		cmocka_unit_test(of_a_number_its_end_is_shown),
		cmocka_unit_test(of_a_name_nothing_is_shown),
		cmocka_unit_test(a_long_number_is_cut_at_its_end),
		cmocka_unit_test(numbers_are_whole_where_that_is_wanted),
		cmocka_unit_test(numbers_in_what_others_say_are_masked),
		cmocka_unit_test_setup_teardown(
			without_a_sink_lines_go_to_stderr, start, finish),
		cmocka_unit_test_setup_teardown(
			lines_of_a_turn_leave_together, wire_start, wire_end),
		cmocka_unit_test_setup_teardown(
			what_is_worse_than_info_waits_for_nothing, wire_start, wire_end),
		cmocka_unit_test_setup_teardown(
			a_full_turn_loses_nothing, wire_start, wire_end),
		cmocka_unit_test_setup_teardown(
			lines_have_their_time_where_that_is_wanted, wire_start, wire_end),
		cmocka_unit_test_setup_teardown(
			a_long_line_has_its_time_too, wire_start, wire_end),
		cmocka_unit_test_setup_teardown(
			lines_of_another_thread_wait_for_nobody, wire_start, wire_end),
		cmocka_unit_test_setup_teardown(
			lines_that_wait_survive_a_crash, wire_start, wire_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
