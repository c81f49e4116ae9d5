#include "../unit.h"

#include "audit/cdr.h"
#include "audit_fixture.h"
#include "bridge/tolerated.h"

#include <jansson.h>
#include <stdio.h>

static json_t *parse(const struct record *record)
{
	json_error_t error;
	struct buf line;
	json_t *object;

	buf_init(&line, 0);
	cdr_format(record, &line);
	assert_int_equal(line.err, 0);
	assert_null(memchr(line.data, '\n', line.len));
	object = json_loadb(line.data, line.len, JSON_REJECT_DUPLICATES, &error);
	if (!object)
		fail_msg("%s at %d", error.text, error.position);
	buf_free(&line);
	return object;
}

static const char *text(const json_t *object, const char *name)
{
	return json_string_value(json_object_get(object, name));
}

static json_int_t number(const json_t *object, const char *name)
{
	return json_integer_value(json_object_get(object, name));
}

static void numbers_of_the_caller_are_told(void **state)
{
	struct record record = fixture_record(7, "5f3c-000007");
	json_t *cdr = parse(&record);

	(void)state;
	assert_string_equal(text(cdr, "asserted"), "");
	assert_string_equal(text(cdr, "asserted_sent"), "");
	assert_null(json_object_get(cdr, "diverted_by"));
	assert_null(json_object_get(cdr, "diverted_reason"));
	json_decref(cdr);
	record.diverted_by = "+4930103";
	record.diverted_reason = "";
	cdr = parse(&record);
	assert_string_equal(text(cdr, "diverted_by"), "+4930103");
	assert_null(json_object_get(cdr, "diverted_reason"));
	json_decref(cdr);
	record.diverted_reason = "no-answer";
	record.asserted = "+4930100";
	record.asserted_sent = "030100";
	cdr = parse(&record);
	assert_string_equal(text(cdr, "asserted"), "+4930100");
	assert_string_equal(text(cdr, "asserted_sent"), "030100");
	assert_string_equal(text(cdr, "diverted_reason"), "no-answer");
	json_decref(cdr);
}

static void an_answered_call_has_all_its_times(void **state)
{
	struct record record = fixture_record(7, "5f3c-000007");
	json_t *cdr = parse(&record);
	const json_t *leg = json_object_get(cdr, "external");

	(void)state;
	assert_string_equal(text(cdr, "id"), "5f3c-000007");
	assert_int_equal(number(cdr, "call"), 7);
	assert_string_equal(text(cdr, "method"), "INVITE");
	assert_true(json_is_false(json_object_get(cdr, "inbound")));
	assert_string_equal(text(cdr, "start"), "2023-11-14T22:13:20.123456Z");
	assert_string_equal(text(cdr, "ringing"), "2023-11-14T22:13:20.223456Z");
	assert_string_equal(text(cdr, "answer"), "2023-11-14T22:13:22.123456Z");
	assert_string_equal(text(cdr, "end"), "2023-11-14T22:13:32.123456Z");
	assert_int_equal(number(cdr, "duration_us"), 12000000);
	assert_int_equal(number(cdr, "talk_us"), 10000000);
	assert_int_equal(number(cdr, "status"), 200);
	assert_string_equal(text(leg, "party"), "trunk carrier-a");
	assert_int_equal(number(leg, "flow"), 3);
	assert_string_equal(text(leg, "media_verdict"), "ok");
	assert_int_equal(number(leg, "session_interval_s"), 1800);
	assert_string_equal(text(leg, "session_refresher"), "peer");
	assert_true(json_is_true(json_object_get(leg, "connected")));
	assert_string_equal(text(leg, "remote"), "192.0.2.1:5061");
	assert_string_equal(text(leg, "media_remote"), "[2001:db8::1]:4000");
	assert_int_equal(number(leg, "rx_packets"), 500);
	json_decref(cdr);
}

