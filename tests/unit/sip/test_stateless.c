/* Refusing INVITEs without parsing them: what is read, what is left to the parser, what is answered. */
#include "../unit.h"

#include "sip/message.h"
#include "sip/stateless.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define START "INVITE sip:+4930100@192.0.2.1:5060 SIP/2.0\r\n"
#define VIA "Via: SIP/2.0/UDP 198.51.100.7:5070;branch=z9hG4bK-1;rport\r\n"
#define VIA2 "Via: SIP/2.0/TLS b.example;branch=z9hG4bK-2;received=192.0.2.9\r\n"
#define FROM "From: \"A;tag=no\" <sip:a@example.com>;tag=f\r\n"
#define TO "To: <sip:b@example.com>\r\n"
#define CALL_ID "Call-ID: c@example.com\r\n"
#define CSEQ "CSeq: 7 INVITE\r\n"
#define END "Content-Length: 3\r\n\r\nv=0"
#define WHOLE START VIA VIA2 FROM TO CALL_ID CSEQ END

static bool reads(struct stateless *ret, const char *text)
{
	return stateless_read(ret, span_of(text));
}

static void assert_span(struct span span, const char *text)
{
	assert_int_equal(span.len, strlen(text));
	assert_memory_equal(span.p, text, span.len);
}

static void reads_what_an_answer_needs(void **state)
{
	struct stateless read;

	(void)state;
	assert_true(reads(&read, WHOLE));
	assert_int_equal(read.kind, STATELESS_INVITE);
	assert_span(read.uri, "sip:+4930100@192.0.2.1:5060");
	assert_int_equal(read.via_count, 2);
	assert_span(read.via_host, "198.51.100.7");
	assert_int_equal(read.via_port, 5070);
	assert_true(read.rport);
	assert_span(read.branch, "z9hG4bK-1");
	assert_span(read.call_id, "c@example.com");
	assert_int_equal(read.to_tag.len, 0);
	assert_false(read.has_priority);
}

static void reads_compact_forms_and_any_case(void **state)
{
	struct stateless read;

	(void)state;
	assert_true(reads(&read, START
		"v:SIP/2.0/UDP [2001:db8::1];BRANCH=z9hG4bK-1\r\nF : <sip:a@b>;tag=f\r\n"
		"t: <sip:b@b>\r\ni: c\r\ncSEQ: 1 INVITE\r\npriority: urgent\r\nl: "
		"0\r\n\r\n"));
	assert_span(read.via_host, "[2001:db8::1]");
	assert_int_equal(read.via_port, 0);
	assert_span(read.branch, "z9hG4bK-1");
	assert_true(read.has_priority);
}

static void leaves_the_unusual_to_the_parser(void **state)
{
	static const char *const texts[] = {"", "INVITE", "INVITE sip:a SIP/2.0\r\n",
		"SIP/2.0 200 OK\r\n" VIA "\r\n",
		/* another method, version, or a request within a dialog */
		"BYE sip:a SIP/2.0\r\n" VIA FROM TO CALL_ID CSEQ END,
		"INVITE sip:a SIP/3.0\r\n" VIA FROM TO CALL_ID CSEQ END,
		"INVITE  sip:a SIP/2.0\r\n" VIA FROM TO CALL_ID CSEQ END,
		START VIA FROM "To: <sip:b>;tag=x\r\n" CALL_ID CSEQ END,
		START VIA FROM "To: sip:b ;TAG=x\r\n" CALL_ID CSEQ END,
		/* something is missing, or there twice */
		START FROM TO CALL_ID CSEQ END, START VIA TO CALL_ID CSEQ END,
		START VIA FROM CALL_ID CSEQ END, START VIA FROM TO CSEQ END,
		START VIA FROM TO CALL_ID END, START VIA FROM FROM TO CALL_ID CSEQ END,
		START VIA FROM TO TO CALL_ID CSEQ END,
		START VIA FROM TO CALL_ID "i: d\r\n" CSEQ END,
		START VIA FROM TO CALL_ID CSEQ CSEQ END, START VIA FROM TO CALL_ID CSEQ,
		/* folds, bare line ends, control characters, empty values and names */
		START VIA FROM TO "Call-ID:\r\n c\r\n" CSEQ END,
		START VIA FROM TO "Call-ID: c\n" CSEQ END,
		START VIA FROM TO "Call-ID: c\x01\r\n" CSEQ END,
		START VIA FROM TO "Call-ID: \r\n" CSEQ END,
		START VIA FROM TO CALL_ID CSEQ ": x\r\n" END,
		START VIA FROM TO CALL_ID CSEQ "x\r\n" END,
		/* CSeq of another method, or no number */
		START VIA FROM TO CALL_ID "CSeq: 7 BYE\r\n" END,
		START VIA FROM TO CALL_ID "CSeq: x INVITE\r\n" END,
		START VIA FROM TO CALL_ID "CSeq: INVITE\r\n" END,
		/* a Via that is no plain one */
		START "Via: SIP/2.0/UDP a;branch=z9hG4bK1, SIP/2.0/UDP b\r\n" FROM TO
			CALL_ID CSEQ END,
		START
		"Via: SIP / 2.0 / UDP a;branch=z9hG4bK1\r\n" FROM TO CALL_ID CSEQ END,
		START "Via: SIP/2.0/UDP a;branch=old\r\n" FROM TO CALL_ID CSEQ END,
		START
		"Via: SIP/2.0/UDP a;x=\"y\";branch=z9hG4bK1\r\n" FROM TO CALL_ID CSEQ END,
		START "Via: SIP/2.0/UDP a:0;branch=z9hG4bK1\r\n" FROM TO CALL_ID CSEQ END,
		START
		"Via: SIP/2.0/UDP [::1;branch=z9hG4bK1\r\n" FROM TO CALL_ID CSEQ END,
		START VIA VIA2 VIA2 VIA2 VIA2 VIA2 VIA2 VIA2 VIA2 FROM TO CALL_ID CSEQ
			END};
	struct stateless read;

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (reads(&read, texts[i]))
			fail_msg("read: %s", texts[i]);
}

