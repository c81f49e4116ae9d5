/* So many at once, the others in line. */
#include "../unit.h"

#include "upkeep/gate.h"

#include <stdlib.h>

struct visitor {
	struct gate_user user;
	unsigned let_in;
};

static void let_in_h(void *arg)
{
	struct visitor *visitor = arg;

	visitor->let_in++;
}

static void enter(struct gate *gate, struct visitor *visitor)
{
	gate_enter(gate, &visitor->user, let_in_h, visitor);
}

static void who_finds_a_place_is_let_in_at_once(void **state)
{
	struct visitor a = {.let_in = 0}, b = {.let_in = 0};
	struct gate gate;

	(void)state;
	gate_init(&gate, 2);
	enter(&gate, &a);
	enter(&gate, &b);
	assert_int_equal(a.let_in, 1);
	assert_int_equal(b.let_in, 1);
	gate_leave(&a.user);
	gate_leave(&b.user);
	gate_free(&gate);
}

static void the_others_wait_in_their_order(void **state)
{
	struct visitor visitors[3] = {{.let_in = 0}};
	struct gate gate;

	(void)state;
	gate_init(&gate, 1);
	for (unsigned i = 0; i < 3; i++)
		enter(&gate, &visitors[i]);
	assert_int_equal(visitors[1].let_in, 0);
	gate_leave(&visitors[0].user);
	assert_int_equal(visitors[1].let_in, 1);
	assert_int_equal(visitors[2].let_in, 0);
	gate_leave(&visitors[1].user);
	assert_int_equal(visitors[2].let_in, 1);
	gate_leave(&visitors[2].user);
	gate_free(&gate);
}

static void who_waits_can_go(void **state)
{
	struct visitor visitors[3] = {{.let_in = 0}};
	struct gate gate;

	(void)state;
	gate_init(&gate, 1);
	for (unsigned i = 0; i < 3; i++)
		enter(&gate, &visitors[i]);
	gate_leave(&visitors[1].user);
	gate_leave(&visitors[0].user);
	assert_int_equal(visitors[1].let_in, 0);
	assert_int_equal(visitors[2].let_in, 1);
	gate_leave(&visitors[2].user);
	gate_leave(&visitors[2].user); /* twice does no harm */
	gate_free(&gate);
}

static void nobody_has_two_places(void **state)
{
	struct visitor a = {.let_in = 0}, b = {.let_in = 0};
	struct gate gate;

	(void)state;
	gate_init(&gate, 2);
	enter(&gate, &a);
	enter(&gate, &a);
	assert_int_equal(a.let_in, 1);
	enter(&gate, &b);
	assert_int_equal(b.let_in, 1);
	gate_leave(&a.user);
	gate_leave(&b.user);
	gate_free(&gate);
}

/* Whoever is let in may leave within the call. */
static void leave_h(void *arg)
{
	struct visitor *visitor = arg;

	visitor->let_in++;
	gate_leave(&visitor->user);
}

static void a_short_visit_makes_room_for_all(void **state)
{
	struct visitor first = {.let_in = 0}, visitors[50] = {{.let_in = 0}};
	struct gate gate;

	(void)state;
	gate_init(&gate, 1);
	enter(&gate, &first);
	for (unsigned i = 0; i < 50; i++)
		gate_enter(&gate, &visitors[i].user, leave_h, &visitors[i]);
	gate_leave(&first.user);
	for (unsigned i = 0; i < 50; i++)
		assert_int_equal(visitors[i].let_in, 1);
	gate_free(&gate);
}

/* Whatever comes and goes, there are never more inside than there are places, and nobody is forgotten. */
static void no_more_are_inside_than_there_are_places(void **state)
{
	struct visitor visitors[40] = {{.let_in = 0}};
	unsigned seed = 20261130;
	struct gate gate;

	(void)state;
	gate_init(&gate, 7);
	for (unsigned step = 0; step < 20000; step++) {
		struct visitor *visitor = &visitors[rand_r(&seed) % 40];
		unsigned inside = 0, waiting = 0;

		if (rand_r(&seed) % 2)
			enter(&gate, visitor);
		else
			gate_leave(&visitor->user);
		for (unsigned i = 0; i < 40; i++) {
			inside += visitors[i].user.gate && visitors[i].user.inside;
			waiting += visitors[i].user.gate && !visitors[i].user.inside;
		}
		assert_true(inside <= 7);
		assert_true(inside == 7 || waiting == 0);
	}
	for (unsigned i = 0; i < 40; i++)
		gate_leave(&visitors[i].user);
	gate_free(&gate);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_finds_a_place_is_let_in_at_once),
		cmocka_unit_test(the_others_wait_in_their_order),
		cmocka_unit_test(who_waits_can_go),
		cmocka_unit_test(nobody_has_two_places),
		cmocka_unit_test(a_short_visit_makes_room_for_all),
		cmocka_unit_test(no_more_are_inside_than_there_are_places),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
