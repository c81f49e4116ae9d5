/*
 * Faults in headers that neither route nor answer, bound or begin a dialog: the message is
 * served, and the header named. RFC 3261 8.2, 16.3.
 */
#include "../unit.h"

#include "sip/compose.h"
#include "sip/message.h"

#include <stdio.h>
#include <string.h>

#define VIA "Via: SIP/2.0/UDP 192.0.2.4:5060;branch=z9hG4bKx\r\n"
#define FROM "From: <sip:a@192.0.2.4>;tag=f\r\n"
#define TO "To: <sip:b@192.0.2.1>\r\n"
#define REST "Call-ID: c\r\nCSeq: 7 INVITE\r\n"
#define INVITE "INVITE sip:b@192.0.2.1 SIP/2.0\r\n"

static struct message *parse(const char *text, struct message_fault *fault)
{
	struct message *message = NULL;

	assert_int_equal(message_parse(&message, text, strlen(text), fault), 0);
	return message;
}

/* START, HEADERS in the place of those of the same names, and an empty line. */
static struct message *parse_with(
	const char *start, const char *headers, struct message_fault *fault)
{
	char text[4096];
	bool has_from = strstr(headers, "From:") != NULL;
	bool has_to = strncmp(headers, "To:", 3) == 0 || strstr(headers, "\nTo:") != NULL;
	bool has_via = strstr(headers, "Via:") != NULL;

	snprintf(text, sizeof text, "%s%s%s%s" REST "%s\r\n", start, has_via ? "" : VIA,
		has_from ? "" : FROM, has_to ? "" : TO, headers);
	return parse(text, fault);
}

static void assert_span(struct span span, const char *text)
{
	if (!span_equal_str(span, text))
		fail_msg("expected '%s', got '%.*s'", text, SPAN_ARG(span));
}

static bool names(const struct message *message, const char *header)
{
	for (unsigned i = 0; i < message_tolerated(message); i++) {
		if (strcmp(message_tolerated_name(message, i), header) == 0)
			return true;
	}
	return false;
}

static const struct {
	const char *headers;
	const char *name; /* that it is tolerated as; NULL: nothing is wrong with it */
} others[] = {
	{"User-Agent: a\r\nUser-Agent: b\r\n", "User-Agent"},
	{"Server: a\r\nServer: b\r\n", "Server"},
	{"Subject: a\r\ns: b\r\n", "Subject"},
	{"Organization: a\r\nOrganization: b\r\n", "Organization"},
	{"Date: Thu, 21 Feb 2002 13:02:03 GMT\r\nDate: Thu, 21 Feb 2002 13:02:04 GMT\r\n",
		"Date"},
	{"Date: yesterday\r\n", "Date"},
	{"Session-Expires: 90\r\nx: 90\r\n", "Session-Expires"},
	{"Session-Expires: \r\n", "Session-Expires"},
	{"Session-Expires: soon\r\n", "Session-Expires"},
	{"Min-SE: x\r\n", "Min-SE"},
	{"P-Asserted-Identity: \r\n", "P-Asserted-Identity"},
	{"P-Asserted-Identity: M\303\274ller <sip:+49@x>\r\n", "P-Asserted-Identity"},
	{"Allow: INVITE ACK BYE\r\n", "Allow"},
	{"Content-Disposition: \r\n", "Content-Disposition"},
	{"Content-Type: nothing\r\n", "Content-Type"},
	{"Warning: 399\r\n", "Warning"},
	{"Reason: ;;\r\n", "Reason"},
	{"Accept: /\r\n", "Accept"},
	{"Expires: never\r\n", "Expires"},
	{"Timestamp: now\r\n", "Timestamp"},
	{"RAck: x\r\n", "RAck"},
	{"RSeq: x\r\n", "RSeq"},
	{"Replaces: ;\r\n", "Replaces"},
	{"Refer-To: <sip:\r\n", "Refer-To"},
	{"Route: *\r\n", NULL},
	{"Route: <nothing>\r\n", NULL},
	{"Supported:\r\n", NULL},
	{"Allow:\r\n", NULL},
	{"Foo bar\r\n", "(a line that is no header)"},
	{": nameless\r\n", "(a line that is no header)"},
	{"X Y: z\r\n", "(a line that is no header)"},
};

static void assert_served(const char *start, const char *headers, const char *name)
{
	struct message_fault fault;
	struct message *m = parse_with(start, headers, &fault);

	if (fault.status != 0)
		fail_msg("%s%s: %s", start, headers, fault.reason);
	if (name != NULL && !names(m, name))
		fail_msg("%s: not named", headers);
	assert_true(message_can_answer(m));
	message_unref(m);
}

