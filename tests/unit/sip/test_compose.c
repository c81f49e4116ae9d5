#include "sip/compose.h"

#include "../unit.h"

#include "base/err.h"

#include <stdio.h>
#include <string.h>

static const char request_text[] =
	"INVITE sip:b@example.com SIP/2.0\r\n"
	"v: SIP/2.0/UDP "
	"pbx.example.com:5062;rport;branch=z9hG4bKa;received=198.51.100.1;x=\"a,b\""
	" (note), SIP/2.0/TCP second;branch=z9hG4bKb;rport\r\n"
	"Record-Route: <sip:p1;lr>, <sip:p2;lr>\r\n"
	"From: \"A\" <sip:a@example.com>;tag=1\r\nTo: <sip:b@example.com>\r\n"
	"Call-ID: c@example.com\r\nCSeq: 7 INVITE\r\nTimestamp: 54.5\r\n\r\n";

static struct message *parse(const char *text)
{
	struct message *message = NULL;
	struct message_fault fault;

	assert_int_equal(message_parse(&message, text, strlen(text), &fault), 0);
	return message;
}

static void assert_response(const struct message *request, int status, const char *reason,
	const char *to_tag, const char *expected)
{
	struct buf out;

	buf_init(&out, 0);
	assert_int_equal(compose_response(&out, request, status, reason, to_tag), 0);
	assert_int_equal(out.err, 0);
	assert_string_equal(buf_str(&out), expected);
	buf_free(&out);
}

#define SECOND_VIA "Via: SIP/2.0/TCP second;branch=z9hG4bKb;rport\r\n"
#define RECORD_ROUTES "Record-Route: <sip:p1;lr>\r\nRecord-Route: <sip:p2;lr>\r\n"
#define FROM "From: \"A\" <sip:a@example.com>;tag=1\r\n"
#define CALL "Call-ID: c@example.com\r\nCSeq: 7 INVITE\r\n"

static void a_ringing_has_what_the_rfc_wants(void **state)
{
	struct message *m = parse(request_text);

	(void)state;
	message_set_received(m, "192.0.2.7", 40000);
	assert_response(m, 180, NULL, "t1",
		"SIP/2.0 180 Ringing\r\n"
		"Via: SIP/2.0/UDP pbx.example.com:5062;branch=z9hG4bKa;x=\"a,b\""
		";received=192.0.2.7;rport=40000\r\n" SECOND_VIA RECORD_ROUTES FROM
		"To: <sip:b@example.com>;tag=t1\r\n" CALL);
	message_unref(m);
}

/* RFC 3261 12.1.1, RFC 6665 4.1.2: what makes no dialog needs no route. */
static void routes_go_into_what_makes_a_dialog(void **state)
{
	static const struct {
		const char *method;
		int status;
		bool has;
	} cases[] = {{"INVITE", 100, false}, {"INVITE", 101, true}, {"INVITE", 200, true},
		{"INVITE", 299, true}, {"INVITE", 300, false}, {"INVITE", 302, false},
		{"SUBSCRIBE", 200, true}, {"REFER", 202, true}, {"NOTIFY", 200, true},
		{"OPTIONS", 200, false}, {"BYE", 200, false}, {"MESSAGE", 200, false}};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		char text[400];
		struct message *m;
		struct buf out;

		snprintf(text, sizeof text,
			"%s sip:b SIP/2.0\r\nVia: SIP/2.0/UDP h\r\n"
			"Record-Route: <sip:p;lr>\r\nFrom: <sip:a@x>;tag=1\r\n"
			"To: <sip:b@x>\r\nCall-ID: c\r\nCSeq: 1 %s\r\n\r\n",
			cases[i].method, cases[i].method);
		m = parse(text);
		buf_init(&out, 0);
		assert_int_equal(
			compose_response(&out, m, cases[i].status, NULL, "t"), 0);
		assert_int_equal(
			strstr(buf_str(&out), "Record-Route: <sip:p;lr>\r\n") != NULL,
			cases[i].has);
		buf_free(&out);
		message_unref(m);
	}
}