static void what_never_happened_is_null(void **state)
{
	struct record record = fixture_record(8, "a");
	json_t *cdr;

	(void)state;
	record.ringing_us = record.answer_us = 0;
	record.status = 487;
	record.legs[1] = (struct record_leg){.side = SIDE_EXTERNAL};
	record.inbound = true;
	cdr = parse(&record);
	assert_true(json_is_true(json_object_get(cdr, "inbound")));
	assert_true(json_is_null(json_object_get(cdr, "ringing")));
	assert_true(json_is_null(json_object_get(cdr, "answer")));
	assert_int_equal(number(cdr, "talk_us"), 0);
	assert_true(json_is_null(
		json_object_get(json_object_get(cdr, "external"), "media_remote")));
	assert_string_equal(text(json_object_get(cdr, "external"), "party"), "");
	json_decref(cdr);
}

static void both_legs_may_be_on_one_side(void **state)
{
	static const char *const names[][2] = {
		[SIDE_INTERNAL] = {"internal", "internal_b"},
		[SIDE_EXTERNAL] = {"external", "external_b"}};
	struct record record = fixture_record(8, "a");

	(void)state;
	for (enum side side = SIDE_INTERNAL; side <= SIDE_EXTERNAL; side++) {
		json_t *cdr;

		record.legs[0].side = record.legs[1].side = side;
		cdr = parse(&record);
		assert_string_equal(text(json_object_get(cdr, names[side][0]), "party"),
			"server pbx1");
		assert_string_equal(text(json_object_get(cdr, names[side][1]), "party"),
			"trunk carrier-a");
		assert_null(json_object_get(cdr, names[!side][0]));
		json_decref(cdr);
	}
}

static void attempts_and_the_far_ends_words_are_listed(void **state)
{
	char targets[][10] = {"carrier-a", "carrier-b"};
	char reasons[][13] = {"draining", "answered 503"};
	const struct record_attempt attempts[] = {
		{.target = targets[0], .reason = reasons[0], .after_us = 10},
		{.target = targets[1],
			.address = fixture_addr("192.0.2.7:5060"),
			.flow = 12,
			.status = 503,
			.reason = reasons[1],
			.after_us = 2500},
	};
	struct record record = fixture_record(8, "a");
	const json_t *array, *attempt;
	json_t *cdr = parse(&record);

	(void)state;
	assert_int_equal(json_array_size(json_object_get(cdr, "attempts")), 0);
	assert_true(json_is_array(json_object_get(cdr, "attempts")));
	assert_int_equal(number(cdr, "far_status"), 0);
	assert_string_equal(text(cdr, "far_reason"), "");
	json_decref(cdr);
	record.attempts = attempts;
	record.attempt_count = 2;
	record.far_status = 503;
	record.far_reason = "Q.850;cause=34;text=\"\",\"status\":200\"";
	cdr = parse(&record);
	array = json_object_get(cdr, "attempts");
	assert_int_equal(json_array_size(array), 2);
	attempt = json_array_get(array, 0);
	assert_string_equal(text(attempt, "target"), "carrier-a");
	assert_true(json_is_null(json_object_get(attempt, "address")));
	assert_int_equal(number(attempt, "status"), 0);
	assert_string_equal(text(attempt, "reason"), "draining");
	attempt = json_array_get(array, 1);
	assert_int_equal(number(attempt, "flow"), 12);
	assert_string_equal(text(attempt, "address"), "192.0.2.7:5060");
	assert_int_equal(number(attempt, "status"), 503);
	assert_int_equal(number(attempt, "after_us"), 2500);
	assert_int_equal(number(cdr, "status"), 200);
	assert_int_equal(number(cdr, "far_status"), 503);
	assert_string_equal(text(cdr, "far_reason"), record.far_reason);
	json_decref(cdr);
}