static void other_headers_never_refuse_a_request_or_drop_a_response(void **state)
{
	static const char *const starts[] = {INVITE, "SIP/2.0 180 Ringing\r\n",
		"SIP/2.0 200 OK\r\n", "SIP/2.0 486 Busy Here\r\n"};

	(void)state;
	for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
		for (size_t k = 0; k < sizeof starts / sizeof starts[0]; k++)
			assert_served(starts[k], others[i].headers, others[i].name);
	}
}

/* Each once, and a few of them. */
static void what_was_tolerated_is_named_up_to_a_number(void **state)
{
	static const char *const named[] = {
		"Date", "Min-SE", "Allow", "RAck", "RSeq", "Expires"};
	struct message_fault fault;
	struct message *m = parse_with(INVITE,
		"Date: x\r\nMin-SE: x\r\nDate: y\r\nAllow: A B\r\nRAck: x\r\n"
		"RSeq: x\r\nExpires: never\r\nMin-SE: y\r\nReplaces: ;\r\n",
		&fault);

	(void)state;
	assert_int_equal(fault.status, 0);
	assert_int_equal(message_tolerated(m), 6);
	for (size_t i = 0; i < sizeof named / sizeof named[0]; i++)
		assert_string_equal(message_tolerated_name(m, (unsigned)i), named[i]);
	assert_false(names(m, "Replaces"));
	message_unref(m);
}

static void a_sound_message_has_nothing_to_tolerate(void **state)
{
	struct message_fault fault;
	struct message *m = parse_with(INVITE,
		"Contact: <sip:a@192.0.2.4>\r\nSupported: timer\r\nX-A: y\r\n", &fault);

	(void)state;
	assert_int_equal(fault.status, 0);
	assert_int_equal(message_tolerated(m), 0);
	message_unref(m);
}

/* What a From line is read as. */
static const struct {
	const char *line;
	const char *display;
	const char *user;
} froms[] = {
	{"M\303\274ller <sip:+49@x>;tag=f", "\"M\303\274ller\"", "+49"},
	{"M\374ller <sip:+49@x>;tag=f", "\"M\303\274ller\"", "+49"},
	{"Bell, Alexander <sip:bell@x>;tag=f", "\"Bell, Alexander\"", "bell"},
	{"Sales (Berlin) & Co @ home <sip:s@x>;tag=f", "\"Sales (Berlin) & Co @ home\"",
		"s"},
	{"\"open <sip:o@x>;tag=f", "\"open\"", "o"},
	{"shut\" <sip:o@x>;tag=f", "\"shut\"", "o"},
	{"5\" disk <sip:o@x>;tag=f", "\"5\\\" disk\"", "o"},
	{"\"a\\\" <sip:o@x>;tag=f", "\"a\\\\\"", "o"},
	{"< sip:o@x >;tag=f", "", "o"},
	{"<sip:@x>;tag=f", "", ""},
	{"\"An\" <sip:@x>;tag=f", "\"An\"", ""},
	{"\"a<b\" <sip:o@x>;tag=f", "\"a<b\"", "o"},
	{"a;b <sip:o@x>;tag=f", "\"a;b\"", "o"},
	{"\"a\001b\" <sip:o@x>;tag=f", "\"a b\"", "o"},
	{"\"a\177b\" <sip:o@x>;tag=f", "\"a b\"", "o"},
	{"\"a\tb\" <sip:o@x>;tag=f", "\"a\tb\"", "o"},
	{"sip:o@x;tag=f", "", "o"},
};

static void names_without_their_quotes_get_them(void **state)
{
	char headers[256];

	(void)state;
	for (size_t i = 0; i < sizeof froms / sizeof froms[0]; i++) {
		struct message_fault fault;
		const struct message_address *from;
		struct message *m;

		snprintf(headers, sizeof headers, "From: %s\r\n", froms[i].line);
		m = parse_with(INVITE, headers, &fault);
		from = message_from(m);
		if (fault.status != 0)
			fail_msg("%s: %s", froms[i].line, fault.reason);
		assert_span(from->display, froms[i].display);
		assert_span(from->uri.user, froms[i].user);
		assert_span(from->tag, "f");
		message_unref(m);
	}
}

