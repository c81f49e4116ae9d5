#include "base/timer.h"

#include "../unit.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define DAY_MS UINT64_C(86400000)

/* A wheel on a clock that stands, and a record of what fired. */
struct bench {
	struct clock_virtual clock;
	struct timers *timers;
	char fired[64]; /* a letter for each */
	size_t fired_len;
};

struct probe {
	struct timer timer;
	struct bench *bench;
	char letter;
	struct probe *other; /* what the handler acts on */
	uint64_t delay_ms;
};

static int start(void **state)
{
	struct bench *bench = calloc(1, sizeof(*bench));

	if (!bench)
		return -1;
	clock_virtual_init(&bench->clock, 0);
	/* Neither zero nor a round number of anything. */
	clock_virtual_advance(&bench->clock, 123456789 * UINT64_C(1000));
	*state = bench;
	return timers_new(&bench->timers, &bench->clock.clock);
}

static int finish(void **state)
{
	struct bench *bench = *state;

	timers_free(bench->timers);
	free(bench);
	return 0;
}

static void note(void *arg)
{
	struct probe *probe = arg;
	struct bench *bench = probe->bench;

	assert_false(timer_running(&probe->timer));
	assert_true(timers_now_ms(bench->timers) >= probe->timer.expiry_ms);
	assert_true(bench->fired_len < sizeof(bench->fired) - 1);
	bench->fired[bench->fired_len++] = probe->letter;
}

static void start_probe(struct probe *probe, uint64_t delay_ms, timer_h *h)
{
	timer_start(probe->bench->timers, &probe->timer, delay_ms, h, probe);
}

static unsigned advance_ms(struct bench *bench, uint64_t ms)
{
	clock_virtual_advance(&bench->clock, ms * 1000);
	return timers_run(bench->timers);
}

static void timers_fire_in_order_of_expiry(void **state)
{
	const uint64_t delays[] = {50 * DAY_MS, 64, 1, 4096, 63, 0, 65, DAY_MS};
	struct bench *bench = *state;
	struct probe probes[8] = {0};

	for (size_t i = 0; i < 8; i++) {
		probes[i].bench = bench;
		probes[i].letter = (char)('a' + i);
		start_probe(&probes[i], delays[i], note);
	}
	assert_int_equal(advance_ms(bench, 60 * DAY_MS), 8);
	assert_string_equal(bench->fired, "fcebgdha");
	assert_int_equal(timers_next_ms(bench->timers), -1);
}

static void equal_expiries_fire_in_order_of_starting(void **state)
{
	struct bench *bench = *state;
	struct probe a = {.bench = bench, .letter = 'a'};
	struct probe b = {.bench = bench, .letter = 'b'};
	struct probe c = {.bench = bench, .letter = 'c'};

	start_probe(&a, 5000, note);
	advance_ms(bench, 1000);
	start_probe(&b, 4000, note);
	advance_ms(bench, 3990);
	start_probe(&c, 10, note);
	assert_int_equal(advance_ms(bench, 10), 3);
	assert_string_equal(bench->fired, "abc");
}

static void a_timer_never_fires_early(void **state)
{
	struct bench *bench = *state;
	struct probe a = {.bench = bench, .letter = 'a'};

	/* Half a millisecond past, and the wheel has not been run for a while. */
	clock_virtual_advance(&bench->clock, 7500);
	start_probe(&a, 10, note);
	clock_virtual_advance(&bench->clock, 9999);
	assert_int_equal(timers_run(bench->timers), 0);
	assert_int_equal(advance_ms(bench, 1), 1);
}

static void next_is_a_bound_that_leads_to_the_expiry(void **state)
{
	struct bench *bench = *state;
	struct probe a = {.bench = bench, .letter = 'a'};
	unsigned turns = 0;
	uint64_t waited = 0;

	assert_int_equal(timers_next_ms(bench->timers), -1);
	start_probe(&a, 40 * DAY_MS, note);
	while (timer_running(&a.timer)) {
		int64_t next = timers_next_ms(bench->timers);

		assert_true(next > 0);
		advance_ms(bench, (uint64_t)next);
		waited += (uint64_t)next;
		turns++;
	}
	assert_int_equal(waited, 40 * DAY_MS);
	assert_in_range(turns, 1, 11);
	start_probe(&a, 5, note);
	clock_virtual_advance(&bench->clock, 6000);
	assert_int_equal(timers_next_ms(bench->timers), 0);
	timer_stop(&a.timer);
}

