/* Which final status crosses as which. */
#include "../unit.h"

#include "trunk/cause.h"

#include "config/words.h"

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

/* Those alone that the table would make one of ours. */
static void what_is_said_of_content_is_for_its_sender(void **state)
{
	(void)state;
	for (int status = 300; status < 700; status++)
		assert_int_equal(
			cause_is_of_content(status), status == 413 || status == 513);
	assert_int_equal(cause_map(415), 415);
	assert_int_equal(cause_map(469), 469);
	assert_int_equal(cause_map(489), 489);
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

/* The far end's own table first, then the usual one; what nobody is left after too. */
static void tables_of_a_far_end_count_first(void **state)
{
	static const struct {
		int status;
		unsigned cause;
		int mapped, exhausted, out;
	} rows[] = {
		{404, 0, 480, 480, 480},
		{486, 0, 486, 486, 486},
		{486, 34, 503, 503, 503},
		{500, 17, 486, 486, 486},
		{500, 0, 500, 503, 500},
		{503, 0, 603, 603, 603},
		{401, 0, 403, 403, 401},
		{302, 0, 480, 480, 302},
	};
	struct config_words codes = {0}, none = {0};
	struct span bad;

	(void)state;
	assert_int_equal(words_set(&codes, SCHEMA_CODES,
				 "404 -> 480, q850:34 -> 503, 500 q850:1-127 -> rfc3398, "
				 "503 -> 603",
				 &bad),
		0);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const int status = rows[i].status;

		assert_int_equal(
			cause_map_by(&codes, status, rows[i].cause), rows[i].mapped);
		assert_int_equal(cause_exhausted_by(&codes, status, rows[i].cause),
			rows[i].exhausted);
		assert_int_equal(cause_out(&codes, status, rows[i].cause), rows[i].out);
		assert_int_equal(
			cause_map_by(&none, status, rows[i].cause), cause_map(status));
		assert_int_equal(cause_exhausted_by(&none, status, rows[i].cause),
			cause_exhausted(status));
		assert_int_equal(cause_out(&none, status, rows[i].cause), status);
	}
	words_free(&codes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(maps_each_status_to_a_final_one),
		cmocka_unit_test(passes_what_is_said_of_the_callee),
		cmocka_unit_test(keeps_what_is_between_neighbours),
		cmocka_unit_test(what_is_said_of_content_is_for_its_sender),
		cmocka_unit_test(the_last_error_is_one_that_callers_go_on_after),
		cmocka_unit_test(tables_of_a_far_end_count_first),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
