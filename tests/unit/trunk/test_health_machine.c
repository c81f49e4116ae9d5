/* The state machine of an address: each edge of its hysteresis, its rests, and what holds for any events. */
#include "../unit.h"

#include "trunk/health_machine.h"

#include <stdlib.h>

static const struct health_rules rules = {
	.down_after = 3, .up_after = 2, .rest_max_ms = 120000, .trial_ms = 4000};
static const struct health_rules pinged = {.down_after = 3,
	.up_after = 2,
	.rest_max_ms = 120000,
	.trial_ms = 4000,
	.pinged = true};

static bool step(struct health_machine *machine, enum health_event event, uint64_t now_ms)
{
	return health_machine_step(machine, event, 30000, &rules, now_ms);
}

static struct health_machine after(
	const enum health_event *events, unsigned count, uint64_t now_ms)
{
	struct health_machine machine = {.state = HEALTH_UNKNOWN};

	for (unsigned i = 0; i < count; i++)
		step(&machine, events[i], now_ms);
	return machine;
}
#define AFTER(now_ms, ...)                                                               \
	after((const enum health_event[]){__VA_ARGS__},                                  \
		sizeof((const enum health_event[]){__VA_ARGS__}) /                       \
			sizeof(enum health_event),                                       \
		now_ms)

static void what_was_never_heard_of_may_be_used(void **state)
{
	const struct health_machine machine = {.state = HEALTH_UNKNOWN};

	(void)state;
	assert_true(health_machine_usable(&machine, &rules, 0));
	assert_true(health_machine_usable(&machine, &pinged, 0));
}

static void the_first_answer_makes_it_up(void **state)
{
	struct health_machine machine = {.state = HEALTH_UNKNOWN};

	(void)state;
	assert_true(step(&machine, HEALTH_ANSWERS, 0));
	assert_int_equal(machine.state, HEALTH_UP);
	assert_false(step(&machine, HEALTH_TAKES, 0));
}

static void the_first_failure_makes_it_rest(void **state)
{
	struct health_machine machine = AFTER(1000, HEALTH_TAKES);

	(void)state;
	assert_true(step(&machine, HEALTH_FAILS, 1000));
	assert_int_equal(machine.state, HEALTH_RESTING);
	assert_false(health_machine_usable(&machine, &rules, 1000 + HEALTH_REST_MS - 1));
	assert_int_equal(health_machine_back_ms(&machine, &rules, 1500), 1500);
	assert_true(health_machine_usable(&machine, &rules, 1000 + HEALTH_REST_MS));
	assert_int_equal(
		health_machine_back_ms(&machine, &rules, 1000 + HEALTH_REST_MS), 0);
}

static void as_many_failures_in_a_row_as_down_after_make_it_down(void **state)
{
	struct health_machine machine =
		AFTER(0, HEALTH_TAKES, HEALTH_FAILS, HEALTH_FAILS);

	(void)state;
	assert_int_equal(machine.state, HEALTH_RESTING);
	assert_true(step(&machine, HEALTH_FAILS, 0));
	assert_int_equal(machine.state, HEALTH_DOWN);
	assert_false(step(&machine, HEALTH_FAILS, 0));
}

static void an_answer_between_begins_the_row_anew(void **state)
{
	struct health_machine machine =
		AFTER(0, HEALTH_FAILS, HEALTH_FAILS, HEALTH_TAKES, HEALTH_FAILS);

	(void)state;
	assert_int_equal(machine.state, HEALTH_RESTING);
	step(&machine, HEALTH_FAILS, 0);
	assert_int_equal(machine.state, HEALTH_RESTING);
	step(&machine, HEALTH_FAILS, 0);
	assert_int_equal(machine.state, HEALTH_DOWN);
}

