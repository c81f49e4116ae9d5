/* A configuration on trial, by a clock of our own. */
#include "../unit.h"

#include "admin/trial.h"
#include "base/log.h"
#include "config/config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define MINUTE_MS 60000
#define NOW_US UINT64_C(1800000000000000)

static struct clock_virtual clock_now;
static struct timers *timers;
static struct trial trial;
static struct config *first, *second, *third;
static struct config *in_force; /* as the server would have it */
static bool return_fails;
static unsigned returns;
static char log_text_all[4096];

/* What the server does to take a snapshot back. */
static int return_h(void *arg, struct config *before, struct err_text *text)
{
	(void)arg;
	returns++;
	if (return_fails)
		return err_set(text, -ENOENT, "a certificate is gone");
	in_force = before;
	return 0;
}

static void sink_h(void *arg, enum log_level level, const char *line)
{
	(void)arg;
	(void)level;
	strncat(log_text_all, line, sizeof(log_text_all) - strlen(log_text_all) - 2);
	strcat(log_text_all, "\n");
}

static struct config *snapshot(void)
{
	struct config *config = calloc(1, sizeof(*config));

	config->refs = 1;
	return config;
}

static int setup(void **state)
{
	(void)state;
	clock_virtual_init(&clock_now, NOW_US);
	if (timers_new(&timers, &clock_now.clock))
		return -1;
	first = snapshot();
	second = snapshot();
	third = snapshot();
	in_force = first;
	return_fails = false;
	returns = 0;
	log_text_all[0] = '\0';
	log_set_sink(sink_h, NULL);
	trial_init(&trial, timers, return_h, NULL);
	trial_taken(&trial, NULL, 0);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	trial_free(&trial);
	timers_free(timers);
	/* nobody else holds them */
	assert_int_equal(first->refs, 1);
	assert_int_equal(second->refs, 1);
	assert_int_equal(third->refs, 1);
	config_unref(first);
	config_unref(second);
	config_unref(third);
	log_set_sink(NULL, NULL);
	return 0;
}

static void take(struct config *config, uint64_t wait_ms)
{
	struct config *old = in_force;

	in_force = config;
	trial_taken(&trial, old, wait_ms);
}

static void pass_ms(uint64_t ms)
{
	clock_virtual_advance(&clock_now, ms * 1000);
	timers_run(timers);
}

static void without_a_confirmation_the_one_before_comes_back(void **state)
{
	(void)state;
	take(second, MINUTE_MS);
	assert_int_equal(trial.state, TRIAL_WAITING);
	assert_int_equal(trial.until, NOW_US / 1000000 + 60);
	pass_ms(MINUTE_MS - 1);
	assert_ptr_equal(in_force, second);
	pass_ms(2);
	assert_ptr_equal(in_force, first);
	assert_int_equal(trial.state, TRIAL_RETURNED);
	assert_int_equal(trial.returned_at, NOW_US / 1000000 + 60);
	assert_non_null(
		strstr(log_text_all, "event=on-trial until=2027-01-15T08:01:00Z"));
	assert_non_null(strstr(log_text_all, "event=returned"));
	assert_false(trial_confirm(&trial));
}

static void a_confirmation_keeps_it(void **state)
{
	(void)state;
	assert_false(trial_confirm(&trial));
	take(second, MINUTE_MS);
	assert_true(trial_confirm(&trial));
	assert_int_equal(trial.state, TRIAL_NONE);
	pass_ms(2 * MINUTE_MS);
	assert_ptr_equal(in_force, second);
	assert_int_equal(returns, 0);
	assert_non_null(strstr(log_text_all, "event=confirmed"));
}

static void a_reload_meanwhile_is_on_trial_too(void **state)
{
	(void)state;
	take(second, MINUTE_MS);
	pass_ms(MINUTE_MS / 2);
	take(third, 0);
	assert_int_equal(trial.state, TRIAL_WAITING);
	assert_non_null(strstr(log_text_all, "event=unconfirmed"));
	pass_ms(MINUTE_MS / 2 + 1);
	/* not the second one, which nobody confirmed either */
	assert_ptr_equal(in_force, first);
}

static void a_further_trial_begins_the_time_anew(void **state)
{
	(void)state;
	take(second, MINUTE_MS);
	pass_ms(MINUTE_MS - 1);
	take(third, MINUTE_MS);
	pass_ms(MINUTE_MS - 1);
	assert_ptr_equal(in_force, third);
	pass_ms(2);
	assert_ptr_equal(in_force, first);
}

static void a_reload_after_a_return_is_for_good(void **state)
{
	(void)state;
	take(second, MINUTE_MS);
	pass_ms(MINUTE_MS + 1);
	take(third, 0);
	assert_int_equal(trial.state, TRIAL_NONE);
	assert_int_equal(trial.returned_at, 0);
	pass_ms(2 * MINUTE_MS);
	assert_ptr_equal(in_force, third);
}

static void a_return_that_fails_is_tried_again(void **state)
{
	(void)state;
	take(second, MINUTE_MS);
	return_fails = true;
	pass_ms(MINUTE_MS + 1);
	assert_ptr_equal(in_force, second);
	assert_int_equal(trial.state, TRIAL_WAITING);
	assert_true(trial.stuck);
	assert_non_null(
		strstr(log_text_all, "event=return-failed reason=\"a certificate"));
	pass_ms(TRIAL_RETRY_MS);
	assert_int_equal(returns, 2);
	return_fails = false;
	pass_ms(TRIAL_RETRY_MS);
	assert_ptr_equal(in_force, first);
	assert_false(trial.stuck);
}

static void the_end_of_the_server_is_said(void **state)
{
	(void)state;
	take(second, MINUTE_MS);
	trial_free(&trial);
	assert_non_null(strstr(log_text_all, "the server ends"));
	pass_ms(2 * MINUTE_MS);
	assert_int_equal(returns, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			without_a_confirmation_the_one_before_comes_back, setup,
			teardown),
		cmocka_unit_test_setup_teardown(a_confirmation_keeps_it, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_reload_meanwhile_is_on_trial_too, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_further_trial_begins_the_time_anew, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_reload_after_a_return_is_for_good, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_return_that_fails_is_tried_again, setup, teardown),
		cmocka_unit_test_setup_teardown(
			the_end_of_the_server_is_said, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