/* RFC 3261 8.2.6.2: equal to what came, faults and all. */
static void an_answer_repeats_what_came(void **state)
{
	struct message_fault fault;
	struct message *m = parse_with(INVITE,
		"Via: SIP/2.0/UDP "
		"192.0.2.4;;branch=z9hG4bK{1};rport=;x;received=9.9.9.9, "
		"SIP/2.0/TCP p2:5061;branch=b;;x\r\nFrom: M\303\274ller "
		"<sip:+49@x>;tag=f\r\n",
		&fault);
	struct buf out;

	(void)state;
	assert_int_equal(fault.status, 0);
	assert_span(message_via(m)->branch, "z9hG4bK{1}");
	assert_true(message_via(m)->rport);
	assert_int_equal(message_via_count(m), 2);
	assert_true(names(m, "Via"));
	assert_true(names(m, "From"));
	buf_init(&out, 0);
	message_set_received(m, "192.0.2.9", 5070);
	assert_int_equal(compose_response(&out, m, 100, NULL, NULL), 0);
	assert_non_null(strstr(buf_str(&out),
		"Via: SIP/2.0/UDP "
		"192.0.2.4;branch=z9hG4bK{1};x;received=192.0.2.9;rport=5070\r\n"
		"Via: SIP/2.0/TCP p2:5061;branch=b;;x\r\n"
		"From: M\303\274ller <sip:+49@x>;tag=f\r\n"));
	buf_free(&out);
	message_unref(m);
}

static const struct {
	const char *via;
	const char *host;
	uint16_t port;
	const char *branch;
	bool rport;
} vias[] = {
	{"SIP/2.0/UDP h;;branch=z9hG4bKa", "h", 0, "z9hG4bKa", false},
	{"SIP/2.0/UDP h;rport=;branch=z9hG4bKa", "h", 0, "z9hG4bKa", true},
	{"SIP/2.0/UDP h;rport=x;branch=z9hG4bKa", "h", 0, "z9hG4bKa", true},
	{"SIP/2.0/UDP h:5062;branch=z9hG4bK/a=b\"c", "h", 5062, "z9hG4bK/a=b\"c", false},
	{"SIP/2.0/UDP 2001:db8::5;branch=z9hG4bKa", "2001:db8::5", 0, "z9hG4bKa", false},
	{"SIP/2.0/UDP [2001:db8::5]:5080;;branch=z9hG4bKa", "[2001:db8::5]", 5080,
		"z9hG4bKa", false},
	{"SIP / 2.0 / UDP h : 5061 ; ; branch = z9hG4bKa ;", "h", 5061, "z9hG4bKa",
		false},
	{"SIP/2.0/UDP h:;branch=z9hG4bKa", "h", 0, "z9hG4bKa", false},
	{"SIP/2.0/UDP h;branch=z9hG4bKa, SIP/2.0/UDP p;;x", "h", 0, "z9hG4bKa", false},
};

static void a_via_is_read_where_it_can_be_read(void **state)
{
	char headers[256];

	(void)state;
	for (size_t i = 0; i < sizeof vias / sizeof vias[0]; i++) {
		struct message_fault fault;
		struct message *m;

		snprintf(headers, sizeof headers, "Via: %s\r\n", vias[i].via);
		m = parse_with(INVITE, headers, &fault);
		if (fault.status != 0 || !message_can_answer(m))
			fail_msg("%s: %s", vias[i].via, fault.reason);
		assert_span(message_via(m)->host, vias[i].host);
		assert_int_equal(message_via(m)->port, vias[i].port);
		assert_span(message_via(m)->branch, vias[i].branch);
		assert_int_equal(message_via(m)->rport, vias[i].rport);
		message_unref(m);
	}
}

static void a_via_that_cannot_be_read_is_named(void **state)
{
	static const char *const bad[] = {"Via: SIP/2.0/UDP ;branch=z9hG4bKa\r\n",
		"Via: SIP/2.0/UDP h:99999;;\r\n", "Via: SIP/2.0 h;;\r\n",
		"Via: SIP/2.0/UDP a b;branch=z9hG4bKa\r\n", "Via: \r\n"};
	struct message_fault fault;

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		struct message *m = parse_with(INVITE, bad[i], &fault);

		assert_int_equal(fault.status, 400);
		assert_string_equal(fault.header, "Via");
		assert_false(message_can_answer(m));
		message_unref(m);
	}
}

/* In a response the second Via says nothing to us. */
static void a_response_needs_its_top_via_alone(void **state)
{
	struct message_fault fault;
	struct message *m = parse_with(
		"SIP/2.0 200 OK\r\n", VIA "Via: SIP/2.0/UDP p:99999\r\n", &fault);

	(void)state;
	assert_int_equal(fault.status, 0);
	assert_span(message_via(m)->branch, "z9hG4bKx");
	message_unref(m);
}

