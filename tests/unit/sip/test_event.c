/* Event and Subscription-State (RFC 6665 8.2). */
#include "../unit.h"

#include "sip/event.h"

#include <stdio.h>
#include <string.h>

static struct message *parse(const char *more)
{
	struct message_fault fault = {.status = 0};
	struct message *message = NULL;
	char text[1024];

	snprintf(text, sizeof(text),
		"NOTIFY sip:b@y.example SIP/2.0\r\n"
		"Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKx\r\n"
		"From: <sip:a@x.example>;tag=1\r\nTo: <sip:b@y.example>;tag=2\r\n"
		"Call-ID: c\r\nCSeq: 1 NOTIFY\r\nMax-Forwards: 70\r\n%s"
		"Content-Length: 0\r\n\r\n",
		more);
	assert_int_equal(message_parse(&message, text, strlen(text), &fault), 0);
	return message;
}

static void the_package_and_the_id_are_read(void **state)
{
	static const struct {
		const char *headers, *package, *id; /* PACKAGE NULL: none */
	} cases[] = {
		{"", NULL, ""},
		{"Event: presence\r\n", "presence", ""},
		{"o: presence\r\n", "presence", ""},
		{"Event: presence.winfo ; id=7\r\n", "presence.winfo", "7"},
		{"Event: dialog;call-id=x@y;from-tag=1;id=a.b\r\n", "dialog", "a.b"},
		{"Event: refer;id=\"1\"\r\n", "refer", ""},
		{"Event: presence;id\r\n", "presence", ""},
		{"Event: ;id=1\r\n", NULL, ""},
		{"Event:\r\n", NULL, ""},
		{"Event: pres ence\r\n", NULL, ""},
		{"Event: \"presence\"\r\n", NULL, ""},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct message *message = parse(cases[i].headers);
		struct event event;

		if (event_read(&event, message) != !!cases[i].package)
			fail_msg("%s", cases[i].headers);
		if (cases[i].package &&
			(!span_equal_str(event.package, cases[i].package) ||
				!span_equal_str(event.id, cases[i].id)))
			fail_msg("%s: %.*s %.*s", cases[i].headers,
				SPAN_ARG(event.package), SPAN_ARG(event.id));
		message_unref(message);
	}
}

/* What is no token or number is left out; what belongs to another state is too. */
static void a_state_is_read_and_written(void **state)
{
	static const struct {
		const char *value, *written; /* NULL: there is none */
		bool terminated;
	} cases[] = {
		{"active", "active", false},
		{"Active ; Expires=60", "Active;expires=60", false},
		{"pending;expires=0;reason=giveup", "pending;expires=0", false},
		{"active;expires=99999999999", "active;expires=999999999", false},
		{"active;expires=-1", "active", false},
		{"active;retry-after=5", "active", false},
		{"waiting;x=\"<sip:a@b>\"", "waiting", false},
		{"terminated", "terminated", true},
		{"TERMINATED;reason=timeout;expires=7", "TERMINATED;reason=timeout",
			true},
		{"terminated;reason=a b", "terminated", true},
		{"terminated;retry-after=60;reason=probation",
			"terminated;reason=probation;retry-after=60", true},
		{"", NULL, false},
		{";expires=60", NULL, false},
		{"no token", NULL, false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char line[120], written[120];
		struct message *message;
		struct event_state read;
		struct buf out;

		snprintf(
			line, sizeof(line), "Subscription-State: %s\r\n", cases[i].value);
		message = parse(line);
		if (event_state_read(&read, message) != !!cases[i].written)
			fail_msg("%s", cases[i].value);
		if (cases[i].written) {
			assert_int_equal(read.is_terminated, cases[i].terminated);
			buf_init(&out, 0);
			event_state_add(&read, &out);
			snprintf(written, sizeof(written), "Subscription-State: %s\r\n",
				cases[i].written);
			assert_string_equal(buf_str(&out), written);
			buf_free(&out);
		}
		message_unref(message);
	}
}

/* RFC 6665 4.1.2.2, and 408 of RFC 3261 12.2.1.2. */
static void some_statuses_end_it(void **state)
{
	static const int over[] = {
		404, 405, 408, 410, 416, 480, 481, 482, 483, 484, 485, 489, 501, 604};
	size_t at = 0;

	(void)state;
	for (int status = 200; status < 700; status++) {
		const bool is_over =
			at < sizeof(over) / sizeof(over[0]) && over[at] == status;

		if (event_is_over_by(status) != is_over)
			fail_msg("%d", status);
		at += is_over;
	}
	assert_int_equal(at, sizeof(over) / sizeof(over[0]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_package_and_the_id_are_read),
		cmocka_unit_test(a_state_is_read_and_written),
		cmocka_unit_test(some_statuses_end_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