static void answers_by_the_letter(void **state)
{
	char tag[STATELESS_TAG_SIZE], expected[800];
	struct stateless read;
	struct buf out;

	(void)state;
	assert_true(reads(&read, WHOLE));
	buf_init(&out, 0);
	stateless_respond(&out, &read, 503, "Retry-After: 9\r\n", "198.51.100.7", 5071);
	snprintf(expected, sizeof(expected),
		"SIP/2.0 503 Service Unavailable\r\n"
		"Via: SIP/2.0/UDP "
		"198.51.100.7:5070;branch=z9hG4bK-1;received=198.51.100.7;"
		"rport=5071\r\n" VIA2 FROM
		"To: <sip:b@example.com>;tag=%s\r\n" CALL_ID CSEQ
		"Retry-After: 9\r\nContent-Length: 0\r\n\r\n",
		stateless_tag(&read, tag));
	assert_string_equal(buf_str(&out), expected);
	buf_free(&out);
}

static void says_received_where_it_differs_and_once(void **state)
{
	struct stateless read;
	struct buf out;

	(void)state;
	assert_true(reads(&read, START
		"Via: SIP/2.0/TCP 10.0.0.1;received=1.2.3.4;branch=z9hG4bK1\r\n" FROM TO
			CALL_ID CSEQ END));
	buf_init(&out, 0);
	stateless_respond(&out, &read, 503, "", "192.0.2.4", 5);
	assert_non_null(strstr(buf_str(&out),
		"\r\nVia: SIP/2.0/TCP 10.0.0.1;branch=z9hG4bK1;received=192.0.2.4\r\n"));
	buf_clear(&out);
	stateless_respond(&out, &read, 503, "", "10.0.0.1", 5);
	assert_non_null(strstr(
		buf_str(&out), "\r\nVia: SIP/2.0/TCP 10.0.0.1;branch=z9hG4bK1\r\n"));
	buf_free(&out);
}

/* Its ACK is known by the tag, which nobody else can make. */
static void knows_the_ack_to_it(void **state)
{
	char tag[STATELESS_TAG_SIZE], text[600];
	struct stateless invite, ack;

	(void)state;
	assert_true(reads(&invite, WHOLE));
	assert_false(stateless_is_owed_nothing(&invite));
	stateless_tag(&invite, tag);
	snprintf(text, sizeof(text),
		"ACK sip:x SIP/2.0\r\n" VIA FROM
		"To: <sip:b@example.com>;tag=%s\r\n" CALL_ID "CSeq: 7 ACK\r\n\r\n",
		tag);
	assert_true(reads(&ack, text));
	assert_int_equal(ack.kind, STATELESS_ACK);
	assert_true(stateless_is_owed_nothing(&ack));
	*strstr(text, "Call-ID: c") = 'X'; /* another dialog: no Call-ID at all */
	assert_false(reads(&ack, text));
	snprintf(text, sizeof(text),
		"ACK sip:x SIP/2.0\r\n" VIA FROM "To: <sip:b@example.com>;tag=%s\r\n"
		"Call-ID: d@example.com\r\nCSeq: 7 ACK\r\n\r\n",
		tag);
	assert_true(reads(&ack, text));
	assert_false(stateless_is_owed_nothing(&ack));
}

static uint64_t chance(uint64_t *seed)
{
	*seed = *seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return *seed >> 33;
}

/* Whatever is read here the parser reads too, and alike. */
static void agrees_with_the_parser(void **state)
{
	static const char bits[] = " :;,<>@\"\r\n\t[]=/zZ09\x01\x7f\xff";
	uint64_t seed = 1130;
	unsigned agreed = 0;

	(void)state;
	for (unsigned round = 0; round < 40000; round++) {
		char text[sizeof(WHOLE)] = WHOLE;
		const size_t len = sizeof(WHOLE) - 1;
		struct message_fault fault;
		struct message *message;
		struct stateless read;

		for (unsigned i = 0; i < 1 + chance(&seed) % 3; i++)
			text[chance(&seed) % len] =
				bits[chance(&seed) % (sizeof(bits) - 1)];
		if (!stateless_read(&read, (struct span){text, len}))
			continue;
		assert_int_equal(message_parse(&message, text, len, &fault), 0);
		assert_true(message_is_request(message));
		assert_int_equal(message_method(message), MESSAGE_INVITE);
		if (fault.status == 0) {
			assert_true(span_equal(message_call_id(message), read.call_id));
			assert_true(
				span_equal(message_via(message)->branch, read.branch));
			assert_int_equal(message_to(message)->tag.len, 0);
			agreed++;
		}
		message_unref(message);
	}
	assert_true(agreed > 4000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_what_an_answer_needs),
		cmocka_unit_test(reads_compact_forms_and_any_case),
		cmocka_unit_test(leaves_the_unusual_to_the_parser),
		cmocka_unit_test(answers_by_the_letter),
		cmocka_unit_test(says_received_where_it_differs_and_once),
		cmocka_unit_test(knows_the_ack_to_it),
		cmocka_unit_test(agrees_with_the_parser),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