static void a_trying_has_the_timestamp_and_no_routes(void **state)
{
	struct message *m = parse(request_text);

	(void)state;
	message_set_received(m, "192.0.2.7", 40000);
	assert_response(m, 100, NULL, NULL,
		"SIP/2.0 100 Trying\r\n"
		"Via: SIP/2.0/UDP pbx.example.com:5062;branch=z9hG4bKa;x=\"a,b\""
		";received=192.0.2.7;rport=40000\r\n" SECOND_VIA FROM
		"To: <sip:b@example.com>\r\n" CALL "Timestamp: 54.5\r\n");
	message_unref(m);
}

static void a_failure_has_its_own_reason(void **state)
{
	struct message *m = parse(request_text);

	(void)state;
	message_set_received(m, "192.0.2.7", 40000);
	assert_response(m, 486, "Line Engaged", "t1",
		"SIP/2.0 486 Line Engaged\r\n"
		"Via: SIP/2.0/UDP pbx.example.com:5062;branch=z9hG4bKa;x=\"a,b\""
		";received=192.0.2.7;rport=40000\r\n" SECOND_VIA FROM
		"To: <sip:b@example.com>;tag=t1\r\n" CALL);
	message_unref(m);
}

static void a_via_is_printed_as_it_came_until_its_source_is_known(void **state)
{
	struct message *m = parse(request_text);

	(void)state;
	assert_response(m, 486, NULL, NULL,
		"SIP/2.0 486 Busy Here\r\n"
		"Via: SIP/2.0/UDP pbx.example.com:5062;rport;branch=z9hG4bKa"
		";received=198.51.100.1;x=\"a,b\"\r\n" SECOND_VIA FROM
		"To: <sip:b@example.com>\r\n" CALL);
	message_unref(m);
}

static void assert_top_via(const char *via, const char *host, const char *expected)
{
	char text[512], line[512];
	struct message *m;
	struct buf out;

	snprintf(text, sizeof text,
		"OPTIONS sip:b SIP/2.0\r\nVia: %s\r\nFrom: <sip:a@x>\r\nTo: <sip:b@x>\r\n"
		"Call-ID: c\r\nCSeq: 1 OPTIONS\r\n\r\n",
		via);
	snprintf(line, sizeof line, "Via: %s\r\n", expected);
	m = parse(text);
	message_set_received(m, "192.0.2.99", 9); /* and the last one counts */
	message_set_received(m, host, 1234);
	buf_init(&out, 0);
	message_add_vias(m, &out);
	assert_string_equal(buf_str(&out), line);
	buf_free(&out);
	message_unref(m);
}

static void received_tells_where_a_request_came_from(void **state)
{
	(void)state;
	/* RFC 3261 18.2.1: only where sent-by differs */
	assert_top_via("SIP/2.0/UDP 192.0.2.1", "192.0.2.1", "SIP/2.0/UDP 192.0.2.1");
	assert_top_via("SIP/2.0/UDP 192.0.2.1", "192.0.2.2",
		"SIP/2.0/UDP 192.0.2.1;received=192.0.2.2");
	assert_top_via("SIP/2.0/UDP [2001:db8::1]:5060", "2001:db8::1",
		"SIP/2.0/UDP [2001:db8::1]:5060");
	assert_top_via("SIP/2.0/UDP [2001:db8::1]", "2001:db8::2",
		"SIP/2.0/UDP [2001:db8::1];received=2001:db8::2");
	/* RFC 3581 4: always where rport asks */
	assert_top_via("SIP/2.0/UDP 192.0.2.1;rport;branch=z9hG4bKx", "192.0.2.1",
		"SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKx;received=192.0.2.1;rport=1234");
	/* what the sender claims goes */
	assert_top_via("SIP/2.0/UDP 192.0.2.1;received=198.51.100.9", "192.0.2.1",
		"SIP/2.0/UDP 192.0.2.1");
	assert_top_via("SIP/2.0/UDP 192.0.2.1;rport=9;receivedx=1", "192.0.2.1",
		"SIP/2.0/UDP 192.0.2.1;receivedx=1;received=192.0.2.1;rport=1234");
}