static void a_response_needs_the_tags_of_from_and_to_alone(void **state)
{
	static const char *const lines[] = {"From: <>;tag=f\r\nTo: *;tag=t\r\n",
		"From: <nothing>;tag=f\r\nTo: <sip:a b@x>;tag=t\r\n",
		"From: <sip:a@x>;tag=f\r\nf: <sip:b@x>;tag=g\r\nTo: <sip:b@x;tag=t\r\n",
		"From: \"x <sip:a@x>;tag=f\r\nTo: <sip:b@x>;tag=t\r\nTo: "
		"<sip:b@x>;tag=t\r\n"};
	struct message_fault fault;

	(void)state;
	for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
		struct message *m = parse_with("SIP/2.0 200 OK\r\n", lines[i], &fault);

		if (fault.status != 0)
			fail_msg("%s: %s", lines[i], fault.reason);
		assert_span(message_from(m)->tag, "f");
		if (i != 2)
			assert_span(message_to(m)->tag, "t");
		message_unref(m);
	}
}

static void within_a_dialog_the_tags_are_enough(void **state)
{
	struct message_fault fault;
	struct message *m =
		parse_with(INVITE, "From: <nothing>;tag=f\r\nTo: <>;tag=t\r\n", &fault);

	(void)state;
	assert_int_equal(fault.status, 0);
	message_unref(m);
	m = parse_with(INVITE, "From: <nothing>;tag=f\r\n", &fault);
	assert_int_equal(fault.status, 400);
	assert_string_equal(fault.header, "From");
	message_unref(m);
}

static void two_meanings_are_a_fault(void **state)
{
	static const char *const lines[] = {"From: \"Mr <sip:a@x> <sip:b@x>;tag=f\r\n",
		"From: <sip:a@x>;tag=f, <sip:b@x>;tag=g\r\n",
		"From: \xc3\xa4 <sip:a@x>;tag=f g\r\n",
		"From: \xc3\xa4 <sip:a@x>;tag=\xe4 g\r\n",
		"From: \xc3\xa4 <sip:a@x>;tag=\xe4g\r\n",
		"From: \xc3\xa4 <sip:a@x>;tag=g\xe4\r\n"};
	struct message_fault fault;

	(void)state;
	for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
		struct message *m = parse_with(INVITE, lines[i], &fault);

		if (fault.status != 400)
			fail_msg("%s: served", lines[i]);
		assert_string_equal(fault.reason, "Bad From");
		message_unref(m);
	}
}

/* What a Contact header gives as remote target; NULL: nothing. */
static const struct {
	const char *headers;
	const char *uri;
} contacts[] = {
	{"Contact: J\303\274rgen <sip:b@x:5080>\r\n", "sip:b@x:5080"},
	{"Contact: <sip:b@x>;expires=soon;q=2.0;;\r\n", "sip:b@x"},
	{"Contact: < sip:b@x >\r\n", "sip:b@x"},
	{"Contact: <tel:+4930111>, <sip:b@x>\r\n", "sip:b@x"},
	{"Contact: <nothing>, \"n\" <sips:b@x;transport=tls>\r\n",
		"sips:b@x;transport=tls"},
	{"Contact: <nothing>\r\nm: <sip:b@x>\r\n", "sip:b@x"},
	{"Contact: sip:b@x;q=0.5\r\n", "sip:b@x"},
	{"Contact: *\r\n", NULL},
	{"Contact: \r\n", NULL},
	{"Contact: <>\r\n", NULL},
	{"Contact: <tel:+4930111>\r\n", NULL},
	{"Contact: <mailto:a@b>\r\n", NULL},
	{"Contact: <sip:a b@x>\r\n", NULL},
	{"", NULL},
};

static void a_contact_is_used_where_it_can_be(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof contacts / sizeof contacts[0]; i++) {
		struct message_address contact;
		struct message_fault fault;
		struct message *m =
			parse_with("SIP/2.0 200 OK\r\n", contacts[i].headers, &fault);
		bool usable = message_contact_usable(m, &contact);

		assert_int_equal(fault.status, 0);
		if (usable != (contacts[i].uri != NULL))
			fail_msg("%s: %d", contacts[i].headers, usable);
		if (usable)
			assert_span(contact.uri.whole, contacts[i].uri);
		message_unref(m);
	}
}

