/* What the record of a call says of its capture. */
#include "../file_limit.h"
#include "writer_fixture.h"

#include "audit/store_name.h"

#include <jansson.h>

/* Call 1 ends, whose rules were MODE. What its record says, the caller's; NULL: nothing. */
static json_t *end(struct fixture *fixture, const char *mode)
{
	struct record record = fixture_record(1, "a");
	char path[4300], line[8192];
	json_t *object = NULL, *captured;
	FILE *file;

	record.capture_mode = mode;
	writer_call_end(fixture->writer, &record);
	WAIT_FOR(totals(fixture).cdrs == 1);
	snprintf(path, sizeof(path), "%s/cdr.jsonl", fixture->folder);
	file = fopen(path, "r");
	assert_non_null(file);
	while (!object && fgets(line, sizeof(line), file))
		if (strstr(line, "\"kind\":\"call\""))
			object = json_loads(line, 0, NULL);
	fclose(file);
	assert_non_null(object);
	captured = json_incref(json_object_get(object, "captured"));
	json_decref(object);
	return captured;
}

/* DAY: it says where its files are. */
static void assert_captured(
	json_t *captured, const char *mode, const char *state, bool day)
{
	const json_t *value = json_object_get(captured, "day");

	assert_string_equal(json_string_value(json_object_get(captured, "mode")), mode);
	assert_string_equal(json_string_value(json_object_get(captured, "state")), state);
	if (day)
		assert_int_equal(json_string_length(value), STORE_DATE_SIZE - 1);
	else
		assert_null(value);
}

static void one_that_was_not_to_be_captured_says_nothing(void **state)
{
	struct fixture *fixture = *state;

	assert_null(end(fixture, NULL));
}

static void off_is_nothing(void **state)
{
	struct fixture *fixture = *state;

	assert_null(end(fixture, "off"));
}

/* As where the disk was nearly full when it began. */
static void one_that_should_have_been_captured_says_so(void **state)
{
	struct fixture *fixture = *state;
	json_t *captured = end(fixture, "full");

	assert_captured(captured, "full", "none", false);
	json_decref(captured);
}

static void a_whole_one_says_where_it_is(void **state)
{
	struct fixture *fixture = *state;
	char path[4300], expected[4300];
	json_t *captured;

	writer_call_begin(fixture->writer, 1, "a");
	message(fixture, 1, invite());
	packet(fixture, 1, 0, 1);
	snprintf(path, sizeof(path), "%s", writer_capture_path(fixture->writer, 1));
	captured = end(fixture, "full");
	assert_captured(captured, "full", "whole", true);
	assert_null(json_object_get(captured, "lost"));
	snprintf(expected, sizeof(expected), "/audit/%s/a/call.pcapng",
		json_string_value(json_object_get(captured, "day")));
	assert_non_null(strstr(path, expected));
	json_decref(captured);
}

/* Its last gateway is not captured. */
static void one_that_paused_is_still_there(void **state)
{
	struct fixture *fixture = *state;
	json_t *captured;

	writer_call_begin(fixture->writer, 1, "a");
	message(fixture, 1, invite());
	writer_call_pause(fixture->writer, 1);
	captured = end(fixture, "off");
	assert_captured(captured, "off", "whole", true);
	json_decref(captured);
}

#define LARGE 20000

/* Anew with a queue that takes no message like LARGE: one of more than its half never fits. */
static void a_small_queue(struct fixture *fixture, char large[static LARGE])
{
	stop(fixture);
	start(fixture, 1, 32768);
	memset(large, 'a', LARGE - 1);
	large[LARGE - 1] = '\0';
}

static void messages_that_are_missing_are_counted(void **state)
{
	struct fixture *fixture = *state;
	char large[LARGE];
	json_t *captured;

	a_small_queue(fixture, large);
	writer_call_begin(fixture->writer, 1, "a");
	message(fixture, 1, large);
	message(fixture, 1, large);
	captured = end(fixture, "signalling");
	assert_captured(captured, "signalling", "lossy", true);
	assert_int_equal(json_integer_value(json_object_get(captured, "lost")), 2);
	json_decref(captured);
}

/* Whose it was nobody knows. */
static void a_loss_of_another_call_leaves_it_unknown(void **state)
{
	struct fixture *fixture = *state;
	char large[LARGE];
	json_t *captured;

	a_small_queue(fixture, large);
	writer_call_begin(fixture->writer, 2, "before");
	message(fixture, 2, large);
	writer_call_begin(fixture->writer, 1, "a");
	writer_call_begin(fixture->writer, 3, "b");
	message(fixture, 3, large);
	captured = end(fixture, "full");
	assert_captured(captured, "full", "unknown", true);
	json_decref(captured);
}

static void a_loss_before_it_is_none_of_its(void **state)
{
	struct fixture *fixture = *state;
	char large[LARGE];
	json_t *captured;

	a_small_queue(fixture, large);
	writer_call_begin(fixture->writer, 2, "before");
	message(fixture, 2, large);
	writer_call_begin(fixture->writer, 1, "a");
	captured = end(fixture, "full");
	assert_captured(captured, "full", "whole", true);
	json_decref(captured);
}

static void a_disk_that_fails_leaves_it_unknown(void **state)
{
	struct fixture *fixture = *state;
	char text[3001];
	json_t *captured;

	memset(text, 'f', 3000);
	text[3000] = '\0';
	writer_call_begin(fixture->writer, 2, "b");
	message(fixture, 2, text);
	WAIT_FOR(settled(fixture));
	limit_files(4000);
	message(fixture, 2, text);
	WAIT_FOR(totals(fixture).lost > 0);
	/* it begins behind that loss; its record is short enough for the file */
	writer_call_begin(fixture->writer, 1, "a");
	captured = end(fixture, "full");
	assert_captured(captured, "full", "unknown", true);
	json_decref(captured);
	limit_files(RLIM_INFINITY);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(one_that_was_not_to_be_captured_says_nothing),
		TEST(off_is_nothing),
		TEST(one_that_should_have_been_captured_says_so),
		TEST(a_whole_one_says_where_it_is),
		TEST(one_that_paused_is_still_there),
		TEST(messages_that_are_missing_are_counted),
		TEST(a_loss_of_another_call_leaves_it_unknown),
		TEST(a_loss_before_it_is_none_of_its),
		TEST(a_disk_that_fails_leaves_it_unknown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