static void down_after_one_is_down_at_once(void **state)
{
	const struct health_rules strict = {
		.down_after = 1, .up_after = 1, .rest_max_ms = 1000};
	struct health_machine machine = {.state = HEALTH_UP};

	(void)state;
	assert_true(health_machine_step(&machine, HEALTH_FAILS, 0, &strict, 0));
	assert_int_equal(machine.state, HEALTH_DOWN);
	assert_true(health_machine_step(&machine, HEALTH_ANSWERS, 0, &strict, 0));
	assert_int_equal(machine.state, HEALTH_UP);
}

static void as_many_answers_in_a_row_as_up_after_make_it_up(void **state)
{
	struct health_machine machine =
		AFTER(0, HEALTH_FAILS, HEALTH_FAILS, HEALTH_FAILS);

	(void)state;
	assert_false(step(&machine, HEALTH_ANSWERS, 0));
	assert_int_equal(machine.state, HEALTH_DOWN);
	/* but calls need not wait for the second */
	assert_true(health_machine_usable(&machine, &rules, 0));
	assert_true(step(&machine, HEALTH_ANSWERS, 0));
	assert_int_equal(machine.state, HEALTH_UP);
	assert_int_equal(machine.rests, 0);
	assert_int_equal(machine.failures, 0);
}

static void a_failure_between_begins_the_answers_anew(void **state)
{
	struct health_machine machine = AFTER(0, HEALTH_FAILS, HEALTH_FAILS, HEALTH_FAILS,
		HEALTH_ANSWERS, HEALTH_FAILS, HEALTH_ANSWERS);

	(void)state;
	assert_int_equal(machine.state, HEALTH_DOWN);
	step(&machine, HEALTH_ANSWERS, 0);
	assert_int_equal(machine.state, HEALTH_UP);
}

static void rests_grow_to_a_bound(void **state)
{
	static const uint64_t wanted[] = {2000, 4000, 8000, 16000, 30000, 30000, 30000};
	struct health_machine machine = {.state = HEALTH_UP};

	(void)state;
	for (unsigned i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
		step(&machine, HEALTH_FAILS, 1000);
		assert_int_equal(machine.until_ms, 1000 + wanted[i]);
	}
}

static void no_rest_is_longer_than_it_may_be(void **state)
{
	const struct health_rules short_rests = {.down_after = 3,
		.up_after = 2,
		.rest_max_ms = HEALTH_REST_MS / 2,
		.trial_ms = 4000};
	struct health_machine machine = {.state = HEALTH_UP};

	(void)state;
	health_machine_step(&machine, HEALTH_FAILS, 0, &short_rests, 1000);
	assert_int_equal(machine.until_ms, 1000 + HEALTH_REST_MS / 2);
}

static void rests_stay_grown_until_it_is_up(void **state)
{
	struct health_machine machine =
		AFTER(0, HEALTH_FAILS, HEALTH_TAKES, HEALTH_FAILS, HEALTH_TAKES);

	(void)state;
	step(&machine, HEALTH_FAILS, 0);
	assert_int_equal(machine.until_ms, 8000);
	step(&machine, HEALTH_TAKES, 0);
	step(&machine, HEALTH_TAKES, 0);
	step(&machine, HEALTH_FAILS, 0);
	assert_int_equal(machine.until_ms, 2000);
}

static void retry_after_is_kept_within_its_bound(void **state)
{
	struct health_machine machine = {.state = HEALTH_UP};

	(void)state;
	assert_true(health_machine_step(&machine, HEALTH_ASKS, 30000, &rules, 0));
	assert_int_equal(machine.state, HEALTH_RESTING);
	assert_int_equal(machine.until_ms, 30000);
	health_machine_step(&machine, HEALTH_ASKS, UINT64_MAX, &rules, 0);
	assert_int_equal(machine.until_ms, 120000);
	health_machine_step(&machine, HEALTH_ASKS, 0, &rules, 7000);
	assert_true(health_machine_usable(&machine, &rules, 7000));
}

