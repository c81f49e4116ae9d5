/* The limits of a trunk: what each counts, in which order they are named, what is said of it. */
#include "../unit.h"

#include "trunk/limit.h"

#define SECOND_US UINT64_C(1000000)
#define NONE CONFIG_UNLIMITED

static const struct config_limits unlimited = {.max_calls = NONE,
	.max_calls_in = NONE,
	.max_calls_out = NONE,
	.max_early = NONE,
	.max_rate = NONE,
	.max_rate_in = NONE,
	.max_rate_out = NONE};

/* A trunk, as far as its limits see it. */
static struct limit_use use;
static struct config_limits limits;
static unsigned calls;
static uint64_t now_us;

static int setup(void **state)
{
	(void)state;
	use = (struct limit_use){0};
	limits = unlimited;
	calls = 0;
	now_us = 1000 * SECOND_US;
	return 0;
}

static struct limit_question ask(enum limit_way way)
{
	return (struct limit_question){.use = &use,
		.limits = &limits,
		.calls = calls,
		.way = way,
		.now_us = now_us};
}

static enum limit_kind find(enum limit_way way)
{
	const struct limit_question question = ask(way);

	return limit_find(&question);
}

static unsigned retry_s(enum limit_way way)
{
	const struct limit_question question = ask(way);

	return limit_retry_s(&question, limit_find(&question));
}

static unsigned used(enum limit_kind kind)
{
	const struct limit_question question = ask(LIMIT_IN);

	return limit_used(&question, kind);
}

static void begin(enum limit_way way)
{
	calls++;
	limit_begin(&use, way);
	limit_charge(&use, &limits, way, now_us);
}

static void end(enum limit_way way)
{
	calls--;
	limit_end(&use, way);
}

static void without_limits_nothing_is_in_the_way(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 10000; i++)
		begin(i % 2 ? LIMIT_IN : LIMIT_OUT);
	assert_int_equal(find(LIMIT_IN), LIMIT_NONE);
	assert_int_equal(find(LIMIT_OUT), LIMIT_NONE);
	assert_int_equal(used(LIMIT_CALLS_OUT), 5000);
	assert_int_equal(used(LIMIT_RATE), 0);
}

/* Each setting at its edge: with 2, two fit and a third does not, in the ways that it is about. */
static void each_counts_what_it_is_about(void **state)
{
	static const struct {
		enum limit_kind kind;
		const char *name;
		size_t setting;
		bool in, out; /* whom it concerns */
	} rows[] = {
		{LIMIT_CALLS, "max-calls", offsetof(struct config_limits, max_calls), 1,
			1},
		{LIMIT_CALLS_IN, "max-calls-in",
			offsetof(struct config_limits, max_calls_in), 1, 0},
		{LIMIT_CALLS_OUT, "max-calls-out",
			offsetof(struct config_limits, max_calls_out), 0, 1},
		{LIMIT_EARLY, "max-early", offsetof(struct config_limits, max_early), 1,
			1},
		{LIMIT_RATE, "max-rate", offsetof(struct config_limits, max_rate), 1, 1},
		{LIMIT_RATE_IN, "max-rate-in",
			offsetof(struct config_limits, max_rate_in), 1, 0},
		{LIMIT_RATE_OUT, "max-rate-out",
			offsetof(struct config_limits, max_rate_out), 0, 1},
	};

	assert_int_equal(sizeof(rows) / sizeof(rows[0]), LIMIT_KINDS - 1);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const enum limit_way ours = rows[i].in ? LIMIT_IN : LIMIT_OUT;

		setup(state);
		*(unsigned *)(void *)((char *)&limits + rows[i].setting) = 2;
		assert_string_equal(limit_name(rows[i].kind), rows[i].name);
		assert_int_equal(limit_most(&limits, rows[i].kind), 2);
		begin(ours);
		assert_int_equal(find(LIMIT_IN), LIMIT_NONE);
		assert_int_equal(find(LIMIT_OUT), LIMIT_NONE);
		begin(ours);
		assert_int_equal(used(rows[i].kind), 2);
		assert_int_equal(find(LIMIT_IN), rows[i].in ? rows[i].kind : LIMIT_NONE);
		assert_int_equal(
			find(LIMIT_OUT), rows[i].out ? rows[i].kind : LIMIT_NONE);
	}
}

static void a_zero_lets_none_pass(void **state)
{
	(void)state;
	limits.max_calls_in = 0;
	assert_int_equal(find(LIMIT_IN), LIMIT_CALLS_IN);
	assert_int_equal(find(LIMIT_OUT), LIMIT_NONE);
	limits.max_early = 0;
	assert_int_equal(find(LIMIT_OUT), LIMIT_EARLY);
}

static void an_answer_makes_room_for_an_early_one(void **state)
{
	(void)state;
	limits.max_early = 1;
	begin(LIMIT_OUT);
	assert_int_equal(find(LIMIT_IN), LIMIT_EARLY);
	assert_int_equal(retry_s(LIMIT_IN), 5);
	limit_early_over(&use);
	assert_int_equal(find(LIMIT_IN), LIMIT_NONE);
	assert_int_equal(used(LIMIT_CALLS), 1);
	end(LIMIT_OUT);
	assert_int_equal(use.out, 0);
}