/* A member that has nothing to say is not there. */
static void what_a_far_end_said_is_there_when_it_said_something(void **state)
{
	char target[] = "carrier-a", said[] = "No \"circuit\"", phrase[] = "Full";
	struct record_attempt attempt = {.target = target, .status = 503};
	static const char *const of_attempt[] = {
		"phrase", "q850", "sip_cause", "reason_text"};
	static const char *const of_call[] = {
		"release_q850", "release_sip", "release_text"};
	struct record record = fixture_record(8, "a");
	const json_t *object;
	json_t *cdr;

	(void)state;
	record.attempts = &attempt;
	record.attempt_count = 1;
	cdr = parse(&record);
	object = json_array_get(json_object_get(cdr, "attempts"), 0);
	assert_int_equal(number(object, "status"), 503);
	for (size_t i = 0; i < sizeof(of_attempt) / sizeof(of_attempt[0]); i++)
		assert_null(json_object_get(object, of_attempt[i]));
	for (size_t i = 0; i < sizeof(of_call) / sizeof(of_call[0]); i++)
		assert_null(json_object_get(cdr, of_call[i]));
	json_decref(cdr);
	attempt.said = (struct record_reason){.q850 = 34, .sip = 503, .text = said};
	attempt.phrase = phrase;
	record.released = (struct record_reason){.q850 = 16, .sip = 200, .text = said};
	cdr = parse(&record);
	object = json_array_get(json_object_get(cdr, "attempts"), 0);
	assert_string_equal(text(object, "phrase"), "Full");
	assert_int_equal(number(object, "q850"), 34);
	assert_int_equal(number(object, "sip_cause"), 503);
	assert_string_equal(text(object, "reason_text"), "No \"circuit\"");
	assert_int_equal(number(cdr, "release_q850"), 16);
	assert_int_equal(number(cdr, "release_sip"), 200);
	assert_string_equal(text(cdr, "release_text"), "No \"circuit\"");
	json_decref(cdr);
}

static void microsofts_ids_and_named_headers_are_told(void **state)
{
	char x_c[] = "x_c", status[] = "status", site[] = "X-Site", id[] = "01/s/1",
	     hostile[] = "\",\"status\":1,\"";
	struct record_word ids[] = {{x_c, id}, {status, hostile}},
			   headers[] = {{site, id}, {site, hostile}};
	struct record_attempt attempt = {.target = x_c, .status = 503};
	struct record record = fixture_record(8, "a");
	const json_t *leg, *object;
	json_t *cdr;

	(void)state;
	record.attempts = &attempt;
	record.attempt_count = 1;
	cdr = parse(&record);
	leg = json_object_get(cdr, "external");
	object = json_array_get(json_object_get(cdr, "attempts"), 0);
	assert_null(json_object_get(leg, "microsoft"));
	assert_null(json_object_get(leg, "headers"));
	assert_null(json_object_get(object, "microsoft"));
	json_decref(cdr);
	record.legs[1].microsoft = (struct record_words){ids, 2};
	record.legs[1].headers = (struct record_words){headers, 2};
	attempt.microsoft = (struct record_words){ids, 1};
	cdr = parse(&record);
	leg = json_object_get(cdr, "external");
	assert_int_equal(number(cdr, "status"), 200);
	assert_null(json_object_get(json_object_get(cdr, "internal"), "headers"));
	object = json_object_get(leg, "microsoft");
	assert_string_equal(text(object, "x_c"), "01/s/1");
	assert_string_equal(text(object, "status"), hostile);
	object = json_object_get(leg, "headers");
	assert_int_equal(json_array_size(object), 2);
	object = json_array_get(object, 1);
	assert_string_equal(text(object, "header"), "X-Site");
	assert_string_equal(text(object, "value"), hostile);
	object = json_array_get(json_object_get(cdr, "attempts"), 0);
	assert_string_equal(text(json_object_get(object, "microsoft"), "x_c"), "01/s/1");
	json_decref(cdr);
}

