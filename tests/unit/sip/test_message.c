#include "sip/message.h"

#include "../unit.h"

#include "base/err.h"
#include "sip/framer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define assert_span(span, text) assert_memory(span, text, strlen(text), __LINE__)

static void assert_memory(struct span span, const char *text, size_t len, int line)
{
	if (span.len != len || (len > 0 && memcmp(span.p, text, len) != 0))
		fail_msg("line %d: expected \"%s\", got \"%.*s\"", line, text,
			SPAN_ARG(span));
}

#define VIA "Via: SIP/2.0/TLS pbx.example.com:5061;branch=z9hG4bKa\r\n"
#define REST                                                                             \
	"From: <sip:a@example.com>;tag=1\r\nTo: <sip:b@example.com>\r\n"                 \
	"Call-ID: c@example.com\r\nCSeq: 7 INVITE\r\n"

/* Parses what must parse. */
static struct message *parse(const char *text, struct message_fault *ret_fault)
{
	struct message *message = NULL;
	size_t len = strlen(text);
	/* As the last bytes of their allocation, for the sanitizer. */
	char *copy = malloc(len);

	assert_non_null(copy);
	memcpy(copy, text, len);
	assert_int_equal(message_parse(&message, copy, len, ret_fault), 0);
	free(copy);
	assert_non_null(message);
	return message;
}

static struct message *parse_sound(const char *text)
{
	struct message_fault fault;
	struct message *message = parse(text, &fault);

	assert_int_equal(fault.status, 0);
	assert_true(message_can_answer(message));
	return message;
}

/* An INVITE with HEADERS besides the mandatory ones. */
static struct message *invite(const char *headers)
{
	char text[4096];

	snprintf(text, sizeof text,
		"INVITE sip:b@example.com SIP/2.0\r\n" VIA REST "%s\r\n", headers);
	return parse_sound(text);
}

static void a_request_is_split_into_its_parts(void **state)
{
	struct message *m =
		parse_sound("INVITE sip:+4930123;npdi=yes:pw@gw.example.com:5070"
			    ";transport=tls;user=phone SIP/2.0\r\n" VIA REST
			    "Max-Forwards: 70\r\nContent-Type: application/sdp;x=y\r\n"
			    "Content-Length: 5\r\n\r\nv=0\r\n");
	const struct message_uri *uri = message_request_uri(m);

	(void)state;
	assert_true(message_is_request(m));
	assert_int_equal(message_method(m), MESSAGE_INVITE);
	assert_span(message_method_name(m), "INVITE");
	assert_int_equal(message_status(m), 0);
	assert_int_equal(message_reason(m).len, 0);
	assert_span(uri->scheme, "sip");
	assert_span(uri->user, "+4930123;npdi=yes");
	assert_span(uri->host, "gw.example.com");
	assert_int_equal(uri->port, 5070);
	assert_span(uri->params, "transport=tls;user=phone");
	assert_int_equal(uri->headers.len, 0);
	assert_span(message_call_id(m), "c@example.com");
	assert_int_equal(message_cseq(m), 7);
	assert_span(message_cseq_text(m), "7 INVITE");
	assert_int_equal(message_max_forwards(m), 70);
	assert_span(message_content_type(m), "application/sdp");
	assert_span(message_body(m), "v=0\r\n");
	assert_true(span_starts(message_text(m), "INVITE sip:+4930123"));
	message_unref(m);
}

static void a_response_is_split_into_its_parts(void **state)
{
	struct message *m =
		parse_sound("SIP/2.0 183 Session  Progress\r\n" VIA REST "l: 0\r\n\r\n");

	(void)state;
	assert_false(message_is_request(m));
	assert_int_equal(message_status(m), 183);
	assert_span(message_reason(m), "Session  Progress");
	assert_int_equal(message_method(m), MESSAGE_INVITE);
	assert_span(message_method_name(m), "INVITE");
	assert_int_equal(message_request_uri(m)->whole.len, 0);
	assert_int_equal(message_max_forwards(m), -1);
	assert_int_equal(message_body(m).len, 0);
	assert_int_equal(message_content_type(m).len, 0);
	message_unref(m);
}

