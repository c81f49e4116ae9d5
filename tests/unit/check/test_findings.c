/* What is found, as people and programs read it. */
#include "../unit.h"

#include "check/findings.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct findings findings;

static int teardown(void **state)
{
	(void)state;
	findings_free(&findings);
	return 0;
}

static void add(
	enum finding_level level, const char *file, unsigned line, const char *what)
{
	findings_add(&findings, level, (struct place){file, line, 3}, "", "%s", what);
}

static const char *what_at(size_t index)
{
	assert_true(index < findings.count);
	return findings.list[index].what;
}

static void mistakes_come_first_then_by_place(void **state)
{
	(void)state;
	add(FINDING_NOTE, "a", 1, "note");
	add(FINDING_WARNING, "b", 1, "warning of b");
	add(FINDING_WARNING, "a", 9, "warning of a");
	add(FINDING_ERROR, "b", 10, "second");
	add(FINDING_ERROR, "b", 2, "first");
	add(FINDING_ERROR, "b", 10, "third");
	findings_sort(&findings);
	assert_string_equal(what_at(0), "first");
	assert_string_equal(what_at(1), "second");
	assert_string_equal(what_at(2), "third");
	assert_string_equal(what_at(3), "warning of a");
	assert_string_equal(what_at(4), "warning of b");
	assert_string_equal(what_at(5), "note");
}

static void mistakes_of_a_load_stay_in_order(void **state)
{
	struct config_errors errors;

	(void)state;
	config_errors_init(&errors);
	errors_add(&errors, (struct place){"t: error: x.conf", 27, 1}, "not closed");
	errors_add(
		&errors, (struct place){"t: error: x.conf", 1, 1}, "a: error: missing");
	buf_add_str(&errors.text, "further errors are not shown\n");
	findings_add_errors(&findings, &errors);
	config_errors_free(&errors);
	findings_sort(&findings);
	assert_int_equal(findings.counts[FINDING_ERROR], 3);
	assert_string_equal(what_at(2), "further errors are not shown");
	assert_int_equal(findings.list[2].line, 0);
}

static void a_line_of_a_load_is_taken_apart(void **state)
{
	struct config_errors errors;
	struct config_error error;
	struct span rest;

	(void)state;
	config_errors_init(&errors);
	errors_add(&errors, (struct place){"/etc/a:1.conf", 27, 14}, "x: error: y");
	rest = buf_span(&errors.text);
	assert_true(config_errors_next(&rest, &error));
	assert_true(span_equal_str(error.file, "/etc/a:1.conf"));
	assert_int_equal(error.line, 27);
	assert_int_equal(error.column, 14);
	assert_true(span_equal_str(error.message, "x: error: y"));
	assert_false(config_errors_next(&rest, &error));
	config_errors_free(&errors);
}

static void a_line_has_place_cause_and_remedy(void **state)
{
	static const struct place whole = {"t.conf", 0, 0};
	char *line;

	(void)state;
	findings_add(&findings, FINDING_ERROR, (struct place){"t.conf", 4, 7}, "close it",
		"port %d is open", 5);
	findings_add(&findings, FINDING_WARNING, whole, "", "two\nlines");
	line = finding_line(&findings.list[0]);
	assert_string_equal(line, "t.conf:4:7: error: port 5 is open; close it");
	free(line);
	line = finding_line(&findings.list[1]);
	assert_string_equal(line, "t.conf: warning: two?lines");
	free(line);
}

static void the_verdict_counts(void **state)
{
	char verdict[FINDINGS_VERDICT_SIZE];

	(void)state;
	assert_string_equal(findings_verdict(&findings, verdict),
		"no mistakes, no warnings: it would start");
	add(FINDING_NOTE, "a", 1, "note");
	add(FINDING_WARNING, "a", 1, "warning");
	assert_string_equal(findings_verdict(&findings, verdict),
		"no mistakes, 1 warning: it would start");
	add(FINDING_ERROR, "a", 1, "error");
	add(FINDING_ERROR, "a", 1, "error");
	assert_string_equal(findings_verdict(&findings, verdict),
		"2 mistakes, 1 warning: it would not start");
}

static void json_has_the_same_whatever_bytes_a_name_holds(void **state)
{
	json_t *array, *first;

	(void)state;
	findings_add(&findings, FINDING_WARNING, (struct place){"t.conf", 4, 7},
		"renew it", "CN=\xff expired");
	array = findings_json(&findings);
	assert_int_equal(json_array_size(array), 1);
	first = json_array_get(array, 0);
	assert_string_equal(
		json_string_value(json_object_get(first, "severity")), "warning");
	assert_string_equal(
		json_string_value(json_object_get(first, "remedy")), "renew it");
	assert_int_equal(json_integer_value(json_object_get(first, "line")), 4);
	assert_non_null(
		strstr(json_string_value(json_object_get(first, "what")), "expired"));
	json_decref(array);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(mistakes_come_first_then_by_place, teardown),
		cmocka_unit_test_teardown(mistakes_of_a_load_stay_in_order, teardown),
		cmocka_unit_test_teardown(a_line_of_a_load_is_taken_apart, teardown),
		cmocka_unit_test_teardown(a_line_has_place_cause_and_remedy, teardown),
		cmocka_unit_test_teardown(the_verdict_counts, teardown),
		cmocka_unit_test_teardown(
			json_has_the_same_whatever_bytes_a_name_holds, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