static void the_first_of_several_is_named(void **state)
{
	(void)state;
	limits.max_calls = 1;
	limits.max_early = 1;
	limits.max_rate = 1;
	begin(LIMIT_IN);
	assert_int_equal(find(LIMIT_IN), LIMIT_CALLS);
	assert_false(limit_is_rate(LIMIT_CALLS));
	assert_int_equal(retry_s(LIMIT_IN), 10);
	end(LIMIT_IN);
	assert_int_equal(find(LIMIT_IN), LIMIT_EARLY);
	limit_early_over(&use);
	assert_int_equal(find(LIMIT_IN), LIMIT_RATE);
	assert_true(limit_is_rate(LIMIT_RATE));
	assert_int_equal(retry_s(LIMIT_IN), 1);
	now_us += SECOND_US;
	assert_int_equal(find(LIMIT_IN), LIMIT_NONE);
}

/* A burst of their own: twenty at once, and then one each half second. */
static void a_burst_is_larger_than_the_rate(void **state)
{
	(void)state;
	limits.max_rate_in = 2;
	limits.burst = 20;
	for (unsigned i = 0; i < 20; i++) {
		assert_int_equal(find(LIMIT_IN), LIMIT_NONE);
		begin(LIMIT_IN);
	}
	assert_int_equal(find(LIMIT_IN), LIMIT_RATE_IN);
	now_us += SECOND_US / 2 - 1;
	assert_int_equal(find(LIMIT_IN), LIMIT_RATE_IN);
	now_us++;
	assert_int_equal(find(LIMIT_IN), LIMIT_NONE);
}

/* Half a minute is due when others took what is owed; a caller is not sent away for longer than a minute. */
static void the_bucket_says_when_to_try_again(void **state)
{
	(void)state;
	limits.max_rate = 1;
	limits.burst = 30;
	for (unsigned i = 0; i < 59; i++)
		begin(LIMIT_IN);
	assert_int_equal(retry_s(LIMIT_IN), 30);
	now_us += SECOND_US / 2;
	assert_int_equal(retry_s(LIMIT_IN), 30);
	now_us += SECOND_US / 2;
	assert_int_equal(retry_s(LIMIT_IN), 29);
	limits.burst = 1000;
	for (unsigned i = 0; i < 2000; i++)
		begin(LIMIT_IN);
	assert_int_equal(retry_s(LIMIT_IN), 60);
}

static void what_was_unlimited_begins_full(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 100; i++)
		begin(LIMIT_IN);
	limits.max_rate = 1;
	assert_int_equal(find(LIMIT_IN), LIMIT_NONE);
	begin(LIMIT_IN);
	assert_int_equal(find(LIMIT_IN), LIMIT_RATE);
	/* and a limit that is taken away forgets */
	limits.max_rate = NONE;
	begin(LIMIT_IN);
	limits.max_rate = 1;
	assert_int_equal(find(LIMIT_IN), LIMIT_NONE);
}

static void all_calls_together_know_no_direction(void **state)
{
	static struct config config;

	(void)state;
	config.limits.calls.max_calls = 5;
	config.limits.calls.max_early = 4;
	config.limits.calls.max_rate = 3;
	limits = limit_of_all(&config);
	assert_int_equal(limit_most(&limits, LIMIT_CALLS), 5);
	assert_int_equal(limit_most(&limits, LIMIT_EARLY), 4);
	assert_int_equal(limit_most(&limits, LIMIT_RATE), 3);
	assert_int_equal(limit_most(&limits, LIMIT_CALLS_IN), NONE);
	assert_int_equal(limit_most(&limits, LIMIT_RATE_OUT), NONE);
	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(find(LIMIT_IN), LIMIT_NONE);
		begin(LIMIT_IN);
	}
	assert_int_equal(find(LIMIT_IN), LIMIT_RATE);
}

static void the_shortest_length_counts(void **state)
{
	const uint64_t lengths[] = {0, 3000, 0, 2000, 9000};

	(void)state;
	assert_int_equal(limit_shortest_ms(lengths, 5), 2000);
	assert_int_equal(limit_shortest_ms(lengths, 3), 3000);
	assert_int_equal(limit_shortest_ms(lengths, 1), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(without_limits_nothing_is_in_the_way, setup),
		cmocka_unit_test_setup(each_counts_what_it_is_about, setup),
		cmocka_unit_test_setup(a_zero_lets_none_pass, setup),
		cmocka_unit_test_setup(an_answer_makes_room_for_an_early_one, setup),
		cmocka_unit_test_setup(the_first_of_several_is_named, setup),
		cmocka_unit_test_setup(a_burst_is_larger_than_the_rate, setup),
		cmocka_unit_test_setup(the_bucket_says_when_to_try_again, setup),
		cmocka_unit_test_setup(what_was_unlimited_begins_full, setup),
		cmocka_unit_test_setup(all_calls_together_know_no_direction, setup),
		cmocka_unit_test_setup(the_shortest_length_counts, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