static void where_its_capture_is_is_told(void **state)
{
	struct record_capture capture = {.state = "none"};
	struct record record = fixture_record(8, "a");
	const json_t *captured;
	json_t *cdr;

	(void)state;
	record.capture_mode = "full";
	cdr = parse(&record);
	assert_null(json_object_get(cdr, "captured"));
	json_decref(cdr);
	record.captured = &capture;
	cdr = parse(&record);
	captured = json_object_get(cdr, "captured");
	assert_int_equal(json_object_size(captured), 2);
	assert_string_equal(text(captured, "mode"), "full");
	assert_string_equal(text(captured, "state"), "none");
	json_decref(cdr);
	capture =
		(struct record_capture){.day = "2026-12-01", .state = "lossy", .lost = 3};
	cdr = parse(&record);
	captured = json_object_get(cdr, "captured");
	assert_string_equal(text(captured, "day"), "2026-12-01");
	assert_string_equal(text(captured, "state"), "lossy");
	assert_int_equal(number(captured, "lost"), 3);
	json_decref(cdr);
}

static void redirections_are_listed(void **state)
{
	char by[] = "trunk carrier-a", numbers[][4] = {"600", "601"};
	const struct record_redirection redirections[] = {
		{.by = by, .to = numbers[0], .status = 301, .after_us = 9},
		{.by = by,
			.to = numbers[1],
			.status = 302,
			.action = RECORD_REDIRECTION_PASSED},
	};
	struct record record = fixture_record(8, "a");
	json_t *cdr = parse(&record);
	const json_t *array = json_object_get(cdr, "redirections");

	(void)state;
	assert_true(json_is_array(array));
	assert_int_equal(json_array_size(array), 0);
	json_decref(cdr);
	record.redirections = redirections;
	record.redirection_count = 2;
	cdr = parse(&record);
	array = json_object_get(cdr, "redirections");
	assert_int_equal(json_array_size(array), 2);
	assert_string_equal(text(json_array_get(array, 0), "by"), "trunk carrier-a");
	assert_string_equal(text(json_array_get(array, 0), "to"), "600");
	assert_string_equal(text(json_array_get(array, 0), "action"), "followed");
	assert_int_equal(number(json_array_get(array, 0), "status"), 301);
	assert_int_equal(number(json_array_get(array, 0), "after_us"), 9);
	assert_string_equal(text(json_array_get(array, 1), "to"), "601");
	assert_string_equal(text(json_array_get(array, 1), "action"), "passed");
	json_decref(cdr);
}

/* Where it was transferred, and what became of numbers that a 3xx named. */
static void transfers_and_redirections_are_listed(void **state)
{
	char by[] = "server pbx1", to[] = "600", target[] = "gw2", number_to[] = "601";
	const struct record_transfer transfers[] = {
		{.by = by, .to = to, .status = 0, .after_us = 10},
		{.by = by, .to = to, .target = target, .status = 200, .after_us = 20}};
	const struct record_redirection redirections[] = {{.by = by,
		.status = 302,
		.to = number_to,
		.action = RECORD_REDIRECTION_PASSED,
		.after_us = 5}};
	struct record record = fixture_record(8, "a");
	const json_t *array, *one;
	json_t *cdr;

	(void)state;
	record.transfers = transfers;
	record.transfer_count = 2;
	record.redirections = redirections;
	record.redirection_count = 1;
	cdr = parse(&record);
	array = json_object_get(cdr, "transfers");
	assert_int_equal(json_array_size(array), 2);
	one = json_array_get(array, 0);
	assert_string_equal(text(one, "by"), "server pbx1");
	assert_string_equal(text(one, "to"), "600");
	assert_string_equal(text(one, "target"), "");
	assert_int_equal(number(one, "status"), 0);
	assert_int_equal(number(one, "after_us"), 10);
	one = json_array_get(array, 1);
	assert_string_equal(text(one, "target"), "gw2");
	assert_int_equal(number(one, "status"), 200);
	array = json_object_get(cdr, "redirections");
	assert_int_equal(json_array_size(array), 1);
	one = json_array_get(array, 0);
	assert_string_equal(text(one, "by"), "server pbx1");
	assert_int_equal(number(one, "status"), 302);
	assert_string_equal(text(one, "to"), "601");
	assert_string_equal(text(one, "action"), "passed");
	assert_int_equal(number(one, "after_us"), 5);
	json_decref(cdr);
}