static void a_reason_phrase_may_be_missing(void **state)
{
	struct message *m = parse_sound("SIP/2.0 200\r\n" VIA REST "l: 0\r\n\r\n");

	(void)state;
	assert_int_equal(message_status(m), 200);
	assert_int_equal(message_reason(m).len, 0);
	message_unref(m);
}

static void methods_have_names_and_numbers(void **state)
{
	static const char *const names[] = {"INVITE", "ACK", "BYE", "CANCEL", "OPTIONS",
		"REGISTER", "PRACK", "UPDATE", "INFO", "REFER", "SUBSCRIBE", "NOTIFY",
		"MESSAGE", "PUBLISH", "invite", "STRANGE"};
	char text[1024];

	(void)state;
	for (unsigned i = 0; i < sizeof names / sizeof names[0]; i++) {
		struct message *m;

		snprintf(text, sizeof text,
			"%s sip:b@example.com SIP/2.0\r\n" VIA
			"From: <sip:a@example.com>;tag=1\r\nTo: <sip:b@example.com>\r\n"
			"Call-ID: c\r\nCSeq: 1 %s\r\n\r\n",
			names[i], names[i]);
		m = parse_sound(text);
		assert_int_equal(
			message_method(m), i < MESSAGE_OTHER ? i : MESSAGE_OTHER);
		assert_span(message_method_name(m), names[i]);
		assert_string_equal(message_method_str(message_method(m)),
			i < MESSAGE_OTHER ? names[i] : "");
		message_unref(m);
	}
}

static void references_keep_a_message(void **state)
{
	struct message *m = invite("");

	(void)state;
	assert_ptr_equal(message_ref(m), m);
	message_unref(m);
	assert_span(message_call_id(m), "c@example.com");
	message_unref(m);
	message_unref(NULL);
}

static void addresses_have_display_names_and_tags(void **state)
{
	struct message *m =
		parse_sound("INVITE sip:b@example.com SIP/2.0\r\n" VIA
			    "From: \"Bell, \\\"A.\\\" <G>\" "
			    "<sip:bell@[2001:db8::1]:5062;lr>;tag=f1;x=\"a;b\"\r\n"
			    "To: A. G. Watson <tel:+1-212;phone-context=x>\r\n"
			    "Call-ID: c\r\nCSeq: 1 INVITE\r\n\r\n");
	const struct message_address *from = message_from(m);
	const struct message_address *to = message_to(m);
	struct span value;

	(void)state;
	assert_span(from->display, "\"Bell, \\\"A.\\\" <G>\"");
	assert_span(from->uri.user, "bell");
	assert_span(from->uri.host, "[2001:db8::1]");
	assert_int_equal(from->uri.port, 5062);
	assert_span(from->uri.params, "lr");
	assert_span(from->uri.whole, "sip:bell@[2001:db8::1]:5062;lr");
	assert_span(from->tag, "f1");
	assert_span(from->params, "tag=f1;x=\"a;b\"");
	assert_true(message_param(from->params, "X", &value));
	assert_span(value, "\"a;b\"");
	assert_span(to->display, "A. G. Watson");
	assert_span(to->uri.scheme, "tel");
	assert_span(to->uri.user, "+1-212");
	assert_span(to->uri.params, "phone-context=x");
	assert_int_equal(to->uri.host.len, 0);
	assert_int_equal(to->tag.len, 0);
	assert_span(to->whole, "A. G. Watson <tel:+1-212;phone-context=x>");
	message_unref(m);
}

static void parameters_without_brackets_are_the_headers(void **state)
{
	struct message *m =
		parse_sound("INVITE sip:b@example.com SIP/2.0\r\n" VIA
			    "f: sip:a@example.com;user=phone;tag=2\r\n"
			    "t: tel:+1;isub=3\r\ni: c\r\nCSeq: 1 INVITE\r\n\r\n");

	(void)state;
	assert_span(message_from(m)->uri.whole, "sip:a@example.com");
	assert_span(message_from(m)->params, "user=phone;tag=2");
	assert_span(message_from(m)->tag, "2");
	assert_span(message_to(m)->uri.user, "+1");
	assert_span(message_to(m)->params, "isub=3");
	assert_int_equal(message_to(m)->uri.params.len, 0);
	message_unref(m);
}