static void a_stopped_timer_does_not_fire(void **state)
{
	struct bench *bench = *state;
	struct probe a = {.bench = bench, .letter = 'a'};
	struct probe b = {.bench = bench, .letter = 'b'};

	timer_stop(&a.timer);
	start_probe(&a, 10, note);
	start_probe(&b, 10, note);
	assert_true(timer_running(&a.timer));
	timer_stop(&a.timer);
	timer_stop(&a.timer);
	assert_false(timer_running(&a.timer));
	assert_int_equal(advance_ms(bench, 100), 1);
	assert_string_equal(bench->fired, "b");
}

static void a_restart_replaces_the_expiry(void **state)
{
	struct bench *bench = *state;
	struct probe a = {.bench = bench, .letter = 'a'};

	start_probe(&a, 10, note);
	start_probe(&a, 1000, note);
	assert_int_equal(advance_ms(bench, 999), 0);
	assert_int_equal(advance_ms(bench, 1), 1);
	assert_int_equal(advance_ms(bench, 5000), 0);
}

static void restart_self(void *arg)
{
	struct probe *probe = arg;

	note(probe);
	start_probe(probe, probe->delay_ms, restart_self);
}

static void a_handler_may_restart_its_timer(void **state)
{
	struct bench *bench = *state;
	struct probe a = {.bench = bench, .letter = 'a', .delay_ms = 10};

	start_probe(&a, 10, restart_self);
	for (int i = 0; i < 5; i++)
		assert_int_equal(advance_ms(bench, 10), 1);
	assert_string_equal(bench->fired, "aaaaa");
	assert_true(timer_running(&a.timer));
	timer_stop(&a.timer);
}

static void no_delay_in_a_handler_waits_for_the_next_run(void **state)
{
	struct bench *bench = *state;
	struct probe a = {.bench = bench, .letter = 'a'};

	start_probe(&a, 0, restart_self);
	assert_int_equal(timers_run(bench->timers), 1);
	assert_int_equal(timers_run(bench->timers), 0);
	assert_int_equal(advance_ms(bench, 1), 1);
	timer_stop(&a.timer);
}

static void start_other(void *arg)
{
	struct probe *probe = arg;

	note(probe);
	start_probe(probe->other, 0, probe->other->other ? start_other : note);
}

/* What is to come behind a handler comes in its turn, whether the handler was one of a descriptor, of a
 * timer, or a task behind the timers: then the loop does not wait. */
static void no_delay_is_this_turn_still(void **state)
{
	struct bench *bench = *state;
	struct probe a = {.bench = bench, .letter = 'a'};
	struct probe b = {.bench = bench, .letter = 'b'};

	clock_virtual_advance(&bench->clock, 300);
	a.other = &b;
	timers_begin_turn(bench->timers);
	start_probe(&a, 0, start_other);
	assert_int_equal(timers_fire(bench->timers), 2);
	assert_string_equal(bench->fired, "ab");
	start_probe(&a, 0, start_other);
	timers_end_turn(bench->timers);
	assert_int_equal(timers_next_ms(bench->timers), 1);
	timer_stop(&a.timer);
	assert_int_equal(timers_next_ms(bench->timers), -1);
	clock_virtual_advance(&bench->clock, 1000);
	timers_begin_turn(bench->timers);
	timers_fire(bench->timers);
	start_probe(&a, 0, note);
	timers_end_turn(bench->timers);
	assert_int_equal(timers_next_ms(bench->timers), 0);
	assert_int_equal(timers_run(bench->timers), 1);
	assert_string_equal(bench->fired, "aba");
}

/* Two that start each other for ever: each fires once in a turn. */
static void no_delay_ends_a_turn_all_the_same(void **state)
{
	struct bench *bench = *state;
	struct probe a = {.bench = bench, .letter = 'a'};
	struct probe b = {.bench = bench, .letter = 'b', .other = &a};

	a.other = &b;
	start_probe(&a, 0, start_other);
	assert_int_equal(timers_run(bench->timers), 2);
	assert_int_equal(advance_ms(bench, 1), 2);
	assert_string_equal(bench->fired, "abab");
	timer_stop(&a.timer);
	timer_stop(&b.timer);
}

/* The wheel hangs a timer lower several times before it is due: nobody is woken for that. */
static void few_timers_are_waited_for_to_the_end(void **state)
{
	struct bench *bench = *state;
	struct probe near = {.bench = bench, .letter = 'n'};
	struct probe far = {.bench = bench, .letter = 'f'};

	start_probe(&far, 300000, note);
	assert_int_equal(timers_next_ms(bench->timers), 300000);
	start_probe(&near, 299999, note);
	assert_int_equal(timers_next_ms(bench->timers), 299999);
	assert_int_equal(advance_ms(bench, 299999), 1);
	assert_int_equal(timers_next_ms(bench->timers), 1);
	assert_int_equal(advance_ms(bench, 1), 1);
	assert_string_equal(bench->fired, "nf");
}

