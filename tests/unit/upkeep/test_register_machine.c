/* The table of a binding's life: its edges, and what holds for any events. */
#include "../unit.h"

#include "upkeep/register_machine.h"

#include <stdlib.h>

static void expect_step(enum register_state from, enum register_event event,
	enum register_action action, enum register_state to)
{
	enum register_state next;

	assert_int_equal(register_step(from, event, &next), action);
	assert_int_equal(next, to);
}

static void a_binding_is_asked_for_made_and_refreshed(void **state)
{
	(void)state;
	expect_step(REGISTER_IDLE, REGISTER_START, REGISTER_SPREAD, REGISTER_WAITING);
	expect_step(REGISTER_WAITING, REGISTER_DUE, REGISTER_ASK, REGISTER_ASKING);
	expect_step(REGISTER_ASKING, REGISTER_ACCEPTED, REGISTER_BIND, REGISTER_BOUND);
	expect_step(REGISTER_BOUND, REGISTER_DUE, REGISTER_ASK, REGISTER_REFRESHING);
	expect_step(
		REGISTER_REFRESHING, REGISTER_ACCEPTED, REGISTER_BIND, REGISTER_BOUND);
}

static void a_failed_refresh_keeps_the_binding_and_a_refused_one_ends_it(void **state)
{
	(void)state;
	expect_step(
		REGISTER_REFRESHING, REGISTER_FAILED, REGISTER_PAUSE, REGISTER_OVERDUE);
	expect_step(
		REGISTER_REFRESHING, REGISTER_REFUSED, REGISTER_UNBIND, REGISTER_WAITING);
	expect_step(REGISTER_OVERDUE, REGISTER_EXPIRED, REGISTER_LAPSE, REGISTER_WAITING);
	expect_step(
		REGISTER_REFRESHING, REGISTER_EXPIRED, REGISTER_LAPSE, REGISTER_ASKING);
}

static void a_lost_connection_is_registered_again_at_once(void **state)
{
	(void)state;
	expect_step(REGISTER_BOUND, REGISTER_LOST, REGISTER_HURRY, REGISTER_OVERDUE);
	expect_step(REGISTER_BOUND, REGISTER_FLOW_LOST, REGISTER_LOSE_HURRY,
		REGISTER_WAITING);
}

static void whoever_is_not_wanted_leaves_only_what_he_has(void **state)
{
	(void)state;
	expect_step(REGISTER_WAITING, REGISTER_STOP, REGISTER_END, REGISTER_IDLE);
	expect_step(REGISTER_BOUND, REGISTER_STOP, REGISTER_LEAVE, REGISTER_LEAVING);
	expect_step(REGISTER_LEAVING, REGISTER_ACCEPTED, REGISTER_END, REGISTER_IDLE);
	expect_step(REGISTER_LEAVING, REGISTER_FAILED, REGISTER_END, REGISTER_IDLE);
	expect_step(REGISTER_LEAVING, REGISTER_REFUSED, REGISTER_END, REGISTER_IDLE);
	/* wanted again meanwhile */
	expect_step(
		REGISTER_LEAVING, REGISTER_START, REGISTER_LOSE_HURRY, REGISTER_WAITING);
}

/* In which states there is a binding, and in which a request for one is on its way. */
static const bool bound_in[REGISTER_STATES] = {
	[REGISTER_BOUND] = true, [REGISTER_REFRESHING] = true, [REGISTER_OVERDUE] = true};
static const bool asking_in[REGISTER_STATES] = {
	[REGISTER_ASKING] = true, [REGISTER_REFRESHING] = true};

/* What the driver of a table has: a time that it waits for, a request on its way, a binding. */
struct driver {
	bool waits, asks, bound;
};

/* As register_client.c carries the actions out. */
static void carry_out(struct driver *driver, enum register_action action)
{
	switch (action) {
	case REGISTER_NOTHING:
		break;
	case REGISTER_SPREAD:
	case REGISTER_PAUSE:
	case REGISTER_HURRY:
	case REGISTER_LEAVE:
		driver->asks = false;
		driver->waits = true;
		break;
	case REGISTER_ASK:
	case REGISTER_ASK_AGAIN:
	case REGISTER_ASK_NEXT:
	case REGISTER_ASK_ANEW:
		driver->waits = false;
		driver->asks = true;
		break;
	case REGISTER_BIND:
		*driver = (struct driver){.waits = true, .bound = true};
		break;
	case REGISTER_UNBIND:
	case REGISTER_LOSE_HURRY:
		*driver = (struct driver){.waits = true};
		break;
	case REGISTER_LAPSE:
		driver->bound = false;
		break;
	case REGISTER_END:
	case REGISTER_ACTIONS:
		*driver = (struct driver){.waits = false};
		break;
	}
}

/* Events that can come: no answer without a request, no time without a wait, no loss without a binding. */
static bool is_possible(const struct driver *driver, enum register_event event)
{
	switch (event) {
	case REGISTER_DUE:
		return driver->waits;
	case REGISTER_ACCEPTED:
	case REGISTER_AGAIN:
	case REGISTER_ELSEWHERE:
	case REGISTER_FAILED:
	case REGISTER_REFUSED:
		return driver->asks;
	case REGISTER_LOST:
	case REGISTER_FLOW_LOST:
	case REGISTER_EXPIRED:
		return driver->bound;
	default:
		return true;
	}
}

static void it_never_gives_up(void **arg)
{
	struct driver driver = {.waits = false};
	enum register_state state = REGISTER_IDLE;
	unsigned seed = 20261130, seen[REGISTER_STATES] = {0};

	(void)arg;
	for (unsigned step = 0; step < 200000; step++) {
		enum register_event event =
			(enum register_event)((unsigned)rand_r(&seed) % REGISTER_EVENTS);

		if (!is_possible(&driver, event))
			continue;
		carry_out(&driver, register_step(state, event, &state));
		seen[state]++;
		/* something is under way, or has its time: and not both */
		assert_int_equal(state != REGISTER_IDLE, driver.waits || driver.asks);
		assert_false(driver.waits && driver.asks);
		if (state != REGISTER_LEAVING)
			assert_int_equal(driver.bound, bound_in[state]);
		assert_int_equal(
			driver.asks && state != REGISTER_LEAVING, asking_in[state]);
	}
	for (unsigned i = 0; i < REGISTER_STATES; i++)
		assert_true(seen[i] > 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_binding_is_asked_for_made_and_refreshed),
		cmocka_unit_test(
			a_failed_refresh_keeps_the_binding_and_a_refused_one_ends_it),
		cmocka_unit_test(a_lost_connection_is_registered_again_at_once),
		cmocka_unit_test(whoever_is_not_wanted_leaves_only_what_he_has),
		cmocka_unit_test(it_never_gives_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