static void needless_escapes_are_undone_and_others_kept(void **state)
{
	struct message *m = invite("Contact: <sip:%61l%69ce%40x%00@example.com>\r\n");
	struct message_address contact;

	(void)state;
	assert_true(message_contact(m, 0, &contact));
	assert_span(contact.uri.user, "alice%40x%00");
	message_unref(m);
}

static void folds_are_blanks(void **state)
{
	struct message *m = parse_sound(
		"INVITE sip:b@example.com SIP/2.0\r\n"
		"Via\r\n : SIP / 2.0\r\n\t/UDP\r\n  h;branch=z9hG4bKf\r\n"
		"From: \"A\r\n B\"\r\n <sip:a@example.com>\r\n ;tag\r\n =1\r\n"
		"To: <sip:b@example.com>\r\nCall-ID:\r\n c\r\n"
		"CSeq: 0009\r\n  INVITE\r\nSubject: one\r\n  two\r\n\r\n");
	struct span value;

	(void)state;
	assert_span(message_via(m)->transport, "UDP");
	assert_span(message_via(m)->host, "h");
	assert_span(message_from(m)->display, "\"A   B\"");
	assert_span(message_from(m)->tag, "1");
	assert_span(message_cseq_text(m), "9 INVITE");
	assert_true(message_header(m, "Subject", 0, &value));
	assert_null(memchr(value.p, '\r', value.len));
	message_unref(m);
}

static void the_top_via_is_split(void **state)
{
	struct message *m = parse_sound(
		"INVITE sip:b@example.com SIP/2.0\r\n"
		"v: SIP/2.0/UDP "
		"[2001:db8::2]:5080;branch=z9hG4bKx;rport=9;received=192.0.2.1 (c)"
		", SIP/2.0/TCP second\r\nVia: SIP/2.0/TLS third;branch=z9hG4bKz\r\n" REST
		"\r\n");
	const struct message_via *via = message_via(m);

	(void)state;
	assert_span(via->transport, "UDP");
	assert_span(via->host, "[2001:db8::2]");
	assert_int_equal(via->port, 5080);
	assert_span(via->branch, "z9hG4bKx");
	assert_span(via->received, "192.0.2.1");
	assert_true(via->rport);
	assert_int_equal(message_via_count(m), 3);
	message_unref(m);
}

static void a_bare_via_has_empty_parts(void **state)
{
	struct message *m = parse_sound(
		"INVITE sip:b@example.com SIP/2.0\r\nVia: SIP/2.0/UDP h;rport\r\n" REST
		"\r\n");
	const struct message_via *via = message_via(m);

	(void)state;
	assert_int_equal(via->port, 0);
	assert_int_equal(via->branch.len, 0);
	assert_int_equal(via->received.len, 0);
	assert_true(via->rport);
	message_unref(m);
}

static void contacts_and_routes_count_by_element(void **state)
{
	struct message *m =
		invite("Contact: <sip:1@x>;q=0.5, \"a,b\" <sip:2@x>\r\n"
		       "m: sip:3@x\r\nRoute: <sip:r1;lr>,<sip:r2;lr>\r\n"
		       "Record-Route: <sip:p1;lr>;x=y\r\nRecord-Route: <sip:p2;lr>\r\n");
	struct message_address address;

	(void)state;
	assert_true(message_contact(m, 1, &address));
	assert_span(address.display, "\"a,b\"");
	assert_span(address.uri.user, "2");
	assert_true(message_contact(m, 2, &address));
	assert_span(address.uri.whole, "sip:3@x");
	assert_false(message_contact(m, 3, &address));
	assert_true(message_route(m, 1, &address));
	assert_span(address.uri.host, "r2");
	assert_false(message_route(m, 2, &address));
	assert_true(message_record_route(m, 0, &address));
	assert_span(address.uri.params, "lr");
	assert_span(message_record_route_text(m, 0), "<sip:p1;lr>;x=y");
	assert_span(message_record_route_text(m, 1), "<sip:p2;lr>");
	assert_int_equal(message_record_route_text(m, 2).len, 0);
	message_unref(m);
}