static void an_existing_to_tag_is_kept(void **state)
{
	struct message *m = parse("BYE sip:b SIP/2.0\r\nVia: SIP/2.0/UDP h\r\n"
				  "Record-Route: <sip:p;lr>\r\n"
				  "From: sip:a@x;tag=1\r\nTo: sip:b@x;tag=2\r\n"
				  "Call-ID: c\r\nCSeq: 8 BYE\r\n\r\n");

	(void)state;
	assert_response(m, 200, NULL, "other",
		"SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP h\r\nFrom: sip:a@x;tag=1\r\n"
		"To: sip:b@x;tag=2\r\nCall-ID: c\r\nCSeq: 8 BYE\r\n");
	message_unref(m);
}

static void a_cseq_at_fault_is_copied(void **state)
{
	struct message *m = parse("BYE sip:b SIP/2.0\r\nVia: SIP/2.0/UDP h\r\n"
				  "From: sip:a@x;tag=1\r\nTo: \"open <sip:b@x>\r\n"
				  "Call-ID: c\r\nCSeq: 99999999999 INVITE\r\n\r\n");

	(void)state;
	assert_response(m, 400, NULL, "t",
		"SIP/2.0 400 Bad Request\r\nVia: SIP/2.0/UDP h\r\nFrom: sip:a@x;tag=1\r\n"
		"To: \"open <sip:b@x>;tag=t\r\nCall-ID: c\r\nCSeq: 99999999999 "
		"INVITE\r\n");
	message_unref(m);
}

static void what_cannot_be_answered_is_not(void **state)
{
	struct message *m = parse("BYE sip:b SIP/2.0\r\nVia: SIP/2.0/UDP h\r\n\r\n");
	struct message *response =
		parse("SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP h\r\nFrom: sip:a@x;tag=1\r\n"
		      "To: sip:b@x\r\nCall-ID: c\r\nCSeq: 8 BYE\r\n\r\n");
	struct buf out;

	(void)state;
	buf_init(&out, 0);
	assert_int_equal(compose_response(&out, m, 400, NULL, NULL), ERR_STATE);
	assert_int_equal(compose_response(&out, response, 400, NULL, NULL), ERR_STATE);
	assert_int_equal(out.len, 0);
	message_unref(m);
	message_unref(response);
}

static void a_request_line_is_three_words(void **state)
{
	struct buf out;

	(void)state;
	buf_init(&out, 0);
	compose_request(&out, span_of("INVITE"), span_of("sip:a@b"));
	assert_string_equal(buf_str(&out), "INVITE sip:a@b SIP/2.0\r\n");
	buf_free(&out);
}

static void assert_request_refused(const char *method, const char *uri)
{
	struct buf out;

	buf_init(&out, 0);
	compose_request(&out, span_of(method), span_of(uri));
	assert_int_equal(out.err, ERR_FORMAT);
	buf_free(&out);
}

static void a_request_line_cannot_be_broken(void **state)
{
	(void)state;
	assert_request_refused("INVITE", "sip:a b");
	assert_request_refused("INVITE", "sip:a\r\nX: y");
	assert_request_refused("INVITE", "");
	assert_request_refused("", "sip:a");
	assert_request_refused("A B", "sip:a");
	assert_request_refused("A\n", "sip:a\n");
}

static void headers_are_lines(void **state)
{
	struct buf out;

	(void)state;
	buf_init(&out, 0);
	compose_header(&out, "Subject", (struct span){"abc", 2});
	compose_header_str(&out, "Server", "tandem");
	compose_header_uint(&out, "RSeq", 4294967296);
	compose_header_str(&out, "Empty", "");
	assert_string_equal(buf_str(&out),
		"Subject: ab\r\nServer: tandem\r\nRSeq: 4294967296\r\nEmpty: \r\n");
	buf_free(&out);
}

