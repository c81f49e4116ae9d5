/* What Privacy asks for, and what goes on of it. */
#include "../unit.h"

#include "bridge/privacy.h"

#include <string.h>

/* A request that has LINES. */
static struct message *make(const char *lines)
{
	struct message_fault fault;
	struct message *message;
	struct buf text;

	buf_init(&text, 0);
	buf_printf(&text,
		"INVITE sip:a@b SIP/2.0\r\nVia: SIP/2.0/UDP b;branch=z9hG4bK1\r\n"
		"From: <sip:b@b>;tag=1\r\nTo: <sip:a@a>\r\nCall-ID: 1@b\r\n"
		"CSeq: 1 INVITE\r\nMax-Forwards: 70\r\n%sContent-Length: 0\r\n\r\n",
		lines);
	assert_int_equal(message_parse(&message, text.data, text.len, &fault), 0);
	buf_free(&text);
	return message;
}

static void assert_read(const char *lines, unsigned levels)
{
	struct message *message = make(lines);

	assert_int_equal(privacy_read(message), levels);
	message_unref(message);
}

static void assert_written(const char *lines, unsigned fulfilled, const char *expected)
{
	struct message *message = make(lines);
	struct buf out;

	buf_init(&out, 0);
	privacy_write(&out, message, fulfilled);
	assert_string_equal(out.len ? buf_str(&out) : "", expected);
	buf_free(&out);
	message_unref(message);
}

static void all_lines_and_words_count(void **state)
{
	(void)state;
	assert_read("", 0);
	assert_read("Privacy: id\r\n", PRIVACY_ID);
	assert_read("Privacy: USER ; Critical\r\nPrivacy: header, session\r\n",
		PRIVACY_USER | PRIVACY_CRITICAL | PRIVACY_HEADER | PRIVACY_SESSION);
	assert_read("Privacy: none\r\n", PRIVACY_NONE);
	assert_read("Privacy: history;tomorrow\r\n", PRIVACY_HISTORY | PRIVACY_OTHER);
	assert_read("Privacy: ;;,\r\n", 0);
}

/* A sender may write as many as he likes: he has no more time of ours for that. */
static void what_is_looked_at_is_bounded(void **state)
{
	(void)state;
	assert_read("Privacy: a;a;a;a;a;a;a;a;a;a;a;a;a;a;a;id\r\n",
		PRIVACY_OTHER | PRIVACY_ID);
	assert_read("Privacy: a;a;a;a;a;a;a;a;a;a;a;a;a;a;a;a;id\r\n", PRIVACY_OTHER);
}

static void what_is_fulfilled_does_not_go_on(void **state)
{
	(void)state;
	assert_written("Privacy: id;user\r\n", PRIVACY_ID, "Privacy: user\r\n");
	assert_written("Privacy: user\r\nPrivacy: id, critical\r\n", 0,
		"Privacy: user;id;critical\r\n");
	assert_written("Privacy: id\r\n", PRIVACY_ID, "");
	assert_written("", 0, "");
	/* critical alone asks for nothing, and what is no word is not written */
	assert_written("Privacy: id;critical\r\n", PRIVACY_ID, "");
	assert_written("Privacy: id;no word\r\n", 0, "Privacy: id\r\n");
	assert_written("Privacy: no word\r\n", 0, "");
}

static void a_parameter_has_words_with_or_without_quotes(void **state)
{
	(void)state;
	assert_true(privacy_has(span_of("id"), "id"));
	assert_true(privacy_has(span_of("\"history;ID\""), "id"));
	assert_true(privacy_has(span_of("\"id;history\""), "id"));
	assert_true(privacy_has(span_of("history, id"), "id"));
	assert_false(privacy_has(span_of("idem"), "id"));
	assert_false(privacy_has(span_of("i"), "id"));
	assert_false(privacy_has(span_of("\""), "id"));
	assert_false(privacy_has(span_of("\"\""), "id"));
	assert_false(privacy_has(span_of(""), "id"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_lines_and_words_count),
		cmocka_unit_test(what_is_looked_at_is_bounded),
		cmocka_unit_test(what_is_fulfilled_does_not_go_on),
		cmocka_unit_test(a_parameter_has_words_with_or_without_quotes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