static void targets_that_cannot_be_read_are_named(void **state)
{
	static const char ok[] = "SIP/2.0 200 OK\r\n";

	(void)state;
	assert_served(ok, "Contact: <sip:b@x:99999>\r\n", "Contact");
	assert_served(ok, "Contact: <sip:a b@x>\r\n", "Contact");
	assert_served(ok, "Record-Route: <sip:x:99999;lr>\r\n", "Record-Route");
	assert_served(ok, "Record-Route: <nothing>\r\n", "Record-Route");
}

static void a_route_set_takes_what_can_be_read(void **state)
{
	const char *headers = "Record-Route: P\303\266rt <sip:p1;lr>;x, <nothing>, "
			      "<sip:p2;lr>\r\nRecord-Route: <sip:p3:99999>\r\n";
	struct message_address hop;
	struct message_fault fault;
	struct message *m = parse_with("SIP/2.0 200 OK\r\n", headers, &fault);

	(void)state;
	assert_int_equal(fault.status, 0);
	assert_true(message_record_route(m, 1, &hop));
	assert_span(hop.uri.whole, "sip:p2;lr");
	assert_false(message_record_route(m, 2, &hop));
	assert_span(message_record_route_text(m, 0), "<sip:p1;lr>;x");
	message_unref(m);
	m = parse_with(INVITE, headers, &fault);
	assert_int_equal(fault.status, 400);
	assert_string_equal(fault.header, "Record-Route");
	message_unref(m);
	m = parse_with(INVITE, "Record-Route: P\303\266rt <sip:p1;lr>\r\n", &fault);
	assert_int_equal(fault.status, 0);
	message_unref(m);
}

static void lines_and_elements_are_found_as_they_came(void **state)
{
	struct message_fault fault;
	struct message *m = parse_with(INVITE,
		"Diversion : <sip:a@x>;reason=\"a,b\" , Caf\303\251 <sip:b,c@x>\r\n"
		"diversion:\r\nDIVERSION: ,\"open <sip:d@x>,e\r\nk: a\r\nSupported: "
		"b\r\n",
		&fault);
	struct span value;

	(void)state;
	assert_int_equal(fault.status, 0);
	assert_true(message_element(m, "Diversion", 0, &value));
	assert_span(value, "<sip:a@x>;reason=\"a,b\"");
	assert_true(message_element(m, "Diversion", 1, &value));
	assert_span(value, "Caf\303\251 <sip:b,c@x>");
	assert_true(message_element(m, "Diversion", 2, &value));
	assert_span(value, "\"open <sip:d@x>");
	assert_true(message_element(m, "Diversion", 3, &value));
	assert_span(value, "e");
	assert_false(message_element(m, "Diversion", 4, &value));
	assert_true(message_line(m, "Supported", 0, &value));
	assert_span(value, "a");
	assert_true(message_line(m, "Supported", 1, &value));
	assert_span(value, "b");
	assert_false(message_line(m, "Supported", 2, &value));
	assert_true(message_line(m, "Diversion", 1, &value));
	assert_int_equal(value.len, 0);
	message_unref(m);
}

static void a_type_is_known_whatever_follows_it(void **state)
{
	static const char *const lines[] = {"Content-Type: application/sdp;\r\n",
		"Content-Type: application/sdp;;charset\r\n",
		"c: application/sdp ; =x\r\n", "Content-Type: application/sdp\r\n"};
	struct message_fault fault;

	(void)state;
	for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
		struct message *m = parse_with(INVITE, lines[i], &fault);

		assert_int_equal(fault.status, 0);
		assert_span(message_content_type(m), "application/sdp");
		message_unref(m);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(other_headers_never_refuse_a_request_or_drop_a_response),
		cmocka_unit_test(what_was_tolerated_is_named_up_to_a_number),
		cmocka_unit_test(a_sound_message_has_nothing_to_tolerate),
		cmocka_unit_test(names_without_their_quotes_get_them),
		cmocka_unit_test(an_answer_repeats_what_came),
		cmocka_unit_test(a_via_is_read_where_it_can_be_read),
		cmocka_unit_test(a_via_that_cannot_be_read_is_named),
		cmocka_unit_test(a_response_needs_its_top_via_alone),
		cmocka_unit_test(a_response_needs_the_tags_of_from_and_to_alone),
		cmocka_unit_test(within_a_dialog_the_tags_are_enough),
		cmocka_unit_test(two_meanings_are_a_fault),
		cmocka_unit_test(a_contact_is_used_where_it_can_be),
		cmocka_unit_test(targets_that_cannot_be_read_are_named),
		cmocka_unit_test(a_route_set_takes_what_can_be_read),
		cmocka_unit_test(lines_and_elements_are_found_as_they_came),
		cmocka_unit_test(a_type_is_known_whatever_follows_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
