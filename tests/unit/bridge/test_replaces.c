/* Replaces as it stands in an INVITE: read, hostile ones too. */
#include "../unit.h"

#include "bridge/replaces.h"

#include <stdio.h>
#include <string.h>

static void assert_span(struct span span, const char *text)
{
	if (!span_equal_str(span, text))
		fail_msg("%.*s instead of %s", SPAN_ARG(span), text);
}

static void the_parts_are_read_in_any_order(void **state)
{
	struct replaces replaces;

	(void)state;
	assert_true(replaces_read(
		&replaces, span_of(" 1@h ; x=\"a;b\" ; From-Tag = f;to-tag=t ")));
	assert_span(replaces.call_id, "1@h");
	assert_span(replaces.to_tag, "t");
	assert_span(replaces.from_tag, "f");
	assert_false(replaces.early_only);
	assert_true(
		replaces_read(&replaces, span_of("1;early-only;to-tag=0;from-tag=a.b")));
	assert_true(replaces.early_only);
}

static void what_names_no_dialog_is_not_read(void **state)
{
	static const char *const bad[] = {"", ";", "1", "1;to-tag=t", "1;from-tag=f",
		";to-tag=t;from-tag=f", "1;to-tag=;from-tag=f", "1;to-tag=t;from-tag",
		"1;to-tag=t;to-tag=t;from-tag=f", "1;to-tag=t;from-tag=f;from-tag=g",
		"1;to-tag=t t;from-tag=f", "1;to-tag=t;from-tag=f, 2;x",
		"1\n;to-tag=t;from-tag=f", "1;to-tag=\"t\";from-tag=f"};
	struct replaces replaces;
	char text[600];

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (replaces_read(&replaces, span_of(bad[i])))
			fail_msg("read: %s", bad[i]);
	for (int pad = 491; pad <= 494; pad++) {
		snprintf(text, sizeof(text), "%0*d;to-tag=t;from-tag=f", pad, 1);
		assert_int_equal(
			replaces_read(&replaces, span_of(text)), strlen(text) <= 512);
	}
}

static int read_invite(const char *headers, struct replaces *replaces)
{
	static char text[2048];
	struct message_fault parsed;
	struct message *message;
	const char *why = NULL;
	int status;

	snprintf(text, sizeof(text),
		"INVITE sip:a@b SIP/2.0\r\nVia: SIP/2.0/UDP b;branch=z9hG4bK1\r\n"
		"From: <sip:b@b>;tag=1\r\nTo: <sip:a@a>\r\nCall-ID: 1@b\r\n"
		"CSeq: 7 INVITE\r\nMax-Forwards: 70\r\nContact: <sip:b@b>\r\n%s\r\n",
		headers);
	assert_int_equal(message_parse(&message, text, strlen(text), &parsed), 0);
	status = replaces_of(replaces, message, &why);
	assert_int_equal(status != 0, why != NULL);
	if (status)
		assert_int_equal(replaces->call_id.len, 0);
	else
		assert_int_equal(
			replaces->call_id.len, strstr(headers, "Replaces") ? 3 : 0);
	message_unref(message);
	return status;
}

static void an_invite_has_one_at_most(void **state)
{
	struct replaces replaces;

	(void)state;
	assert_int_equal(read_invite("Join: 1;to-tag=a;from-tag=b\r\n", &replaces), 0);
	assert_int_equal(
		read_invite("Replaces: 1@b;to-tag=a;from-tag=b\r\n", &replaces), 0);
	assert_int_equal(read_invite("Replaces: 1@b;to-tag=a;from-tag=b\r\n"
				     "Replaces: 1@b;to-tag=a;from-tag=b\r\n",
				 &replaces),
		400);
	assert_int_equal(read_invite("Replaces: 1@b;to-tag=a;from-tag=b\r\n"
				     "Join: 1@b;to-tag=a;from-tag=b\r\n",
				 &replaces),
		400);
	assert_int_equal(read_invite("Replaces:\r\n", &replaces), 400);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_parts_are_read_in_any_order),
		cmocka_unit_test(what_names_no_dialog_is_not_read),
		cmocka_unit_test(an_invite_has_one_at_most),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
