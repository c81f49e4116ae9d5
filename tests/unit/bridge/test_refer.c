/* What a REFER asks for: read from the message, hostile ones too. */
#include "../unit.h"

#include "bridge/refer.h"

#include <stdio.h>
#include <string.h>

static struct message *message;
static struct refer refer;
static struct refer_fault fault;

static int stop(void **state)
{
	(void)state;
	message_unref(message);
	message = NULL;
	return 0;
}

/* A REFER that has HEADERS. */
static int read_refer(const char *headers)
{
	static char text[4096];
	struct message_fault parsed;

	snprintf(text, sizeof(text),
		"REFER sip:a@b SIP/2.0\r\nVia: SIP/2.0/UDP b;branch=z9hG4bK1\r\n"
		"From: <sip:b@b>;tag=1\r\nTo: <sip:a@a>;tag=2\r\nCall-ID: 1@b\r\n"
		"CSeq: 7 REFER\r\nMax-Forwards: 70\r\nContact: <sip:b@b>\r\n%s\r\n",
		headers);
	message_unref(message);
	message = NULL;
	assert_int_equal(message_parse(&message, text, strlen(text), &parsed), 0);
	fault = (struct refer_fault){.status = 0};
	return refer_read(&refer, message, &fault);
}

static void assert_span(struct span span, const char *text)
{
	if (!span_equal_str(span, text))
		fail_msg("%.*s instead of %s", SPAN_ARG(span), text);
}

static void the_number_is_read(void **state)
{
	(void)state;
	assert_int_equal(
		read_refer("Refer-To: \"B\" <sip:+49-30;ext=1@host;user=phone>\r\n"), 0);
	assert_span(refer.phone.number, "+49-30");
	assert_true(refer.phone.is_number);
	assert_false(refer.silent);
	assert_int_equal(refer.replaces.call_id.len, 0);
	assert_int_equal(refer.by.len, 0);
	assert_int_equal(read_refer("r: tel:+4930\r\n"), 0);
	assert_span(refer.phone.number, "+4930");
	assert_int_equal(read_refer("Refer-To: <sip:host;x-m=1>\r\n"), 0);
	assert_int_equal(refer.phone.number.len, 0);
	assert_span(refer.uri.params, "x-m=1");
	assert_int_equal(read_refer("Refer-To: <sips:b@host;method=INVITE>\r\n"), 0);
}

static void who_asks_is_read(void **state)
{
	(void)state;
	assert_int_equal(read_refer("Refer-To: <sip:b@c>\r\nReferred-By: \"A\" "
				    "<sip:a@b;x=1>;cid=\"x\"\r\n"),
		0);
	assert_span(refer.by, "sip:a@b;x=1");
	assert_int_equal(read_refer("Refer-To: <sip:b@c>\r\nReferred-By: ;;\r\n"), 0);
	assert_int_equal(refer.by.len, 0);
}

static void silence_is_asked_for_by_false_alone(void **state)
{
	(void)state;
	assert_int_equal(
		read_refer("Refer-To: <sip:b@c>\r\nRefer-Sub: False ;x=1\r\n"), 0);
	assert_true(refer.silent);
	assert_int_equal(read_refer("Refer-To: <sip:b@c>\r\nRefer-Sub: true\r\n"), 0);
	assert_false(refer.silent);
	assert_int_equal(read_refer("Refer-To: <sip:b@c>\r\nRefer-Sub:\r\n"), 0);
	assert_false(refer.silent);
}

static void what_cannot_be_done_has_its_status(void **state)
{
	static const struct {
		const char *headers;
		int status;
	} cases[] = {
		{"", 400},
		{"Refer-To:\r\n", 400},
		{"Refer-To: <sip:b@c>\r\nRefer-To: <sip:d@c>\r\n", 400},
		{"Refer-To: <mailto:a@b>\r\n", 416},
		{"Refer-To: <sip:b@c;method=SUBSCRIBE>\r\n", 501},
		{"Refer-To: <sip:b@c?Replaces=>\r\n", 400},
		{"Refer-To: <sip:b@c?Replaces=a>\r\n", 400},
		{"Refer-To: <sip:b@c?Replaces=a%3Bto-tag%3Db>\r\n", 400},
		{"Refer-To: <sip:b@c?Replaces=%3Bto-tag%3Db%3Bfrom-tag%3Dc>\r\n", 400},
		{"Refer-To: <sip:b@c?Replaces=a%0Ab%3Bto-tag%3Db%3Bfrom-tag%3Dc>\r\n",
			400},
		{"Refer-To: <sip:b@c?Replaces=a%00%3Bto-tag%3Db%3Bfrom-tag%3Dc>\r\n",
			400},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_true(read_refer(cases[i].headers) < 0);
		if (fault.status != cases[i].status)
			fail_msg("%s: %d", cases[i].headers, fault.status);
		assert_non_null(fault.why);
	}
}

static void replaces_is_unescaped(void **state)
{
	(void)state;
	assert_int_equal(
		read_refer("Refer-To: "
			   "<sip:b@c?Require=replaces&replaces=12%40h%3bfrom-tag%3D"
			   "f%3Bto-tag%3dt%3Bearly-only>\r\n"),
		0);
	assert_span(refer.replaces.call_id, "12@h");
	assert_span(refer.replaces.to_tag, "t");
	assert_span(refer.replaces.from_tag, "f");
	assert_true(refer.replaces.early_only);
}

static int read_replaces_of(size_t call_id_len)
{
	char header[2 * REFER_REPLACES_SIZE], call_id[REFER_REPLACES_SIZE + 1];

	memset(call_id, 'a', sizeof(call_id));
	snprintf(header, sizeof(header),
		"Refer-To: <sip:b@c?Replaces=%.*s%%3Bto-tag=t%%3bfrom-tag=f>\r\n",
		(int)call_id_len, call_id);
	return read_refer(header);
}

static void replaces_is_bounded(void **state)
{
	const size_t most = REFER_REPLACES_SIZE - strlen(";to-tag=t;from-tag=f");

	(void)state;
	assert_int_equal(read_replaces_of(most), 0);
	assert_int_equal(refer.replaces.call_id.len, most);
	assert_span(refer.replaces.from_tag, "f");
	assert_false(refer.replaces.early_only);
	assert_true(read_replaces_of(most + 1) < 0);
	assert_int_equal(fault.status, 400);
	assert_true(read_refer("Refer-To: <sip:b@c?Replaces=a%3>\r\n") < 0);
	assert_true(read_refer("Refer-To: <sip:b@c?Replaces=a%zz%3Bto-tag%3Db"
			       "%3Bfrom-tag%3Dc>\r\n") < 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(the_number_is_read, stop),
		cmocka_unit_test_teardown(who_asks_is_read, stop),
		cmocka_unit_test_teardown(silence_is_asked_for_by_false_alone, stop),
		cmocka_unit_test_teardown(what_cannot_be_done_has_its_status, stop),
		cmocka_unit_test_teardown(replaces_is_unescaped, stop),
		cmocka_unit_test_teardown(replaces_is_bounded, stop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
