/* Calls of the past, from records and captures, whole and spoiled. */
#include "days.h"

#include "replay/past.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct days days;

static int setup(void **state)
{
	(void)state;
	days_start(&days);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	days_stop(&days);
	return 0;
}

/* CALL read back; with captures. */
static enum past_use read_call(struct past *ret, const struct days_call *call)
{
	char *line = days_line(&days, call);
	const int fd = days_audit(&days);
	const enum past_use use = past_read(ret, span_of(line), fd);

	close(fd);
	free(line);
	return use;
}

static void assert_invite(const struct past *past, const char *called, const char *from)
{
	const struct message_uri *uri = message_request_uri(past->invite);

	assert_true(span_equal_str(uri->user, called));
	assert_true(span_equal_str(message_from(past->invite)->uri.user, from));
}

static void a_record_says_who_called_whom(void **state)
{
	struct past past;

	(void)state;
	assert_int_equal(read_call(&past, &(struct days_call){.target = "b"}), PAST_CALL);
	assert_string_equal(past.id, "5f3c-000001");
	assert_int_equal(past.kind, TRUNK_SERVER);
	assert_string_equal(past.via, "pbx1");
	assert_int_equal(past.attempt_count, 1);
	assert_string_equal(past.attempts[0], "b");
	assert_false(past.captured);
	assert_false(past.damaged);
	assert_invite(&past, "+493022", "+493011");
	past_free(&past);
	assert_int_equal(read_call(&past, &(struct days_call){.via = "trunk carrier-a"}),
		PAST_CALL);
	assert_int_equal(past.kind, TRUNK_GATEWAY);
	assert_string_equal(past.via, "carrier-a");
	past_free(&past);
}

static enum past_use read_text(struct past *ret, const char *text)
{
	return past_read(ret, span_of(text), -1);
}

/* Where both legs are on one side, the second has a name of its own. */
static void of_two_on_one_side_the_first_called(void **state)
{
	struct past past;

	(void)state;
	assert_int_equal(
		read_text(&past,
			"{\"id\":\"1\",\"from\":\"1\",\"to\":\"2\",\"inbound\":true,"
			"\"external\":{\"party\":\"trunk a\"},"
			"\"external_b\":{\"party\":\"trunk b\"}}"),
		PAST_CALL);
	assert_string_equal(past.via, "a");
	past_free(&past);
	assert_int_equal(
		read_text(&past,
			"{\"id\":\"1\",\"from\":\"1\",\"to\":\"2\",\"inbound\":false,"
			"\"internal\":{\"party\":\"server x\"},"
			"\"internal_b\":{\"party\":\"server y\"}}"),
		PAST_CALL);
	assert_string_equal(past.via, "x");
	past_free(&past);
}

/* Several addresses of one that was asked are one. */
static void attempts_are_those_who_were_asked(void **state)
{
	struct past past;

	(void)state;
	assert_int_equal(
		read_text(&past,
			"{\"id\":\"1\",\"from\":\"1\",\"to\":\"2\","
			"\"attempts\":[{\"target\":\"a\"},{\"target\":\"a\"},{},7,"
			"{\"target\":\"b\"},{\"target\":\"a\"}],"
			"\"internal\":{\"party\":\"server x\"},\"external\":{}}"),
		PAST_CALL);
	assert_int_equal(past.attempt_count, 3);
	assert_string_equal(past.attempts[0], "a");
	assert_string_equal(past.attempts[1], "b");
	assert_string_equal(past.attempts[2], "a");
	past_free(&past);
}

/* Rules may have made other numbers of those that came: these are what is asked for. */
static void numbers_are_those_that_came(void **state)
{
	struct past past;

	(void)state;
	assert_int_equal(
		read_text(&past,
			"{\"id\":\"1\",\"from\":\"+49301\",\"to\":\"+49302\","
			"\"from_received\":\"0301\",\"to_received\":\"0302\","
			"\"internal\":{\"party\":\"server x\"},\"external\":{}}"),
		PAST_CALL);
	assert_true(past.received);
	assert_invite(&past, "0302", "0301");
	assert_string_equal(past.to, "+49302");
	past_free(&past);
	assert_int_equal(
		read_text(&past,
			"{\"id\":\"1\",\"from\":\"+49301\",\"to\":\"+49302\","
			"\"internal\":{\"party\":\"server x\"},\"external\":{}}"),
		PAST_CALL);
	assert_false(past.received);
	assert_invite(&past, "+49302", "+49301");
	past_free(&past);
}