static void a_contact_may_be_a_star(void **state)
{
	struct message *m =
		parse_sound("REGISTER sip:example.com SIP/2.0\r\n" VIA
			    "From: <sip:a@x>;tag=1\r\nTo: <sip:a@x>\r\nCall-ID: c\r\n"
			    "CSeq: 7 REGISTER\r\nContact: *\r\n\r\n");
	struct message_address contact;

	(void)state;
	assert_false(message_contact_usable(m, &contact));
	assert_true(message_contact(m, 0, &contact));
	assert_span(contact.uri.whole, "*");
	assert_int_equal(contact.uri.scheme.len, 0);
	message_unref(m);
}

static void headers_are_found_by_any_name(void **state)
{
	struct message *m = invite(
		"k: 100rel , timer\r\nSupported: replaces\r\n"
		"x: 1800;refresher=uac\r\nDiversion: <tel:+1>;reason=x\r\n"
		"dIVERSION: <tel:+2>\r\nP-Asserted-Identity: <sip:p@x>, <tel:+3>\r\n"
		"Subject:   spaced   out \r\nRAck: 1 2 INVITE\r\n");
	struct span value;

	(void)state;
	assert_true(message_header(m, "supported", 0, &value));
	assert_span(value, "100rel, timer, replaces");
	assert_false(message_header(m, "Supported", 1, &value));
	assert_true(message_header(m, "Session-Expires", 0, &value));
	assert_span(value, "1800;refresher=uac");
	assert_true(message_header(m, "DIVERSION", 1, &value));
	assert_span(value, "<tel:+2>");
	assert_false(message_header(m, "Diversion", 2, &value));
	assert_true(message_header(m, "P-Asserted-Identity", 1, &value));
	assert_span(value, "<tel:+3>");
	assert_true(message_header(m, "Subject", 0, &value));
	assert_span(value, "spaced   out");
	assert_true(message_header(m, "RAck", 0, &value));
	assert_span(value, "1 2 INVITE");
	assert_false(message_header(m, "Replaces", 0, &value));
	assert_false(message_header(m, "X-None", 0, &value));
	message_unref(m);
}

static void a_header_is_printed_once(void **state)
{
	struct message *m = invite("Supported: a, b\r\n");
	struct span first, second;

	(void)state;
	assert_true(message_header(m, "Supported", 0, &first));
	assert_true(message_header(m, "Supported", 0, &second));
	assert_ptr_equal(first.p, second.p);
	message_unref(m);
}

/* However many and however long they are, none takes the place of another. */
static void what_was_printed_stays(void **state)
{
	char headers[3000];
	char expected[80];
	struct span values[30];

	(void)state;
	for (int width = 1; width < 40; width++) {
		struct message *m;
		size_t len = 0;

		for (int i = 0; i < 30; i++)
			len += (size_t)sprintf(headers + len,
				"Contact: <sip:%0*d@example.com>\r\n", width, i);
		m = invite(headers);
		for (unsigned i = 0; i < 30; i++)
			assert_true(message_header(m, "Contact", i, &values[i]));
		for (int i = 0; i < 30; i++) {
			snprintf(expected, sizeof expected, "<sip:%0*d@example.com>",
				width, i);
			assert_span(values[i], expected);
		}
		message_unref(m);
	}
}

/* Lists of every length around the printer's block sizes: none is cut. */
static void long_headers_are_printed_whole(void **state)
{
	char headers[3000];

	(void)state;
	for (size_t count = 100; count < 400; count++) {
		size_t len = 0;
		struct message *m;
		struct span value;

		len += (size_t)sprintf(headers, "Supported: ");
		for (size_t i = 0; i < count; i++)
			len += (size_t)sprintf(headers + len, i == 0 ? "ab" : ",cde");
		strcpy(headers + len, "\r\n");
		m = invite(headers);
		assert_true(message_header(m, "Supported", 0, &value));
		assert_int_equal(value.len, 2 + (count - 1) * 5);
		assert_null(memchr(value.p, '\0', value.len));
		assert_true(message_lists(m, "Supported", count > 1 ? "cde" : "ab"));
		/* and what was received is as it was */
		assert_true(message_line(m, "Supported", 0, &value));
		assert_memory(value, headers + strlen("Supported: "), len - 11, __LINE__);
		message_unref(m);
	}
}