static void stop_other(void *arg)
{
	struct probe *probe = arg;

	note(probe);
	timer_stop(&probe->other->timer);
}

static void a_handler_may_stop_a_timer_of_the_same_moment(void **state)
{
	struct bench *bench = *state;
	struct probe b = {.bench = bench, .letter = 'b'};
	struct probe a = {.bench = bench, .letter = 'a', .other = &b};
	struct probe c = {.bench = bench, .letter = 'c'};

	start_probe(&a, 10, stop_other);
	start_probe(&b, 10, note);
	start_probe(&c, 10, note);
	assert_int_equal(advance_ms(bench, 10), 2);
	assert_string_equal(bench->fired, "ac");
}

static void free_self(void *arg)
{
	struct probe *probe = arg;

	note(probe);
	free(probe);
}

static void a_handler_may_free_its_timer(void **state)
{
	struct bench *bench = *state;
	struct probe *a = calloc(1, sizeof(*a));

	assert_non_null(a);
	*a = (struct probe){.bench = bench, .letter = 'a'};
	start_probe(a, 10, free_self);
	assert_int_equal(advance_ms(bench, 10), 1);
}

static void now_stands_still_during_a_turn_and_runs_between(void **state)
{
	struct bench *bench = *state;
	const uint64_t began_ms = timers_now_ms(bench->timers);

	clock_virtual_advance(&bench->clock, 1000);
	assert_int_equal(timers_now_ms(bench->timers), began_ms + 1);
	assert_int_equal(timers_begin_turn(bench->timers), (began_ms + 1) * 1000);
	clock_virtual_advance(&bench->clock, 5000);
	assert_int_equal(timers_now_ms(bench->timers), began_ms + 1);
	timers_fire(bench->timers);
	assert_int_equal(timers_now_ms(bench->timers), began_ms + 1);
	timers_end_turn(bench->timers);
	assert_int_equal(timers_now_ms(bench->timers), began_ms + 6);
}

static void an_endless_delay_is_far_away(void **state)
{
	struct bench *bench = *state;
	struct probe a = {.bench = bench, .letter = 'a'};

	start_probe(&a, UINT64_MAX, note);
	assert_true(timers_next_ms(bench->timers) > 0);
	assert_int_equal(advance_ms(bench, 100000 * DAY_MS), 0);
	assert_true(timer_running(&a.timer));
	timer_stop(&a.timer);
}

static void freeing_the_wheel_forgets_its_timers(void **state)
{
	struct bench *bench = *state;
	struct probe a = {.bench = bench, .letter = 'a'};

	start_probe(&a, 10, note);
	timers_free(bench->timers);
	bench->timers = NULL;
	assert_false(timer_running(&a.timer));
	timer_stop(&a.timer);
	assert_int_equal(bench->fired_len, 0);
}

/* The model: an array of expiries, searched from end to end. */
enum { MODEL_TIMERS = 200, MODEL_STEPS = 20000 };

struct model {
	struct clock_virtual clock;
	struct timers *timers;
	struct timer timer[MODEL_TIMERS];
	uint64_t expiry_ms[MODEL_TIMERS]; /* 0: not running */
	uint64_t last_ms;                 /* expiry of what fired last */
	unsigned rand_state;
};

static unsigned draw(struct model *model, unsigned below)
{
	return (unsigned)rand_r(&model->rand_state) % below;
}

/* Of every size up to 40 days, the small ones as likely as the large. */
static uint64_t draw_delay(struct model *model)
{
	uint64_t range = UINT64_C(1) << draw(model, 33);
	uint64_t delay = (uint64_t)draw(model, 1 << 20) * range >> 20;

	return delay < 40 * DAY_MS ? delay : 40 * DAY_MS;
}

static struct model *fired_model; /* the handler gets the timer alone */

static void model_start(struct model *model, size_t i);

static void model_fired(void *arg)
{
	struct model *model = fired_model;
	struct timer *timer = arg;
	size_t i = (size_t)(timer - model->timer);

	const uint64_t expiry_ms = model->expiry_ms[i];

	assert_true(expiry_ms != 0 && expiry_ms >= model->last_ms);
	assert_true(expiry_ms <= model->clock.mono_us / 1000);
	for (size_t j = 0; j < MODEL_TIMERS; j++)
		assert_true(model->expiry_ms[j] == 0 || model->expiry_ms[j] >= expiry_ms);
	model->last_ms = expiry_ms;
	model->expiry_ms[i] = 0;
	if (draw(model, 3) == 0)
		model_start(model, draw(model, MODEL_TIMERS));
	if (draw(model, 3) == 0) {
		size_t victim = draw(model, MODEL_TIMERS);

		timer_stop(&model->timer[victim]);
		model->expiry_ms[victim] = 0;
	}
}

