#include "../unit.h"

#include "audit/backlog.h"
#include "base/log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct fixture {
	struct backlog backlog;
	char log[1000];
};

static void log_h(void *arg, enum log_level level, const char *line)
{
	struct fixture *fixture = arg;
	size_t len = strlen(fixture->log);

	assert_int_equal(level, LOG_LEVEL_WARNING);
	snprintf(fixture->log + len, sizeof(fixture->log) - len, "%s\n", line);
}

static int setup(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));

	log_set_sink(log_h, fixture);
	*state = fixture;
	return 0;
}

static int teardown(void **state)
{
	log_set_sink(NULL, NULL);
	free(*state);
	return 0;
}

static void expect_log(
	const struct fixture *fixture, const char *behind, const char *after)
{
	const char *at = strstr(fixture->log, behind);

	assert_non_null(at);
	assert_null(strstr(at + 1, behind));
	if (after)
		assert_non_null(strstr(at, after));
	else
		assert_null(strstr(at, "caught-up"));
}

static void without_an_overrun_it_keeps_up(void **state)
{
	struct fixture *fixture = *state;

	backlog_tick(&fixture->backlog, 0);
	backlog_drained(&fixture->backlog);
	backlog_tick(&fixture->backlog, 0);
	assert_false(backlog_is_behind(&fixture->backlog));
	assert_int_equal(backlog_times(&fixture->backlog), 0);
	assert_string_equal(fixture->log, "");
}

static void it_is_behind_at_once_and_says_so_once(void **state)
{
	struct fixture *fixture = *state;

	backlog_overrun(&fixture->backlog);
	assert_true(backlog_is_behind(&fixture->backlog));
	for (unsigned i = 0; i < 3; i++) {
		backlog_overrun(&fixture->backlog);
		backlog_tick(&fixture->backlog, 2 + i);
	}
	assert_true(backlog_is_behind(&fixture->backlog));
	assert_int_equal(backlog_times(&fixture->backlog), 1);
	expect_log(fixture, "event=behind lost=2", NULL);
}

/* Empty queues are not enough while more is lost, nor is quiet while something waits. */
static void it_has_caught_up_when_all_is_written_and_nothing_more_is_lost(void **state)
{
	struct fixture *fixture = *state;
	struct backlog *backlog = &fixture->backlog;

	backlog_overrun(backlog);
	backlog_drained(backlog);
	backlog_tick(backlog, 1);
	assert_true(backlog_is_behind(backlog));
	backlog_overrun(backlog);
	backlog_drained(backlog);
	backlog_tick(backlog, 2);
	assert_true(backlog_is_behind(backlog));
	for (unsigned i = 0; i < 3; i++)
		backlog_tick(backlog, 2);
	assert_true(backlog_is_behind(backlog));
	backlog_drained(backlog);
	backlog_tick(backlog, 2);
	assert_false(backlog_is_behind(backlog));
	expect_log(fixture, "event=behind lost=1", "event=caught-up lost=2");
}

static void each_time_is_told_and_counted(void **state)
{
	struct fixture *fixture = *state;
	struct backlog *backlog = &fixture->backlog;

	for (unsigned i = 1; i <= 2; i++) {
		backlog_overrun(backlog);
		assert_true(backlog_is_behind(backlog));
		backlog_tick(backlog, i);
		backlog_drained(backlog);
		backlog_tick(backlog, i);
		assert_false(backlog_is_behind(backlog));
		assert_int_equal(backlog_times(backlog), i);
	}
	expect_log(fixture, "event=behind lost=1", "event=caught-up lost=1");
	expect_log(fixture, "event=behind lost=2", "event=caught-up lost=2");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			without_an_overrun_it_keeps_up, setup, teardown),
		cmocka_unit_test_setup_teardown(
			it_is_behind_at_once_and_says_so_once, setup, teardown),
		cmocka_unit_test_setup_teardown(
			it_has_caught_up_when_all_is_written_and_nothing_more_is_lost,
			setup, teardown),
		cmocka_unit_test_setup_teardown(
			each_time_is_told_and_counted, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