static void a_value_cannot_begin_a_line(void **state)
{
	static const struct span values[] = {
		{"a\r\nX: y", 7}, {"a\n", 2}, {"\r", 1}, {"\0", 1}};
	struct message *m = parse(request_text);
	struct buf out;

	(void)state;
	for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
		buf_init(&out, 0);
		compose_header(&out, "Subject", values[i]);
		assert_int_equal(out.err, ERR_FORMAT);
		buf_free(&out);
	}
	buf_init(&out, 0);
	assert_int_equal(compose_response(&out, m, 200, "OK\r\nX: y", NULL), 0);
	assert_int_equal(out.err, ERR_FORMAT);
	buf_clear(&out);
	assert_int_equal(compose_response(&out, m, 200, NULL, "t\r\nX: y"), 0);
	assert_int_equal(out.err, ERR_FORMAT);
	buf_free(&out);
	message_unref(m);
}

static void an_earlier_error_stays(void **state)
{
	struct buf out;

	(void)state;
	buf_init(&out, 4);
	compose_header_str(&out, "Server", "tandem");
	assert_int_equal(out.err, ERR_LIMIT);
	compose_header_str(&out, "Subject", "\r");
	compose_request(&out, span_of(""), span_of(""));
	assert_int_equal(out.err, ERR_LIMIT);
	buf_free(&out);
}

static void a_body_comes_with_its_type_and_length(void **state)
{
	struct buf out;

	(void)state;
	buf_init(&out, 0);
	compose_body(&out, "application/sdp", span_of("v=0\r\n"));
	assert_string_equal(buf_str(&out),
		"Content-Type: application/sdp\r\nContent-Length: 5\r\n\r\nv=0\r\n");
	buf_clear(&out);
	compose_body(&out, "application/sdp", (struct span){0});
	assert_string_equal(buf_str(&out), "Content-Length: 0\r\n\r\n");
	buf_clear(&out);
	compose_body(&out, "text/plain", span_of("x"));
	assert_string_equal(
		buf_str(&out), "Content-Type: text/plain\r\nContent-Length: 1\r\n\r\nx");
	buf_free(&out);
}

static void every_status_has_a_reason(void **state)
{
	(void)state;
	assert_string_equal(compose_reason(180), "Ringing");
	assert_string_equal(compose_reason(488), "Not Acceptable Here");
	assert_string_equal(compose_reason(199), "Early Dialog Terminated");
	assert_string_equal(compose_reason(299), "Success");
	assert_string_equal(compose_reason(499), "Client Error");
	assert_string_equal(compose_reason(699), "Global Failure");
	assert_string_equal(compose_reason(99), "Unknown");
	assert_string_equal(compose_reason(700), "Unknown");
	assert_string_equal(compose_reason(-1), "Unknown");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_ringing_has_what_the_rfc_wants),
		cmocka_unit_test(routes_go_into_what_makes_a_dialog),
		cmocka_unit_test(a_trying_has_the_timestamp_and_no_routes),
		cmocka_unit_test(a_failure_has_its_own_reason),
		cmocka_unit_test(a_via_is_printed_as_it_came_until_its_source_is_known),
		cmocka_unit_test(received_tells_where_a_request_came_from),
		cmocka_unit_test(an_existing_to_tag_is_kept),
		cmocka_unit_test(a_cseq_at_fault_is_copied),
		cmocka_unit_test(what_cannot_be_answered_is_not),
		cmocka_unit_test(a_request_line_is_three_words),
		cmocka_unit_test(a_request_line_cannot_be_broken),
		cmocka_unit_test(headers_are_lines),
		cmocka_unit_test(a_value_cannot_begin_a_line),
		cmocka_unit_test(an_earlier_error_stays),
		cmocka_unit_test(a_body_comes_with_its_type_and_length),
		cmocka_unit_test(every_status_has_a_reason),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