static void model_start(struct model *model, size_t i)
{
	uint64_t delay_ms = draw_delay(model);

	timer_start(
		model->timers, &model->timer[i], delay_ms, model_fired, &model->timer[i]);
	/* Later than asked by a millisecond at most, and never earlier; without a delay at once. */
	assert_true(model->timer[i].expiry_ms * 1000 + (delay_ms == 0 ? 999 : 0) >=
		    model->clock.mono_us + delay_ms * 1000);
	assert_true(
		model->timer[i].expiry_ms <= model->clock.mono_us / 1000 + delay_ms + 1);
	model->expiry_ms[i] = model->timer[i].expiry_ms;
}

static uint64_t model_earliest(const struct model *model)
{
	uint64_t earliest = UINT64_MAX;

	for (size_t i = 0; i < MODEL_TIMERS; i++) {
		if (model->expiry_ms[i] != 0 && model->expiry_ms[i] < earliest)
			earliest = model->expiry_ms[i];
	}
	return earliest;
}

static void model_step(struct model *model)
{
	int64_t next_ms;
	uint64_t earliest;

	switch (draw(model, 4)) {
	case 0:
	case 1:
		model_start(model, draw(model, MODEL_TIMERS));
		break;
	case 2:
		clock_virtual_advance(
			&model->clock, draw_delay(model) * 1000 / 16 + draw(model, 1000));
		break;
	default:
		next_ms = timers_next_ms(model->timers);
		if (next_ms > 0)
			clock_virtual_advance(&model->clock, (uint64_t)next_ms * 1000);
	}
	model->last_ms = 0;
	timers_run(model->timers);
	earliest = model_earliest(model);
	next_ms = timers_next_ms(model->timers);
	if (earliest == UINT64_MAX) {
		assert_int_equal(next_ms, -1);
		return;
	}
	/* All that is due has fired; the bound is no later than the truth, and a loop that
	 * sleeps by it does not spin. */
	assert_true(earliest > model->clock.mono_us / 1000);
	assert_true(next_ms > 0);
	assert_true(model->clock.mono_us / 1000 + (uint64_t)next_ms <= earliest);
}

static void a_random_run_agrees_with_the_naive_model(void **state)
{
	const char *given = getenv("TEST_SEED");
	unsigned seed = given ? (unsigned)strtoul(given, NULL, 10) : (unsigned)time(NULL);
	struct model *model = calloc(1, sizeof(*model));

	(void)state;
	assert_non_null(model);
	print_message("TEST_SEED=%u\n", seed);
	model->rand_state = seed;
	fired_model = model;
	clock_virtual_init(&model->clock, 0);
	clock_virtual_advance(&model->clock, draw_delay(model) * 1000 + 1000);
	assert_int_equal(timers_new(&model->timers, &model->clock.clock), 0);
	for (unsigned i = 0; i < MODEL_STEPS; i++)
		model_step(model);
	timers_free(model->timers);
	free(model);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			timers_fire_in_order_of_expiry, start, finish),
		cmocka_unit_test_setup_teardown(
			equal_expiries_fire_in_order_of_starting, start, finish),
		cmocka_unit_test_setup_teardown(a_timer_never_fires_early, start, finish),
		cmocka_unit_test_setup_teardown(
			next_is_a_bound_that_leads_to_the_expiry, start, finish),
		cmocka_unit_test_setup_teardown(
			a_stopped_timer_does_not_fire, start, finish),
		cmocka_unit_test_setup_teardown(
			a_restart_replaces_the_expiry, start, finish),
		cmocka_unit_test_setup_teardown(
			a_handler_may_restart_its_timer, start, finish),
		cmocka_unit_test_setup_teardown(
			no_delay_in_a_handler_waits_for_the_next_run, start, finish),
		cmocka_unit_test_setup_teardown(
			no_delay_is_this_turn_still, start, finish),
		cmocka_unit_test_setup_teardown(
			no_delay_ends_a_turn_all_the_same, start, finish),
		cmocka_unit_test_setup_teardown(
			few_timers_are_waited_for_to_the_end, start, finish),
		cmocka_unit_test_setup_teardown(
			a_handler_may_stop_a_timer_of_the_same_moment, start, finish),
		cmocka_unit_test_setup_teardown(
			a_handler_may_free_its_timer, start, finish),
		cmocka_unit_test_setup_teardown(
			now_stands_still_during_a_turn_and_runs_between, start, finish),
		cmocka_unit_test_setup_teardown(
			an_endless_delay_is_far_away, start, finish),
		cmocka_unit_test_setup_teardown(
			freeing_the_wheel_forgets_its_timers, start, finish),
		cmocka_unit_test(a_random_run_agrees_with_the_naive_model),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