static void options_do_not_end_a_rest_that_was_asked_for(void **state)
{
	struct health_machine machine = AFTER(0, HEALTH_ASKS);

	(void)state;
	step(&machine, HEALTH_ANSWERS, 29999);
	step(&machine, HEALTH_ANSWERS, 29999);
	assert_int_equal(machine.state, HEALTH_RESTING);
	assert_false(health_machine_usable(&machine, &rules, 29999));
	step(&machine, HEALTH_ANSWERS, 30000);
	step(&machine, HEALTH_ANSWERS, 30000);
	assert_int_equal(machine.state, HEALTH_UP);
}

static void a_call_that_is_taken_ends_it(void **state)
{
	struct health_machine machine = AFTER(0, HEALTH_ASKS, HEALTH_TAKES);

	(void)state;
	assert_true(health_machine_usable(&machine, &rules, 0));
	step(&machine, HEALTH_TAKES, 0);
	assert_int_equal(machine.state, HEALTH_UP);
}

static void an_older_call_that_fails_does_not_shorten_it(void **state)
{
	struct health_machine machine = AFTER(0, HEALTH_ASKS, HEALTH_FAILS);

	(void)state;
	assert_int_equal(machine.until_ms, 30000);
	assert_true(machine.asked);
}

static void who_is_down_and_asks_for_a_rest_spoke(void **state)
{
	struct health_machine machine =
		AFTER(0, HEALTH_FAILS, HEALTH_FAILS, HEALTH_FAILS);

	(void)state;
	assert_true(step(&machine, HEALTH_ASKS, 0));
	assert_int_equal(machine.state, HEALTH_RESTING);
	assert_int_equal(machine.failures, 0);
}

static void one_call_finds_out_whether_a_rest_did_good(void **state)
{
	struct health_machine machine = AFTER(0, HEALTH_FAILS);

	(void)state;
	health_machine_claim(
		&machine, &rules, 1000); /* it may not yet: nothing happens */
	assert_int_equal(machine.until_ms, 2000);
	health_machine_claim(&machine, &rules, 2000);
	assert_false(health_machine_usable(&machine, &rules, 2000));
	assert_false(health_machine_usable(&machine, &rules, 5999));
	/* it was hung up before anything came: the next one tries */
	assert_true(health_machine_usable(&machine, &rules, 6000));
}

static void after_an_answer_all_may_go(void **state)
{
	struct health_machine machine = AFTER(0, HEALTH_FAILS, HEALTH_TAKES);

	(void)state;
	health_machine_claim(&machine, &rules, 5000);
	assert_true(health_machine_usable(&machine, &rules, 5000));
}

static void who_is_pinged_and_down_waits_for_an_answer(void **state)
{
	struct health_machine machine =
		AFTER(0, HEALTH_FAILS, HEALTH_FAILS, HEALTH_FAILS);

	(void)state;
	assert_false(health_machine_usable(&machine, &pinged, 1000000));
	assert_true(health_machine_back_ms(&machine, &pinged, 1000000) > 0);
	assert_true(health_machine_usable(&machine, &rules, 1000000));
	step(&machine, HEALTH_ANSWERS, 1000000);
	assert_false(health_machine_usable(&machine, &pinged, 1000000));
	step(&machine, HEALTH_ANSWERS, 1000000);
	assert_true(health_machine_usable(&machine, &pinged, 1000000));
}

static void without_rests_nothing_is_skipped(void **state)
{
	const struct health_rules never = {.down_after = 1, .up_after = 1};
	struct health_machine machine = {.state = HEALTH_UP};

	(void)state;
	health_machine_step(&machine, HEALTH_FAILS, 0, &never, 0);
	assert_int_equal(machine.state, HEALTH_DOWN);
	assert_true(health_machine_usable(&machine, &never, 0));
	health_machine_step(&machine, HEALTH_ASKS, 60000, &never, 0);
	assert_true(health_machine_usable(&machine, &never, 0));
}