static void what_no_route_decided_is_none(void **state)
{
	struct past past;

	(void)state;
	assert_int_equal(
		read_call(&past, &(struct days_call){.emergency = "drill"}), PAST_OURS);
	past_free(&past);
	assert_int_equal(read_call(&past, &(struct days_call){.emergency = "callback"}),
		PAST_CALLBACK);
	past_free(&past);
}

static void a_service_and_a_priority_are_said(void **state)
{
	struct past past;
	struct span value;

	(void)state;
	assert_int_equal(read_call(&past, &(struct days_call){.emergency = "service",
						  .to = "urn:service:sos.fire"}),
		PAST_CALL);
	assert_true(span_equal_str(
		message_request_uri(past.invite)->whole, "urn:service:sos.fire"));
	assert_false(message_header(past.invite, "Priority", 0, &value));
	past_free(&past);
	assert_int_equal(read_call(&past, &(struct days_call){.emergency = "priority"}),
		PAST_CALL);
	assert_true(message_header(past.invite, "Priority", 0, &value));
	past_free(&past);
}

static void the_captured_invite_is_taken(void **state)
{
	const struct days_call call = {
		.headers = "P-Asserted-Identity: <sip:+4930999@pbx1.example.com>\r\n"};
	struct past past;
	struct span value;

	(void)state;
	assert_int_equal(read_call(&past, &call), PAST_CALL);
	assert_true(past.captured);
	assert_true(message_header(past.invite, "P-Asserted-Identity", 0, &value));
	past_free(&past);
}

/* The file of the first call is TEXT. */
static void spoil(const char *text)
{
	char command[700];
	FILE *file;

	snprintf(command, sizeof(command),
		"cd %s && f=$(echo */5f3c-000001/call.pcap) && ln -f $f ../spoiled",
		days_path(&days, "state/audit"));
	assert_int_equal(system(command), 0);
	file = fopen(days_path(&days, "state/spoiled"), "w");
	fputs(text, file);
	fclose(file);
}

static void a_spoiled_capture_is_counted_and_left(void **state)
{
	const struct days_call call = {.headers = ""};
	char *line = days_line(&days, &call);
	const int fd = days_audit(&days);
	struct past past;

	(void)state;
	spoil("this is no capture, whatever its name says");
	assert_int_equal(past_read(&past, span_of(line), fd), PAST_CALL);
	assert_true(past.damaged);
	assert_false(past.captured);
	assert_invite(&past, "+493022", "+493011");
	past_free(&past);
	close(fd);
	free(line);
}

/* Its INVITE is of another call, or none that can be read. */
static void another_invite_is_not_taken(void **state)
{
	struct days_call call = {.headers = "Call-ID: two@pbx1.example.com\r\n"};
	const struct days_call other = {.headers = "", .call_id = "two@pbx1.example.com"};
	struct past past;

	(void)state;
	assert_int_equal(read_call(&past, &other), PAST_CALL);
	assert_false(past.captured);
	assert_false(past.damaged);
	past_free(&past);
	assert_int_equal(read_call(&past, &call), PAST_CALL);
	assert_false(past.captured);
	assert_true(past.damaged); /* two of a header that may be there once */
	past_free(&past);
}

/* What comes before it in its capture is passed over: one of another call, and one that cannot be read. */
static void its_own_is_found_behind_another(void **state)
{
	const struct days_call call = {
		.headers = "Subject: mine\r\n", .before = "two@pbx1.example.com"};
	const struct days_call broken = {.headers = "Subject: mine\r\n",
		.before = "one@pbx1.example.com\r\nCSeq: 2 INVITE"};
	struct past past;

	(void)state;
	assert_int_equal(read_call(&past, &call), PAST_CALL);
	assert_true(past.captured);
	assert_false(past.damaged);
	past_free(&past);
	assert_int_equal(read_call(&past, &broken), PAST_CALL);
	assert_true(past.captured);
	past_free(&past);
}

