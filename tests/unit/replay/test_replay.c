/* A whole run: the files of two configurations, the records, the counts. */
#include "days.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct days days;

static int setup(void **state)
{
	(void)state;
	days_start(&days);
	days_config(&days, "now", "");
	days_config(&days, "new", "");
	days_gateway(&days, "now", "a", "prefixes = +49, +43\n");
	days_gateway(&days, "new", "a", "prefixes = +49\n");
	days_gateway(&days, "new", "b", "prefixes = +4930\n");
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	days_stop(&days);
	return 0;
}

static int run(const char *other, size_t rows_max, json_t **ret, struct buf *errors)
{
	const struct replay_question question = {.current = days_path(&days, "now"),
		.other = other ? days_path(&days, other) : NULL,
		.rows_max = rows_max};
	struct err_text text = {""};
	int err;

	buf_init(errors, 0);
	err = replay_run(&question, ret, errors, &text);
	if (err)
		assert_true(text.text[0] != '\0');
	return err;
}

static json_int_t number(const json_t *result, const char *name)
{
	const json_t *value = json_object_get(result, name);

	if (!value)
		value = json_object_get(json_object_get(result, "changes"), name);
	assert_true(json_is_integer(value));
	return json_integer_value(value);
}

static json_t *run_well(const char *other, size_t rows_max)
{
	struct buf errors;
	json_t *result;

	assert_int_equal(run(other, rows_max, &result, &errors), 0);
	assert_int_equal(errors.len, 0);
	buf_free(&errors);
	return result;
}

static void calls_are_counted_by_what_changes(void **state)
{
	const json_t *row;
	json_t *result;

	(void)state;
	days_call(&days, &(struct days_call){.to = "+4940"});
	days_call(&days, &(struct days_call){.to = "+4940", .headers = ""});
	days_call(&days, &(struct days_call){.to = "+4930"});
	days_call(&days, &(struct days_call){.to = "+431", .headers = ""});
	days_call(&days, &(struct days_call){.method = "MESSAGE"});
	days_call(&days, &(struct days_call){.emergency = "drill"});
	days_call(&days, &(struct days_call){.emergency = "callback"});
	days_put(&days, "no record");
	days_put(&days,
		"{\"id\":\"1\",\"end\":\"2999\",\"internal\":{\"party\":\"phone x\"},"
		"\"external\":{\"party\":\"\"}}");
	result = run_well("new", 10);
	assert_int_equal(number(result, "calls"), 4);
	assert_int_equal(number(result, "unchanged"), 2);
	assert_int_equal(number(result, "elsewhere"), 1);
	assert_int_equal(number(result, "not-routed"), 1);
	assert_int_equal(number(result, "routed"), 0);
	assert_int_equal(number(result, "captured"), 2);
	assert_int_equal(number(result, "own_calls"), 1);
	assert_int_equal(number(result, "callbacks"), 1);
	assert_int_equal(number(result, "unreadable_records"), 2);
	assert_int_equal(number(result, "damaged_captures"), 0);
	assert_int_equal(number(result, "rows_left_out"), 0);
	assert_int_equal(json_array_size(json_object_get(result, "rows")), 2);
	row = json_array_get(json_object_get(result, "rows"), 1);
	assert_string_equal(
		json_string_value(json_object_get(row, "change")), "not-routed");
	assert_string_equal(
		json_string_value(json_object_get(row, "known_by")), "capture");
	assert_string_equal(
		json_string_value(json_object_get(row, "via")), "server pbx1");
	json_decref(result);
}

static void a_spoiled_capture_is_counted(void **state)
{
	char command[700];
	json_t *result;

	(void)state;
	days_call(&days, &(struct days_call){.headers = ""});
	snprintf(command, sizeof(command), "cd %s && echo spoiled >$(echo */*/call.pcap)",
		days_path(&days, "state/audit"));
	assert_int_equal(system(command), 0);
	result = run_well("new", 10);
	assert_int_equal(number(result, "calls"), 1);
	assert_int_equal(number(result, "captured"), 0);
	assert_int_equal(number(result, "damaged_captures"), 1);
	json_decref(result);
}