/* It fails and answers in turn, in whatever rhythm that never has up-after answers in a row. */
static void flapping_changes_the_state_twice_at_most(void **state)
{
	(void)state;
	for (unsigned failures = 1; failures < 6; failures++) {
		struct health_machine machine = {.state = HEALTH_UP};
		unsigned changes = 0;

		for (unsigned i = 0; i < 1000; i++) {
			for (unsigned k = 0; k < failures; k++)
				changes += step(&machine, HEALTH_FAILS, i * 100);
			changes += step(&machine, HEALTH_ANSWERS, i * 100);
		}
		assert_true(changes <= 2);
		assert_int_equal(machine.until_ms, 0);
		step(&machine, HEALTH_FAILS, 0);
		assert_int_equal(machine.until_ms, HEALTH_REST_GROWN_MS);
	}
}

/* Whatever comes: no rest is longer than its bound, an up one may be used, each name says its state, and between
 * two changes to up there are up-after answers. */
static void any_events_keep_the_rules(void **state)
{
	struct health_machine machine = {.state = HEALTH_UNKNOWN};
	uint64_t now_ms = 1;
	unsigned good = 0;

	(void)state;
	srand(20261130);
	for (unsigned i = 0; i < 200000; i++) {
		const enum health_event event =
			(enum health_event)(rand() % HEALTH_EVENTS);
		const enum health_state before = machine.state;
		const bool works = event == HEALTH_ANSWERS || event == HEALTH_TAKES;

		now_ms += (uint64_t)(rand() % 5000);
		good = works ? good + 1 : 0;
		health_machine_claim(&machine, &rules, now_ms);
		health_machine_step(
			&machine, event, (uint64_t)rand() * 1000, &rules, now_ms);
		assert_true(machine.until_ms <= now_ms + rules.rest_max_ms);
		assert_true(machine.state != HEALTH_UNKNOWN);
		if (machine.state == HEALTH_UP) {
			assert_true(health_machine_usable(&machine, &rules, now_ms));
			assert_true(works);
			assert_true(before == HEALTH_UP || before == HEALTH_UNKNOWN ||
				    good >= rules.up_after);
		}
		assert_true(health_machine_back_ms(&machine, &rules, now_ms) <=
			    rules.rest_max_ms);
	}
}

static void states_have_names(void **state)
{
	(void)state;
	assert_string_equal(health_state_name(HEALTH_UNKNOWN), "unknown");
	assert_string_equal(health_state_name(HEALTH_UP), "up");
	assert_string_equal(health_state_name(HEALTH_RESTING), "resting");
	assert_string_equal(health_state_name(HEALTH_DOWN), "down");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_never_heard_of_may_be_used),
		cmocka_unit_test(the_first_answer_makes_it_up),
		cmocka_unit_test(the_first_failure_makes_it_rest),
		cmocka_unit_test(as_many_failures_in_a_row_as_down_after_make_it_down),
		cmocka_unit_test(an_answer_between_begins_the_row_anew),
		cmocka_unit_test(down_after_one_is_down_at_once),
		cmocka_unit_test(as_many_answers_in_a_row_as_up_after_make_it_up),
		cmocka_unit_test(a_failure_between_begins_the_answers_anew),
		cmocka_unit_test(rests_grow_to_a_bound),
		cmocka_unit_test(no_rest_is_longer_than_it_may_be),
		cmocka_unit_test(rests_stay_grown_until_it_is_up),
		cmocka_unit_test(retry_after_is_kept_within_its_bound),
		cmocka_unit_test(options_do_not_end_a_rest_that_was_asked_for),
		cmocka_unit_test(a_call_that_is_taken_ends_it),
		cmocka_unit_test(an_older_call_that_fails_does_not_shorten_it),
		cmocka_unit_test(who_is_down_and_asks_for_a_rest_spoke),
		cmocka_unit_test(one_call_finds_out_whether_a_rest_did_good),
		cmocka_unit_test(after_an_answer_all_may_go),
		cmocka_unit_test(who_is_pinged_and_down_waits_for_an_answer),
		cmocka_unit_test(without_rests_nothing_is_skipped),
		cmocka_unit_test(flapping_changes_the_state_twice_at_most),
		cmocka_unit_test(any_events_keep_the_rules),
		cmocka_unit_test(states_have_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
