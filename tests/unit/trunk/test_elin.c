/* Which caller has which number of his location. */
#include "../unit.h"

#include "trunk/elin.h"

#include <stdio.h>

#define KEEP 100

static const struct span two[] = {{"+4911", 5}, {"+4912", 5}};

static struct elin_caller caller(const char *number)
{
	return (struct elin_caller){
		.kind = TRUNK_SERVER, .trunk = "pbx", .number = span_of(number)};
}

static void assert_taken(struct elins *elins, const char *number, uint64_t now_us,
	const char *expected, enum elin_taken how)
{
	const struct elin_caller who = caller(number);
	const struct elin *elin;
	enum elin_taken taken;

	assert_int_equal(elins_take(elins, two, 2, &who, now_us, KEEP, &elin, &taken), 0);
	assert_string_equal(elin->number, expected);
	assert_string_equal(elin->caller, number);
	assert_int_equal(taken, how);
}

static void each_caller_has_one_of_his_own(void **state)
{
	struct elins *elins;

	(void)state;
	assert_int_equal(elins_new(&elins), 0);
	assert_taken(elins, "100", 1, "+4911", ELIN_FREE);
	assert_taken(elins, "101", 2, "+4912", ELIN_FREE);
	assert_taken(elins, "101", 3, "+4912", ELIN_OWN);
	assert_taken(elins, "100", 4, "+4911", ELIN_OWN);
	assert_string_equal(elins_find(elins, span_of("+4912"), 5, KEEP)->caller, "101");
	assert_null(elins_find(elins, span_of("+4913"), 5, KEEP));
	elins_free(elins);
}

static void the_oldest_gives_way_and_one_without_a_call_first(void **state)
{
	struct elins *elins;

	(void)state;
	assert_int_equal(elins_new(&elins), 0);
	assert_taken(elins, "100", 1, "+4911", ELIN_FREE);
	assert_taken(elins, "101", 2, "+4912", ELIN_FREE);
	/* both have calls: the older one */
	assert_taken(elins, "102", 3, "+4911", ELIN_REUSED);
	/* +4911 has a call, +4912 none any more, though it was used later */
	elins_leave(elins, "+4912", 4);
	assert_taken(elins, "103", 5, "+4912", ELIN_REUSED);
	assert_string_equal(elins_find(elins, span_of("+4911"), 6, KEEP)->caller, "102");
	elins_free(elins);
}

static void it_is_kept_for_a_time_after_the_call(void **state)
{
	struct elins *elins;

	(void)state;
	assert_int_equal(elins_new(&elins), 0);
	assert_taken(elins, "100", 1, "+4911", ELIN_FREE);
	assert_non_null(elins_find(elins, span_of("+4911"), 1000, KEEP));
	elins_leave(elins, "+4911", 1000);
	assert_non_null(elins_find(elins, span_of("+4911"), 1099, KEEP));
	assert_non_null(elins_at(elins, 0, 1099, KEEP));
	assert_null(elins_at(elins, 1, 1099, KEEP));
	assert_null(elins_find(elins, span_of("+4911"), 1100, KEEP));
	assert_null(elins_at(elins, 0, 1100, KEEP));
	/* somebody else's then, first of all */
	assert_taken(elins, "101", 1100, "+4911", ELIN_FREE);
	assert_string_equal(
		elins_find(elins, span_of("+4911"), 1101, KEEP)->caller, "101");
	elins_free(elins);
}

static void the_table_does_not_grow(void **state)
{
	struct elins *elins;
	char text[ELIN_SIZE];
	const struct elin_caller who = caller("100");
	const struct elin *elin;
	enum elin_taken taken;

	(void)state;
	assert_int_equal(elins_new(&elins), 0);
	for (unsigned i = 0; i < ELINS_MAX + 2; i++) {
		struct span number;

		snprintf(text, sizeof(text), "+49%u", 1000 + i);
		number = span_of(text);
		assert_int_equal(
			elins_take(elins, &number, 1, &who, i, KEEP, &elin, &taken), 0);
		elins_leave(elins, text, i);
	}
	assert_null(elins_find(elins, span_of("+491000"), ELINS_MAX, 10 * ELINS_MAX));
	assert_null(elins_find(elins, span_of("+491001"), ELINS_MAX, 10 * ELINS_MAX));
	assert_non_null(elins_find(elins, span_of("+491002"), ELINS_MAX, 10 * ELINS_MAX));
	elins_free(elins);
}

