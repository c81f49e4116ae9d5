/* What crosses of a Reason, and what is made of one. */
#include "../unit.h"

#include "bridge/reason.h"

#include <stdio.h>
#include <string.h>

/* A BYE, or with RESPONSE a 404, that has LINES; NULL: no message. */
static struct message *make(bool response, const char *lines)
{
	struct message_fault fault;
	struct message *message;
	struct buf text;

	if (!lines)
		return NULL;
	buf_init(&text, 0);
	buf_printf(&text,
		"%s\r\nVia: SIP/2.0/UDP b;branch=z9hG4bK1\r\nFrom: <sip:b@b>;tag=1\r\n"
		"To: <sip:a@a>;tag=2\r\nCall-ID: 1@b\r\nCSeq: 1 %s\r\n"
		"Max-Forwards: 70\r\n%sContent-Length: 0\r\n\r\n",
		response ? "SIP/2.0 404 Not Found" : "BYE sip:a@b SIP/2.0",
		response ? "INVITE" : "BYE", lines);
	assert_int_equal(message_parse(&message, text.data, text.len, &fault), 0);
	buf_free(&text);
	return message;
}

static void assert_reason(enum config_reason mode, bool response, const char *lines,
	unsigned made, const char *expected)
{
	struct message *message = make(response, lines);
	struct reason reason = {
		.mode = mode, .source = message, .is_response = response, .made = made};
	struct buf out;

	buf_init(&out, 0);
	reason_add(&out, &reason);
	if (strcmp(out.len ? buf_str(&out) : "", expected) != 0)
		fail_msg("%s\nexpected:\n%sgot:\n%s", lines ? lines : "nothing", expected,
			out.len ? buf_str(&out) : "");
	buf_free(&out);
	message_unref(message);
}

static void protocols_and_causes_cross_and_texts_do_not(void **state)
{
	(void)state;
	assert_reason(CONFIG_REASON_PASS, false,
		"Reason: Q.850 ;cause=16 ;text=\"a.corp\"\r\nReason: SIP, "
		"x;cause=1000\r\n",
		0, "Reason: Q.850;cause=16\r\n");
	assert_reason(CONFIG_REASON_PASS, false,
		"Reason: SIP;cause=200;text=\"Call completed elsewhere\"\r\n", 0,
		"Reason: SIP;cause=200\r\n");
	/* as Microsoft writes it */
	assert_reason(CONFIG_REASON_PASS, true,
		"Reason: Q.850;cause=31;text=\"6d3bd1f0-8f7a-4b07-b0b2-60eb3e8f6c9c;the "
		"number, is barred\"\r\n",
		0, "Reason: Q.850;cause=31\r\n");
	assert_reason(CONFIG_REASON_PASS, false, "Reason: Q.850;cause=x\r\n", 0, "");
	assert_reason(CONFIG_REASON_PASS, false, "Reason: Q 850;cause=16\r\n", 0, "");
	assert_reason(CONFIG_REASON_PASS, false, NULL, 16, "");
}

/* RFC 6432 */
static void a_response_has_q850_alone(void **state)
{
	(void)state;
	assert_reason(CONFIG_REASON_PASS, true,
		"Reason: SIP;cause=404, q.850;text=\"a.corp\";cause=1\r\n"
		"Reason: preemption;cause=1\r\n",
		0, "Reason: q.850;cause=1\r\n");
}

/* RFC 8606 */
static void the_location_of_a_cause_crosses(void **state)
{
	(void)state;
	assert_reason(CONFIG_REASON_PASS, true, "Reason: Q.850;cause=17;location=RLN\r\n",
		0, "Reason: Q.850;cause=17;location=RLN\r\n");
	assert_reason(CONFIG_REASON_PASS, true,
		"Reason: Q.850;cause=17;location=gw-1.corp\r\n", 0,
		"Reason: Q.850;cause=17\r\n");
	assert_reason(CONFIG_REASON_PASS, true,
		"Reason: Q.850;cause=17;location=\"U\"\r\n", 0,
		"Reason: Q.850;cause=17\r\n");
}

static void one_is_made_where_q850_is_missing(void **state)
{
	(void)state;
	assert_reason(CONFIG_REASON_MAKE, true, NULL, 17, "Reason: Q.850;cause=17\r\n");
	assert_reason(CONFIG_REASON_MAKE, true, NULL, 0, "");
	assert_reason(CONFIG_REASON_MAKE, true, "Reason: SIP;cause=404\r\n", 1,
		"Reason: Q.850;cause=1\r\n");
	assert_reason(CONFIG_REASON_MAKE, false, "Reason: SIP;cause=200\r\n", 16,
		"Reason: SIP;cause=200\r\nReason: Q.850;cause=16\r\n");
	assert_reason(CONFIG_REASON_MAKE, true, "Reason: q.850;cause=34\r\n", 17,
		"Reason: q.850;cause=34\r\n");
}