/* A record may be anybody's text: its id and time name no folder then. */
static void an_id_leads_nowhere_else(void **state)
{
	static const char *const lines[] = {
		"{\"id\":\"../x\",\"start\":\"2026-11-30T\",\"from\":\"1\",\"to\":\"2\","
		"\"internal\":{\"party\":\"server "
		"x\",\"sip_call_id\":\"1\"},\"external\":{}}",
		"{\"id\":\"x\",\"start\":\"../../../..\",\"from\":\"1\",\"to\":\"2\","
		"\"internal\":{\"party\":\"server "
		"x\",\"sip_call_id\":\"1\"},\"external\":{}}",
		"{\"id\":\"x\",\"start\":\"2026\",\"from\":\"1\",\"to\":\"2\","
		"\"internal\":{\"party\":\"server "
		"x\",\"sip_call_id\":\"1\"},\"external\":{}}",
	};
	const int fd = days_audit(&days);
	struct past past;
	char command[700];

	(void)state;
	/* what the first one would lead to, if it led anywhere */
	snprintf(command, sizeof(command),
		"cd %s && mkdir x 2026-11-30 && echo spoiled >x/call.pcap",
		days_path(&days, "state/audit"));
	assert_int_equal(system(command), 0);
	for (unsigned i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		assert_int_equal(past_read(&past, span_of(lines[i]), fd), PAST_CALL);
		assert_false(past.captured);
		assert_false(past.damaged);
		past_free(&past);
	}
	close(fd);
}

static void what_is_no_call_is_refused(void **state)
{
#define LEGS "\"internal\":{\"party\":\"server x\"},\"external\":{}"
	static const char *const lines[] = {
		"",
		"{",
		"[]",
		"7",
		"{}",
		"{" LEGS "}",
		"{\"from\":\"1\",\"to\":\"2\"," LEGS "}",
		"{\"id\":\"\",\"from\":\"1\",\"to\":\"2\"," LEGS "}",
		"{\"id\":\"1\",\"internal\":{\"party\":\"server x\"}}",
		"{\"id\":\"1\",\"internal\":7,\"external\":[]}",
		"{\"id\":\"1\",\"internal\":{\"party\":\"server\"},\"external\":{}}",
		"{\"id\":\"1\",\"internal\":{\"party\":\"server \"},\"external\":{}}",
		"{\"id\":\"1\",\"internal\":{\"party\":\"phone x\"},\"external\":{}}",
		"{\"id\":\"1\",\"external_b\":{\"party\":\"trunk x\"}}",
		"{\"id\":\"1\",\"internal_b\":{\"party\":\"server x\"}}",
		"{\"id\":\"1\",\"from\":\"a b\",\"to\":\"2\"," LEGS "}",
		"{\"id\":\"1\",\"from\":\"1\",\"to\":\"2\\r\\nVia: x\"," LEGS "}",
		"{\"id\":\"1\",\"from\":\"1\",\"to\":\"2>;tag=x\"," LEGS "}",
		"{\"id\":\"1\",\"from\":\"1\",\"to\":\"%\"," LEGS "}",
	};
	struct past past;

	(void)state;
	for (unsigned i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		if (read_text(&past, lines[i]) != PAST_BAD)
			fail_msg("%s", lines[i]);
		past_free(&past);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			a_record_says_who_called_whom, setup, teardown),
		cmocka_unit_test(of_two_on_one_side_the_first_called),
		cmocka_unit_test(numbers_are_those_that_came),
		cmocka_unit_test(attempts_are_those_who_were_asked),
		cmocka_unit_test_setup_teardown(
			what_no_route_decided_is_none, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_service_and_a_priority_are_said, setup, teardown),
		cmocka_unit_test_setup_teardown(
			the_captured_invite_is_taken, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_spoiled_capture_is_counted_and_left, setup, teardown),
		cmocka_unit_test_setup_teardown(
			another_invite_is_not_taken, setup, teardown),
		cmocka_unit_test_setup_teardown(
			its_own_is_found_behind_another, setup, teardown),
		cmocka_unit_test_setup_teardown(
			an_id_leads_nowhere_else, setup, teardown),
		cmocka_unit_test(what_is_no_call_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
