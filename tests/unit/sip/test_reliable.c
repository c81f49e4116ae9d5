/* What Require, RSeq and RAck say (RFC 3262). */
#include "../unit.h"

#include "sip/reliable.h"

#include <stdio.h>
#include <string.h>

static struct message *parse(const char *start, const char *cseq, const char *more)
{
	struct message_fault fault = {.status = 0};
	struct message *message = NULL;
	char text[1024];

	snprintf(text, sizeof(text),
		"%s\r\nVia: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKx\r\n"
		"From: <sip:a@x.example>;tag=1\r\nTo: <sip:b@y.example>;tag=2\r\n"
		"Call-ID: c\r\nCSeq: %s\r\n%sContent-Length: 0\r\n\r\n",
		start, cseq, more);
	assert_int_equal(message_parse(&message, text, strlen(text), &fault), 0);
	return message;
}

static void a_response_that_asks_is_told_from_one_that_does_not(void **state)
{
	static const struct {
		const char *status, *headers;
		uint32_t rseq; /* 0: it does not ask */
	} cases[] = {
		{"SIP/2.0 180 Ringing", "Require: 100rel\r\nRSeq: 1\r\n", 1},
		{"SIP/2.0 183 Progress", "Require: a, 100rel\r\nRSeq: 4294967295\r\n",
			4294967295u},
		{"SIP/2.0 183 Progress", "RSeq: 7\r\nRequire: 100REL\r\n", 7},
		{"SIP/2.0 180 Ringing", "Require: 100rel\r\n", 0},
		{"SIP/2.0 180 Ringing", "RSeq: 1\r\n", 0},
		{"SIP/2.0 180 Ringing", "Supported: 100rel\r\nRSeq: 1\r\n", 0},
		{"SIP/2.0 180 Ringing", "Require: 100rel\r\nRSeq: 0\r\n", 0},
		{"SIP/2.0 180 Ringing", "Require: 100rel\r\nRSeq: x\r\n", 0},
		{"SIP/2.0 180 Ringing", "Require: 100rel\r\nRSeq: 1 2\r\n", 0},
		{"SIP/2.0 101 Early", "Require: 100rel\r\nRSeq: 1\r\n", 1},
		{"SIP/2.0 199 Late", "Require: 100rel\r\nRSeq: 1\r\n", 1},
		{"SIP/2.0 180 Ringing", "Require: 100rel\r\nRSeq: 4294967296\r\n", 0},
		{"SIP/2.0 100 Trying", "Require: 100rel\r\nRSeq: 1\r\n", 0},
		{"SIP/2.0 200 OK", "Require: 100rel\r\nRSeq: 1\r\n", 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct message *message =
			parse(cases[i].status, "1 INVITE", cases[i].headers);
		uint32_t rseq = 0;

		assert_int_equal(reliable_is_asked(message, &rseq), cases[i].rseq != 0);
		assert_int_equal(rseq, cases[i].rseq);
		message_unref(message);
	}
}

static void rack_is_read_or_refused(void **state)
{
	static const struct {
		const char *header;
		bool good;
		enum message_method method;
	} cases[] = {
		{"RAck: 776656 1 INVITE\r\n", true, MESSAGE_INVITE},
		{"RAck:  776656   1  INVITE \r\n", true, MESSAGE_INVITE},
		{"RAck: 776656 1 UPDATE\r\n", true, MESSAGE_OTHER},
		{"RAck: 776656 1\r\n", false, MESSAGE_OTHER},
		{"RAck: INVITE\r\n", false, MESSAGE_OTHER},
		{"RAck: 1 4294967296 INVITE\r\n", false, MESSAGE_OTHER},
		{"", false, MESSAGE_OTHER},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct message *message = parse(
			"PRACK sip:b@y.example SIP/2.0", "2 PRACK", cases[i].header);
		struct reliable_ack ack = {0};

		assert_int_equal(reliable_read_ack(message, &ack), cases[i].good);
		if (cases[i].good) {
			assert_int_equal(ack.rseq, 776656);
			assert_int_equal(ack.cseq, 1);
			assert_int_equal(ack.method, cases[i].method);
		}
		message_unref(message);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_response_that_asks_is_told_from_one_that_does_not),
		cmocka_unit_test(rack_is_read_or_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
