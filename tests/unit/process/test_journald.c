#include "process/journald.h"

#include "../unit.h"

#include <string.h>

/* FIELD=VALUE, one after the other with a blank between, as EXPECTED. */
static void expect_fields(const char *line, const char *expected)
{
	struct journald_field fields[JOURNALD_FIELDS_MAX];
	size_t count = journald_fields(line, fields);
	char text[2048] = "";

	for (size_t i = 0; i < count; i++) {
		strcat(text, i ? " " : "");
		strcat(text, fields[i].name);
		strcat(text, "=");
		strncat(text, fields[i].value.p, fields[i].value.len);
	}
	assert_string_equal(text, expected);
}

static void words_that_are_known_become_fields(void **state)
{
	(void)state;
	expect_fields("info call event=ended call=17 trunk=carrier-a server=pbx1 "
		      "side=external status=486 rule=name-mismatch flow=9",
		"EVENT=ended CALL_ID=17 TRUNK=carrier-a SERVER=pbx1 SIDE=external "
		"SIP_CODE=486 RULE=name-mismatch FLOW=9");
}

static void others_do_not(void **state)
{
	(void)state;
	expect_fields("info server recall=1 trunks=2 x-trunk=3 call calls=4", "");
	expect_fields("", "");
	expect_fields("trunk", "");
	expect_fields("trunk=", "");
	expect_fields("trunk= call=1", "CALL_ID=1");
}

static void what_is_quoted_is_text(void **state)
{
	(void)state;
	expect_fields("warning tls reason=\"call=1 trunk=evil\" call=2", "CALL_ID=2");
	expect_fields("warning tls reason=\"a \\\" call=1 \\\\\" call=2", "CALL_ID=2");
	expect_fields("info x \"trunk=no\" trunk=yes", "TRUNK=yes");
}

static void a_quoted_value_loses_its_quotes(void **state)
{
	(void)state;
	expect_fields("info x trunk=\"a b\" call=3", "TRUNK=a b CALL_ID=3");
	expect_fields("info x trunk=\"a b", "TRUNK=a b");
	expect_fields("info x trunk=\"a\\", "TRUNK=a\\");
	expect_fields("info x trunk=\"\"", "");
}

static void a_word_may_come_twice(void **state)
{
	(void)state;
	expect_fields("info x call=1 call=2", "CALL_ID=1 CALL_ID=2");
}

static void there_are_so_many_and_no_more(void **state)
{
	struct journald_field fields[JOURNALD_FIELDS_MAX];
	char line[1024] = "info x";

	(void)state;
	for (int i = 0; i < JOURNALD_FIELDS_MAX + 10; i++)
		strcat(line, " call=1");
	assert_int_equal(journald_fields(line, fields), JOURNALD_FIELDS_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(words_that_are_known_become_fields),
		cmocka_unit_test(others_do_not),
		cmocka_unit_test(what_is_quoted_is_text),
		cmocka_unit_test(a_quoted_value_loses_its_quotes),
		cmocka_unit_test(a_word_may_come_twice),
		cmocka_unit_test(there_are_so_many_and_no_more),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