static void a_long_request_uri_is_printed_whole(void **state)
{
	char text[6000];
	char user[4000];
	struct message *m;

	(void)state;
	memset(user, 'u', sizeof user);
	user[sizeof user - 1] = '\0';
	snprintf(text, sizeof text,
		"INVITE sip:%s@example.com SIP/2.0\r\n" VIA REST "\r\n", user);
	m = parse_sound(text);
	assert_int_equal(message_request_uri(m)->user.len, sizeof user - 1);
	message_unref(m);
}

static void tokens_are_listed_whatever_their_case_and_line(void **state)
{
	struct message *m =
		invite("Supported: 100rel,timer\r\nk: Replaces\r\n"
		       "Require:\r\nX-List: a, b\r\nX-List: c\r\nAllow: INVITE, ACK\r\n");

	(void)state;
	assert_true(message_lists(m, "Supported", "timer"));
	assert_true(message_lists(m, "Supported", "REPLACES"));
	assert_false(message_lists(m, "Supported", "time"));
	assert_false(message_lists(m, "Require", "100rel"));
	assert_false(message_lists(m, "Unsupported", "100rel"));
	assert_true(message_lists(m, "X-List", "c"));
	assert_true(message_lists(m, "Allow", "ACK"));
	message_unref(m);
}

static void a_body_may_hold_any_bytes(void **state)
{
	static const char text[] = "INVITE sip:b@example.com SIP/2.0\r\n" VIA REST
				   "Content-Length: 4\r\n\r\na\0\r\n";
	struct message_fault fault;
	struct message *m;

	(void)state;
	assert_int_equal(message_parse(&m, text, sizeof text - 1, &fault), 0);
	assert_int_equal(fault.status, 0);
	assert_memory(message_body(m), "a\0\r\n", 4, __LINE__);
	message_unref(m);
}

/* ANSWER is the status line that it would be refused with, from the status on. */
static void assert_fault(
	const char *start, const char *headers, const char *answer, bool can_answer)
{
	char text[2048];
	char found[200];
	struct message_fault fault;
	struct message *m;

	snprintf(text, sizeof text, "%s\r\n%s\r\n", start, headers);
	m = parse(text, &fault);
	snprintf(found, sizeof found, "%d %s", fault.status,
		fault.reason != NULL ? fault.reason : "");
	if (strcmp(found, answer) != 0)
		fail_msg("%s: expected %s, got %s", text, answer, found);
	assert_int_equal(message_can_answer(m), can_answer);
	message_unref(m);
}

#define START "INVITE sip:b@example.com SIP/2.0"

