/* Which final status crosses as which. */
#include "../unit.h"

#include "trunk/cause.h"

static void maps_each_status_to_a_final_one(void **state)
{
	(void)state;
	for (int status = 300; status < 700; status++) {
		int mapped = cause_map(status);

		assert_in_range(mapped, 400, 699);
		/* what was mapped once stands: no status changes on a second hop of ours */
		assert_int_equal(cause_map(mapped), mapped);
	}
}

static void passes_what_is_said_of_the_callee(void **state)
{
	static const int statuses[] = {403, 404, 408, 410, 480, 484, 486, 487, 488, 500,
		501, 504, 600, 603, 604, 606, 607};

	(void)state;
	for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++)
		assert_int_equal(cause_map(statuses[i]), statuses[i]);
}

static void keeps_what_is_between_neighbours(void **state)
{
	static const int rows[][2] = {{300, 480}, {302, 480}, {401, 403}, {407, 403},
		{400, 500}, {405, 500}, {414, 500}, {420, 500}, {421, 500}, {422, 500},
		{481, 500}, {482, 500}, {483, 500}, {491, 500}, {494, 500}, {503, 500},
		{505, 500}, {513, 500}};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(cause_map(rows[i][0]), rows[i][1]);
}

/* Where nobody is left: errors say that another way may do, refusals what they said. */
static void the_last_error_is_one_that_callers_go_on_after(void **state)
{
	(void)state;
	for (int status = 300; status < 700; status++) {
		int expected = cause_map(status);

		if (status >= 500 && status < 600)
			expected = status == 504 ? 504 : 503;
		assert_int_equal(cause_exhausted(status), expected);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(maps_each_status_to_a_final_one),
		cmocka_unit_test(passes_what_is_said_of_the_callee),
		cmocka_unit_test(keeps_what_is_between_neighbours),
		cmocka_unit_test(the_last_error_is_one_that_callers_go_on_after),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