static void an_encrypted_capture_is_counted(void **state)
{
	char command[700];
	json_t *result;

	(void)state;
	days_call(&days, &(struct days_call){.headers = ""});
	snprintf(command, sizeof(command), "cd %s/*/* && mv call.pcap call.pcap.age",
		days_path(&days, "state/audit"));
	assert_int_equal(system(command), 0);
	result = run_well("new", 10);
	assert_int_equal(number(result, "captured"), 0);
	assert_int_equal(number(result, "damaged_captures"), 0);
	assert_int_equal(number(result, "encrypted_captures"), 1);
	json_decref(result);
}

static void rows_are_bounded_and_the_rest_counted(void **state)
{
	json_t *result;

	(void)state;
	for (unsigned i = 0; i < 5; i++)
		days_call(&days, &(struct days_call){.to = "+4930"});
	result = run_well("new", 2);
	assert_int_equal(json_array_size(json_object_get(result, "rows")), 2);
	assert_int_equal(number(result, "rows_left_out"), 3);
	assert_int_equal(number(result, "elsewhere"), 5);
	json_decref(result);
	result = run_well("new", 0);
	assert_int_equal(number(result, "rows_left_out"), 5);
	json_decref(result);
}

/* Without another configuration the records are what the present one is compared with. */
static void records_may_be_the_other_side(void **state)
{
	json_t *result;

	(void)state;
	days_call(&days, &(struct days_call){.target = "a"});
	days_call(&days, &(struct days_call){.target = "gone"});
	result = run_well(NULL, 10);
	assert_true(json_is_null(json_object_get(result, "before")));
	assert_int_equal(number(result, "unchanged"), 1);
	assert_int_equal(number(result, "elsewhere"), 1);
	json_decref(result);
}

static void calls_of_before_are_left_out(void **state)
{
	const struct replay_question question = {.current = days_path(&days, "now"),
		.other = days_path(&days, "new"),
		.since = (time_t)4000000000};
	struct err_text text = {""};
	struct buf errors;
	json_t *result;

	(void)state;
	days_call(&days, &(struct days_call){0});
	buf_init(&errors, 0);
	assert_int_equal(replay_run(&question, &result, &errors, &text), 0);
	assert_int_equal(number(result, "calls"), 0);
	json_decref(result);
	buf_free(&errors);
}

static void a_file_may_be_named_instead_of_its_folder(void **state)
{
	json_t *result;

	(void)state;
	result = run_well("new/tandem.conf", 1);
	assert_string_equal(json_string_value(json_object_get(result, "after")),
		days_path(&days, "new/tandem.conf"));
	assert_string_equal(json_string_value(json_object_get(result, "before")),
		days_path(&days, "now/tandem.conf"));
	assert_int_equal(number(result, "calls"), 0); /* there are no records yet */
	json_decref(result);
}

static void a_bad_configuration_is_told_by_its_lines(void **state)
{
	struct buf errors;
	json_t *result;

	(void)state;
	days_gateway(&days, "new", "c", "prefixs = 1\n");
	assert_int_equal(run("new", 1, &result, &errors), ERR_CONFIG);
	assert_non_null(strstr(buf_str(&errors), "new/gateways.d/c.conf:5:"));
	buf_free(&errors);
	assert_int_equal(run("nowhere", 1, &result, &errors), ERR_CONFIG);
	buf_free(&errors);
	days_config(&days, "worse", "[nonsense]\n");
	assert_int_equal(run("worse", 1, &result, &errors), ERR_CONFIG);
	buf_free(&errors);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		CASE(calls_are_counted_by_what_changes),
		CASE(a_spoiled_capture_is_counted),
		CASE(an_encrypted_capture_is_counted),
		CASE(rows_are_bounded_and_the_rest_counted),
		CASE(records_may_be_the_other_side),
		CASE(calls_of_before_are_left_out),
		CASE(a_file_may_be_named_instead_of_its_folder),
		CASE(a_bad_configuration_is_told_by_its_lines),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
