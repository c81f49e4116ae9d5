#include "base/log_limit.h"

#include "../unit.h"

#include <stdio.h>
#include <string.h>

struct rig {
	struct clock_virtual clock;
	struct timers *timers;
	struct log_limit limit;
	unsigned lines;
	enum log_level level;
	char last[200];
};

static void keep(void *arg, enum log_level level, const char *line)
{
	struct rig *rig = arg;

	rig->lines++;
	rig->level = level;
	snprintf(rig->last, sizeof(rig->last), "%s", line);
}

static void rig_init(struct rig *rig, const char *module, unsigned a_second)
{
	memset(rig, 0, sizeof(*rig));
	clock_virtual_init(&rig->clock, 1000000);
	assert_int_equal(timers_new(&rig->timers, &rig->clock.clock), 0);
	log_limit_init(&rig->limit, rig->timers, module, LOG_LEVEL_WARNING, a_second);
	log_set_sink(keep, rig);
}

static void rig_free(struct rig *rig)
{
	log_limit_end(&rig->limit);
	timers_free(rig->timers);
	log_set_sink(NULL, NULL);
}

static void pass_time(struct rig *rig, uint64_t ms)
{
	clock_virtual_advance(&rig->clock, ms * 1000);
	timers_run(rig->timers);
}

/* How many of COUNT lines may be written now; the last one that may says how many were hidden. */
static unsigned try_lines(struct rig *rig, unsigned count, unsigned *ret_hidden)
{
	unsigned written = 0;

	for (unsigned i = 0; i < count; i++)
		written += log_limit_pass(&rig->limit, ret_hidden);
	return written;
}

static uint64_t suppressed_of(const char *module)
{
	uint64_t count;
	const char *name;

	for (unsigned i = 0; log_suppressed(i, &name, &count); i++)
		if (!strcmp(name, module))
			return count;
	fail_msg("%s has no counter", module);
	return 0;
}

static void the_next_line_says_how_many_were_hidden(void **state)
{
	unsigned hidden = 99;
	struct rig rig;

	(void)state;
	rig_init(&rig, "next", 3);
	assert_int_equal(try_lines(&rig, 10, &hidden), 3);
	assert_int_equal(hidden, 0);
	pass_time(&rig, 1000);
	assert_int_equal(try_lines(&rig, 1, &hidden), 1);
	assert_int_equal(hidden, 7);
	assert_int_equal(try_lines(&rig, 1, &hidden), 1);
	assert_int_equal(hidden, 0);
	pass_time(&rig, 10000);
	assert_int_equal(rig.lines, 0); /* nothing is left to say */
	rig_free(&rig);
	assert_int_equal(rig.lines, 0);
}

static void a_burst_without_a_next_line_is_told_by_a_timer(void **state)
{
	unsigned hidden = 99;
	struct rig rig;

	(void)state;
	rig_init(&rig, "burst", 3);
	try_lines(&rig, 10, &hidden);
	pass_time(&rig, 1999);
	assert_int_equal(rig.lines, 0); /* a line of the next second could still say it */
	pass_time(&rig, 1);
	assert_int_equal(rig.lines, 1);
	assert_int_equal(rig.level, LOG_LEVEL_WARNING);
	assert_string_equal(rig.last, "warning burst event=suppressed suppressed=7");
	pass_time(&rig, 10000);
	assert_int_equal(rig.lines, 1);
	try_lines(&rig, 1, &hidden);
	assert_int_equal(hidden, 0);
	rig_free(&rig);
}

static void what_is_hidden_at_the_end_is_told(void **state)
{
	unsigned hidden;
	struct rig rig;

	(void)state;
	rig_init(&rig, "end", 3);
	try_lines(&rig, 5, &hidden);
	rig_free(&rig);
	assert_string_equal(rig.last, "warning end event=suppressed suppressed=2");
}

static void modules_are_counted_apart_and_limits_together(void **state)
{
	struct rig first, second, other;
	unsigned hidden;

	(void)state;
	rig_init(&first, "shared", 1);
	rig_init(&second, "shared", 1);
	rig_init(&other, "other", 1);
	assert_int_equal(suppressed_of("shared"), 0);
	try_lines(&first, 4, &hidden);
	try_lines(&second, 3, &hidden);
	try_lines(&other, 2, &hidden);
	assert_int_equal(suppressed_of("shared"), 5);
	assert_int_equal(suppressed_of("other"), 1);
	rig_free(&first);
	rig_free(&second);
	rig_free(&other);
	assert_int_equal(suppressed_of("shared"), 5); /* since the start */
}

static void one_that_was_never_begun_ends(void **state)
{
	struct log_limit limit = {.timers = NULL};

	(void)state;
	log_limit_end(&limit);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_next_line_says_how_many_were_hidden),
		cmocka_unit_test(a_burst_without_a_next_line_is_told_by_a_timer),
		cmocka_unit_test(what_is_hidden_at_the_end_is_told),
		cmocka_unit_test(modules_are_counted_apart_and_limits_together),
		cmocka_unit_test(one_that_was_never_begun_ends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