static void one_of_ours_is_given_where_nothing_was_said(void **state)
{
	static const char own[] = "Reason: SIP ;cause=408\r\n";
	struct reason reason = {.own = own};
	struct message *message = make(false, "Reason: SIP;cause=200\r\n");
	struct buf out;

	(void)state;
	buf_init(&out, 0);
	reason_add(&out, &reason);
	assert_string_equal(buf_str(&out), own);
	buf_clear(&out);
	reason.source = message;
	reason_add(&out, &reason);
	assert_string_equal(buf_str(&out), "Reason: SIP;cause=200\r\n");
	buf_clear(&out);
	reason = (struct reason){.own = own, .is_response = true};
	reason_add(&out, &reason);
	assert_int_equal(out.len, 0);
	reason = (struct reason){.own = own, .mode = CONFIG_REASON_DROP};
	reason_add(&out, &reason);
	assert_int_equal(out.len, 0);
	buf_free(&out);
	message_unref(message);
}

static void none_is_given_to_who_wants_none(void **state)
{
	(void)state;
	assert_reason(CONFIG_REASON_DROP, true, "Reason: Q.850;cause=34\r\n", 17, "");
	assert_reason(CONFIG_REASON_DROP, false, NULL, 16, "");
}

static void at_most_eight_are_read(void **state)
{
	char lines[1024] = "";
	size_t len = 0;

	(void)state;
	for (unsigned i = 0; i < 9; i++)
		len += (size_t)snprintf(lines + len, sizeof(lines) - len,
			"Reason: x;cause=%u\r\n", i + 1);
	assert_reason(CONFIG_REASON_PASS, false, lines, 0,
		"Reason: x;cause=1\r\nReason: x;cause=2\r\nReason: x;cause=3\r\n"
		"Reason: x;cause=4\r\nReason: x;cause=5\r\nReason: x;cause=6\r\n"
		"Reason: x;cause=7\r\nReason: x;cause=8\r\n");
}

static void the_cause_is_the_first_one_of_q850(void **state)
{
	static const struct {
		const char *lines;
		unsigned cause;
	} rows[] = {
		{NULL, 0},
		{"", 0},
		{"Reason: SIP;cause=17\r\n", 0},
		{"Reason: SIP;cause=17, Q.850;cause=34\r\nReason: Q.850;cause=1\r\n", 34},
		{"Reason: Q.850;cause=0, q.850;cause=1\r\n", 1},
		{"Reason: Q.850;cause=127\r\n", 127},
		{"Reason: Q.850;cause=128\r\n", 0},
		{"Reason: Q.850\r\n", 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct message *message = make(true, rows[i].lines);

		assert_int_equal(reason_cause(message), rows[i].cause);
		message_unref(message);
	}
}

static void causes_and_a_text_are_read(void **state)
{
	static const struct {
		const char *lines;
		unsigned q850, sip;
		const char *text;
	} rows[] = {
		{NULL, 0, 0, ""},
		{"", 0, 0, ""},
		{"Reason: Q.850;cause=16;text=\"a;b, c\"\r\n", 16, 0, "\"a;b, c\""},
		/* that of Q.850 goes before, wherever it stands */
		{"Reason: SIP;text=a;cause=480, q.850;text=b;cause=31\r\n", 31, 480, "b"},
		{"Reason: SIP;cause=480;text=a\r\nReason: Q.850;cause=31\r\n", 31, 480,
			"a"},
		/* the first of each */
		{"Reason: Q.850;cause=1;text=a, Q.850;cause=2;text=b\r\n", 1, 0, "a"},
		{"Reason: SIP;cause=200, SIP;cause=600;text=b\r\n", 0, 200, "b"},
		{"Reason: preemption;cause=1;text=a, SIP;cause=503;text=b\r\n", 0, 503,
			"a"},
		{"Reason: Q.850;cause=0;text=a\r\n", 0, 0, "a"},
		{"Reason: Q.850;cause=128\r\nReason: SIP;cause=700\r\n", 0, 0, ""},
		{"Reason: SIP;cause=99\r\nReason: SIP;cause=100\r\n", 0, 100, ""},
		{"Reason: SIP;cause=699\r\n", 0, 699, ""},
		{"Reason: Q.850;text=\"no cause\"\r\n", 0, 0, ""},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct message *message = make(false, rows[i].lines);
		struct reason_said said;

		reason_read(message, &said);
		assert_int_equal(said.q850, rows[i].q850);
		assert_int_equal(said.sip, rows[i].sip);
		if (!span_equal_str(said.text, rows[i].text))
			fail_msg("%s: %.*s", rows[i].lines, SPAN_ARG(said.text));
		message_unref(message);
	}
}

static void the_end_of_a_call_has_a_cause(void **state)
{
	(void)state;
	assert_int_equal(reason_made(487, true), 16);
	assert_int_equal(reason_made(487, false), 31);
	assert_int_equal(reason_made(486, true), 17);
	assert_int_equal(reason_made(408, false), 102);
	assert_int_equal(reason_made(503, false), 41);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(protocols_and_causes_cross_and_texts_do_not),
		cmocka_unit_test(a_response_has_q850_alone),
		cmocka_unit_test(the_location_of_a_cause_crosses),
		cmocka_unit_test(one_is_made_where_q850_is_missing),
		cmocka_unit_test(one_of_ours_is_given_where_nothing_was_said),
		cmocka_unit_test(none_is_given_to_who_wants_none),
		cmocka_unit_test(at_most_eight_are_read),
		cmocka_unit_test(the_cause_is_the_first_one_of_q850),
		cmocka_unit_test(causes_and_a_text_are_read),
		cmocka_unit_test(the_end_of_a_call_has_a_cause),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