static void what_was_tolerated_is_named(void **state)
{
	struct record record = fixture_record(8, "a");
	const json_t *names;
	json_t *cdr;

	(void)state;
	record.legs[1].tolerated =
		1u << TOLERATED_SDP_FORMAT | 1u << TOLERATED_SDES_LINES;
	cdr = parse(&record);
	names = json_object_get(json_object_get(cdr, "external"), "tolerated");
	assert_int_equal(json_array_size(names), 2);
	assert_string_equal(json_string_value(json_array_get(names, 0)), "sdp-format");
	assert_string_equal(json_string_value(json_array_get(names, 1)), "sdes-lines");
	names = json_object_get(json_object_get(cdr, "internal"), "tolerated");
	assert_true(json_is_array(names));
	assert_int_equal(json_array_size(names), 0);
	json_decref(cdr);
}

static void hostile_text_stays_inside_its_string(void **state)
{
	static const struct {
		const char *in, *out;
	} cases[] = {
		{"\",\"status\":999,\"x\":\"", "\",\"status\":999,\"x\":\""},
		{"a\\\"b\\", "a\\\"b\\"},
		{"line\r\nnext\t\x01\x7f", "line\r\nnext\t\x01\x7f"},
		{"J\xc3\xbcrgen \xf0\x9f\x93\x9e", "J\xc3\xbcrgen \xf0\x9f\x93\x9e"},
		/* the first and the last of each length, and beside the surrogates */
		{"\xc2\x80\xdf\xbf", "\xc2\x80\xdf\xbf"},
		{"\xe0\xa0\x80\xef\xbf\xbf", "\xe0\xa0\x80\xef\xbf\xbf"},
		{"\xed\x9f\xbf\xee\x80\x80", "\xed\x9f\xbf\xee\x80\x80"},
		{"\xf0\x90\x80\x80\xf4\x8f\xbf\xbf", "\xf0\x90\x80\x80\xf4\x8f\xbf\xbf"},
		{"\xff\xfe", "\xef\xbf\xbd\xef\xbf\xbd"},
		{"\xc0\x80", "\xef\xbf\xbd\xef\xbf\xbd"},
		{"\xed\xa0\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
		{"cut \xe2\x82", "cut \xef\xbf\xbd\xef\xbf\xbd"},
		{"\xf4\x90\x80\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
		{"\xe0\x80\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
	};
	struct record record = fixture_record(9, "b");
	json_t *cdr;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		record.from = cases[i].in;
		record.legs[1].call_id = cases[i].in;
		cdr = parse(&record);
		assert_string_equal(text(cdr, "from"), cases[i].out);
		assert_string_equal(text(json_object_get(cdr, "external"), "sip_call_id"),
			cases[i].out);
		assert_int_equal(number(cdr, "status"), 200);
		json_decref(cdr);
	}
}

static void every_byte_pair_gives_valid_json(void **state)
{
	struct record record = fixture_record(10, "c");
	char pair[3] = "";

	(void)state;
	for (unsigned value = 1; value < 65536; value += 7) {
		pair[0] = (char)(value >> 8);
		pair[1] = (char)value;
		record.to = pair;
		json_decref(parse(&record));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_of_the_caller_are_told),
		cmocka_unit_test(an_answered_call_has_all_its_times),
		cmocka_unit_test(what_never_happened_is_null),
		cmocka_unit_test(both_legs_may_be_on_one_side),
		cmocka_unit_test(attempts_and_the_far_ends_words_are_listed),
		cmocka_unit_test(what_a_far_end_said_is_there_when_it_said_something),
		cmocka_unit_test(microsofts_ids_and_named_headers_are_told),
		cmocka_unit_test(where_its_capture_is_is_told),
		cmocka_unit_test(redirections_are_listed),
		cmocka_unit_test(transfers_and_redirections_are_listed),
		cmocka_unit_test(what_was_tolerated_is_named),
		cmocka_unit_test(hostile_text_stays_inside_its_string),
		cmocka_unit_test(every_byte_pair_gives_valid_json),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