static void what_does_not_fit_is_refused(void **state)
{
	static const char digits[] = "0123456789012345678901234567890123456789";
	const struct span number = span_of(digits);
	struct elins *elins;
	struct elin_caller who = caller("100");
	const struct elin *elin;
	enum elin_taken taken;

	(void)state;
	assert_int_equal(elins_new(&elins), 0);
	assert_int_equal(
		elins_take(elins, &number, 1, &who, 1, KEEP, &elin, &taken), ERR_LIMIT);
	assert_int_equal(
		elins_take(elins, two, 0, &who, 1, KEEP, &elin, &taken), ERR_LIMIT);
	who = caller(digits);
	assert_int_equal(
		elins_take(elins, two, 2, &who, 1, KEEP, &elin, &taken), ERR_LIMIT);
	assert_null(elins_at(elins, 0, 1, KEEP));
	elins_free(elins);
}

static void assert_called(const char *elin, const char *number, bool expected)
{
	const struct span one = span_of(elin);
	const struct elin_caller who = caller("100");
	const struct elin *found;
	enum elin_taken taken;
	struct elins *elins;

	assert_int_equal(elins_new(&elins), 0);
	assert_int_equal(elins_take(elins, &one, 1, &who, 1, KEEP, &found, &taken), 0);
	found = elins_called(elins, span_of(number), 2, KEEP);
	assert_int_equal(found != NULL, expected);
	elins_free(elins);
}

static void a_call_back_may_write_the_number_otherwise(void **state)
{
	(void)state;
	assert_called("+493091100", "+493091100", true);
	assert_called("+493091100", "493091100", true);
	assert_called("+493091100", "00493091100", true);
	assert_called("+493091100", "03091100", true);
	assert_called("+493091100", "3091100", true);
	assert_called("+493091100", "+49 (30) 911-00", true);
	assert_called("+493091100", "91100", false);
	assert_called("+493091100", "+493091101", false);
	assert_called("+493091100", "+443091100", false);
	assert_called("91100", "91100", true);
	assert_called("91100", "191100", false);
	assert_called("911", "0", false);
	assert_called("911", "", false);
	assert_called("000", "0000", false);
}

static void the_longest_beginning_counts(void **state)
{
	static char rows[][24] = {
		"+49:+491", "+4930:+4911", "+4930:+4912", "+49301:+4913", "5:+4914"};
	static char *words[] = {rows[0], rows[1], rows[2], rows[3], rows[4]};
	struct config config = {.refs = 1};
	struct span numbers[ELIN_CHOICE];

	(void)state;
	config.emergency.elin = (struct config_words){.words = words, .count = 5};
	assert_int_equal(elins_configured(&config, span_of("+49309"), numbers), 2);
	assert_true(span_equal_str(numbers[0], "+4911"));
	assert_true(span_equal_str(numbers[1], "+4912"));
	assert_int_equal(elins_configured(&config, span_of("+49301"), numbers), 1);
	assert_true(span_equal_str(numbers[0], "+4913"));
	assert_int_equal(elins_configured(&config, span_of("+4940"), numbers), 1);
	assert_true(span_equal_str(numbers[0], "+491"));
	assert_int_equal(elins_configured(&config, span_of("+43"), numbers), 0);
	assert_int_equal(elins_configured(&config, span_of(""), numbers), 0);
}

static void it_outlives_the_process(void **state)
{
	struct elins *before, *after;
	struct saved saved, read;
	struct buf text;

	(void)state;
	assert_int_equal(elins_new(&before), 0);
	assert_int_equal(elins_new(&after), 0);
	assert_taken(before, "100", 1000, "+4911", ELIN_FREE);
	assert_taken(before, "101", 1040, "+4912", ELIN_FREE);
	assert_int_equal(saved_new(&saved, 1050, NULL), 0);
	assert_int_equal(elins_save(before, saved), 0);
	buf_init(&text, 0);
	assert_int_equal(saved_print(saved, &text), 0);
	assert_int_equal(saved_parse(&read, buf_span(&text), 5050, NULL, NULL), 0);
	elins_load(after, read);
	/* the first has a call that goes on, the second none */
	elins_resume(after, "+4911");
	assert_string_equal(
		elins_find(after, span_of("+4911"), 9000, KEEP)->caller, "100");
	assert_non_null(elins_find(after, span_of("+4912"), 5139, KEEP));
	assert_null(elins_find(after, span_of("+4912"), 5140, KEEP));
	buf_free(&text);
	saved_free(&saved);
	saved_free(&read);
	elins_free(before);
	elins_free(after);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_caller_has_one_of_his_own),
		cmocka_unit_test(the_oldest_gives_way_and_one_without_a_call_first),
		cmocka_unit_test(it_is_kept_for_a_time_after_the_call),
		cmocka_unit_test(the_table_does_not_grow),
		cmocka_unit_test(what_does_not_fit_is_refused),
		cmocka_unit_test(a_call_back_may_write_the_number_otherwise),
		cmocka_unit_test(the_longest_beginning_counts),
		cmocka_unit_test(it_outlives_the_process),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