static void faults_of_the_start_line_can_be_answered(void **state)
{
	static const struct {
		const char *line, *answer;
	} cases[] = {
		{"INVITE sip:b@example.com SIP/3.0", "505 Version Not Supported"},
		{"INVITE sip:b@example.com SIP/20.01", "505 Version Not Supported"},
		{"INVITE sip:b@example.com SIP/2", "400 Bad Request Line"},
		{"INVITE sip:b@example.com SIP/2.", "400 Bad Request Line"},
		{"INVITE sip:b@example.com SIP/", "400 Bad Request Line"},
		{"INVITE sip:b@example.com SIP/.0", "400 Bad Request Line"},
		{"INVITE sip:b@example.com SIP/2.0a", "400 Bad Request Line"},
		{"INVITE sip:b@example.com HTTP/2.0", "400 Bad Request Line"},
		{"INVITE sip:b@example.com SIP", "400 Bad Request Line"},
		{"INVITE sip:b@example.com", "400 Bad Request Line"},
		{"INVITE", "400 Bad Request Line"},
		{"INVITE sip:b@example.com  SIP/2.0", "400 Bad Request Line"},
		{"INVITE sip:b@example.com SIP/2.0 x", "400 Bad Request Line"},
		{"INVITE mailto:b@example.com SIP/2.0", "416 Unsupported URI Scheme"},
		{"INVITE sip:b@example.com?a=b SIP/2.0", "400 Headers In Request-URI"},
		{"INVITE b SIP/2.0", "400 Bad Request-URI"},
		{"INVITE b SIP/3.0", "505 Version Not Supported"},
		{"SIP/2.0 99 x", "400 Bad Status Line"},
		{"SIP/2.0 099 x", "400 Bad Status Code"},
		{"SIP/2.0 700 x", "400 Bad Status Code"},
		{"SIP/2.0 2x0 x", "400 Bad Status Code"},
		{"SIP/2.0 20: x", "400 Bad Status Code"},
		{"SIP/2.0 2000 x", "400 Bad Status Line"},
		{"SIP/2.0 20", "400 Bad Status Line"},
		{"SIP/2.0", "400 Bad Status Line"},
		{"SIP/1.0 200 OK", "400 Bad Status Line"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		assert_fault(cases[i].line, VIA REST, cases[i].answer, true);
}

static void a_faulty_start_line_leaves_a_placeholder(void **state)
{
	struct message_fault fault;
	struct message *m = parse("INVITE <sip:b> SIP/2.0\r\n" VIA REST "\r\n", &fault);

	(void)state;
	assert_int_equal(fault.status, 400);
	assert_string_equal(fault.reason, "Bad Request-URI");
	assert_int_equal(message_method(m), MESSAGE_INVITE);
	assert_span(message_request_uri(m)->whole, "sip:fault.invalid");
	message_unref(m);
}

static void mandatory_headers_are_demanded(void **state)
{
	(void)state;
	assert_fault(START, REST, "400 No Via", false);
	assert_fault(START, VIA "To: <sip:b@x>\r\nCall-ID: c\r\nCSeq: 1 INVITE\r\n",
		"400 No From", false);
	assert_fault(START, VIA "From: <sip:b@x>\r\nCall-ID: c\r\nCSeq: 1 INVITE\r\n",
		"400 No To", false);
	assert_fault(START, VIA "From: <sip:b@x>\r\nTo: <sip:b@x>\r\nCSeq: 1 INVITE\r\n",
		"400 No Call-ID", false);
	assert_fault(START, VIA "From: <sip:b@x>\r\nTo: <sip:b@x>\r\nCall-ID: c\r\n",
		"400 No CSeq", false);
}

/* VIA, From, To, Call-ID and CSeq, one of them replaced. */
static void assert_bad(
	const char *name, const char *value, const char *answer, bool can_answer)
{
	static const char *const names[] = {"Via", "From", "To", "Call-ID", "CSeq"};
	static const char *const values[] = {"SIP/2.0/UDP h;branch=z9hG4bKa",
		"<sip:a@x>;tag=1", "<sip:b@x>", "c", "1 INVITE"};
	char headers[1024];
	size_t len = 0;

	for (size_t i = 0; i < 5; i++) {
		bool same = strcmp(names[i], name) == 0;

		len += (size_t)snprintf(headers + len, sizeof headers - len, "%s: %s\r\n",
			names[i], same ? value : values[i]);
	}
	assert_fault(START, headers, answer, can_answer);
}

static void malformed_mandatory_headers_are_answered_where_possible(void **state)
{
	(void)state;
	assert_bad("Via", "junk", "400 Bad Via", false);
	assert_bad("Via", "HTTP/1.1/TCP h", "400 Bad Via", true);
	assert_bad("Via", "SIP/2.0/UDP$ h", "400 Bad Via", false);
	assert_bad("Via", "SIP/2.0/UDP h, SIP/2.0/UDP a:65536", "400 Bad Via", true);
	assert_bad("Via", "SIP/2.0/UDP h;;,;,,", "400 Bad Via", true);
	assert_bad("From", "\"a <sip:a@x>, <sip:b@x>;tag=1", "400 Bad From", true);
	assert_bad("From", "*", "400 Bad From", true);
	assert_bad("From", "<sip:a@x>, <sip:b@x>", "400 Bad From", true);
	assert_bad("From", "<sip:a@x:70000>", "400 Bad From", true);
	assert_bad("To", "<>", "400 Bad To", true);
	assert_bad("To", "<nothing>", "400 Bad To", true);
	assert_bad("Call-ID", "a b", "400 Bad Call-ID", true);
	assert_bad("Call-ID", "a\x7f", "400 Bad Call-ID", true);
	assert_bad("Call-ID", "", "400 No Call-ID", false);
	assert_bad("CSeq", "2147483648 INVITE", "400 Bad CSeq", true);
	assert_bad("CSeq", "99999999999 INVITE", "400 Bad CSeq", true);
	assert_bad("CSeq", "x INVITE", "400 Bad CSeq", true);
	assert_bad("CSeq", "1 BYE", "400 CSeq Method Mismatch", true);
	assert_bad("CSeq", "1", "400 Bad CSeq", true);
}

static void a_malformed_address_is_kept_as_text(void **state)
{
	struct message_fault fault;
	struct message *m =
		parse(START "\r\n" VIA "From:  \"open <sip:a@x;tag=1 \r\n"
			    "To: <sip:b@x>\r\nCall-ID: c\r\nCSeq: 1 INVITE\r\n\r\n",
			&fault);

	(void)state;
	assert_int_equal(fault.status, 400);
	assert_string_equal(fault.header, "From");
	assert_span(message_from(m)->whole, "\"open <sip:a@x;tag=1");
	message_unref(m);
}

static void a_repeated_single_header_is_a_fault(void **state)
{
	(void)state;
	assert_fault(START, VIA REST "Call-ID: d\r\n", "400 Repeated Call-ID", true);
	assert_fault(START, VIA REST "t: <sip:c@x>\r\n", "400 Repeated To", true);
	assert_fault(START, VIA REST "Max-Forwards: 1\r\nMax-Forwards: 1\r\n",
		"400 Repeated Max-Forwards", true);
	assert_fault(START, VIA REST "CSeq: 7 INVITE\r\n", "400 Repeated CSeq", true);
	assert_fault(START, VIA REST "f: <sip:c@x>;tag=1\r\n", "400 Repeated From", true);
}

static void malformed_headers_are_faults_where_they_matter(void **state)
{
	static const struct {
		const char *headers, *answer;
	} cases[] = {
		{VIA REST "Max-Forwards: 256\r\n", "400 Bad Max-Forwards"},
		{VIA REST "Max-Forwards: -1\r\n", "400 Bad Max-Forwards"},
		{VIA REST "Contact: <sip:a b@x>\r\n", "400 Bad Contact"},
		{VIA REST "Contact: *\r\n", "400 Bad Contact"},
		{VIA REST "Contact: <tel:+4930111>\r\n", "400 Bad Contact"},
		{VIA REST "Record-Route: <sip:x:99999>\r\n", "400 Bad Record-Route"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		assert_fault(START, cases[i].headers, cases[i].answer, true);
}

static void a_body_that_is_not_all_there_is_a_fault(void **state)
{
	struct message_fault fault;
	struct message *m;

	(void)state;
	m = parse(START "\r\n" VIA REST "Content-Length: 5\r\n\r\nabc", &fault);
	assert_int_equal(fault.status, 400);
	assert_string_equal(fault.reason, "Content-Length Mismatch");
	assert_string_equal(fault.header, "Content-Length");
	assert_span(message_body(m), "abc");
	message_unref(m);
	m = parse(START "\r\n" VIA REST, &fault);
	assert_int_equal(fault.status, 400);
	assert_string_equal(fault.reason, "Headers Without End");
	assert_null(fault.header);
	assert_int_equal(message_body(m).len, 0);
	message_unref(m);
}

static void what_has_no_start_line_is_no_message(void **state)
{
	static const char *const texts[] = {"", "INVITE", "\r\n",
		" INVITE sip:a SIP/2.0\r\n\r\n", "IN@ITE sip:a@b SIP/2.0\r\n\r\n"};
	struct message *m = NULL;
	struct message_fault fault;

	(void)state;
	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
		assert_int_equal(message_parse(&m, texts[i], strlen(texts[i]), &fault),
			ERR_FORMAT);
	assert_null(m);
}

static void without_a_line_end_there_are_no_lines(void **state)
{
	struct message_fault fault;
	struct message *m = parse(START "\r", &fault);
	struct span value;

	(void)state;
	assert_int_equal(fault.status, 400);
	assert_false(message_can_answer(m));
	assert_false(message_line(m, "Via", 0, &value));
	message_unref(m);
}

static void a_message_over_the_framers_limit_is_refused(void **state)
{
	char *data = calloc(1, FRAMER_MAX_MESSAGE + 1);
	struct message *m;
	struct message_fault fault;

	(void)state;
	assert_non_null(data);
	strcpy(data, START "\r\n" VIA REST "\r\n");
	assert_int_equal(
		message_parse(&m, data, FRAMER_MAX_MESSAGE + 1, &fault), ERR_FORMAT);
	free(data);
}

/* RFC 3261 20.33: a comment and parameters may follow; nobody means more than nine digits. */
static void seconds_are_read(void **state)
{
	static const struct {
		const char *text;
		bool good;
		uint32_t seconds;
	} cases[] = {
		{"0", true, 0},
		{"120", true, 120},
		{" 18000;duration=3600 ", true, 18000},
		{"120 (I'm in a meeting)", true, 120},
		{"999999999", true, 999999999},
		{"1000000000", true, 999999999},
		{"99999999999999999999999", true, 999999999},
		{"", false, 0},
		{" ", false, 0},
		{"-1", false, 0},
		{"soon", false, 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint32_t seconds = 7;

		assert_int_equal(
			message_seconds(span_of(cases[i].text), &seconds), cases[i].good);
		assert_int_equal(seconds, cases[i].good ? cases[i].seconds : 7);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(seconds_are_read),
		cmocka_unit_test(a_request_is_split_into_its_parts),
		cmocka_unit_test(a_response_is_split_into_its_parts),
		cmocka_unit_test(a_reason_phrase_may_be_missing),
		cmocka_unit_test(methods_have_names_and_numbers),
		cmocka_unit_test(references_keep_a_message),
		cmocka_unit_test(addresses_have_display_names_and_tags),
		cmocka_unit_test(parameters_without_brackets_are_the_headers),
		cmocka_unit_test(needless_escapes_are_undone_and_others_kept),
		cmocka_unit_test(folds_are_blanks),
		cmocka_unit_test(the_top_via_is_split),
		cmocka_unit_test(a_bare_via_has_empty_parts),
		cmocka_unit_test(contacts_and_routes_count_by_element),
		cmocka_unit_test(a_contact_may_be_a_star),
		cmocka_unit_test(headers_are_found_by_any_name),
		cmocka_unit_test(a_header_is_printed_once),
		cmocka_unit_test(what_was_printed_stays),
		cmocka_unit_test(long_headers_are_printed_whole),
		cmocka_unit_test(a_long_request_uri_is_printed_whole),
		cmocka_unit_test(tokens_are_listed_whatever_their_case_and_line),
		cmocka_unit_test(a_body_may_hold_any_bytes),
		cmocka_unit_test(faults_of_the_start_line_can_be_answered),
		cmocka_unit_test(a_faulty_start_line_leaves_a_placeholder),
		cmocka_unit_test(mandatory_headers_are_demanded),
		cmocka_unit_test(malformed_mandatory_headers_are_answered_where_possible),
		cmocka_unit_test(a_malformed_address_is_kept_as_text),
		cmocka_unit_test(a_repeated_single_header_is_a_fault),
		cmocka_unit_test(malformed_headers_are_faults_where_they_matter),
		cmocka_unit_test(a_body_that_is_not_all_there_is_a_fault),
		cmocka_unit_test(what_has_no_start_line_is_no_message),
		cmocka_unit_test(without_a_line_end_there_are_no_lines),
		cmocka_unit_test(a_message_over_the_framers_limit_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
