#include "sip/framer.h"

#include "../unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define OPTIONS "OPTIONS sip:a@b SIP/2.0\r\n"

/* The framer on the first bytes of TEXT; *ret_len as it left it. */
static enum framer_result stream(const char *text, size_t *ret_len)
{
	struct framer framer = {0};
	const char *reason = NULL;
	enum framer_result result;

	*ret_len = 0;
	result = framer_stream(&framer, text, strlen(text), ret_len, &reason);
	assert_int_equal(result == FRAMER_BROKEN, reason != NULL);
	return result;
}

static void assert_broken(const char *text, size_t len, const char *expected)
{
	struct framer framer = {0};
	const char *reason = NULL;
	size_t taken = 0;

	assert_int_equal(
		framer_stream(&framer, text, len, &taken, &reason), FRAMER_BROKEN);
	assert_string_equal(reason, expected);
}

static void a_message_ends_where_content_length_says(void **state)
{
	static const char text[] = OPTIONS "Content-Length: 3\r\n\r\nabcOPTIONS";
	size_t len;

	(void)state;
	assert_int_equal(stream(text, &len), FRAMER_MESSAGE);
	assert_int_equal(len, strlen(text) - strlen("OPTIONS"));
}

static void every_spelling_of_content_length_is_known(void **state)
{
	static const char *const lines[] = {"content-length:3", "CONTENT-LENGTH \t : 3",
		"l: 3", "L:003", "Content-Length:\r\n 3", "l\r\n\t:\r\n 3 \r\n "};
	char text[200];
	size_t len;

	(void)state;
	for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
		snprintf(text, sizeof text, OPTIONS "%s\r\n\r\nabc", lines[i]);
		assert_int_equal(stream(text, &len), FRAMER_MESSAGE);
		assert_int_equal(len, strlen(text));
	}
}

static void other_names_are_not_content_length(void **state)
{
	static const char *const lines[] = {"X-Content-Length: 3", "Content-Lengthy: 3",
		"ll: 3", "Content-Length 3", "lo: 3", "Call-ID: 3", "Content-Length",
		"c: 3"};
	char text[200];

	(void)state;
	for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
		snprintf(text, sizeof text, OPTIONS "%s\r\n\r\nabc", lines[i]);
		assert_broken(text, strlen(text), "no Content-Length");
	}
}

static void a_length_that_is_no_number_breaks_the_stream(void **state)
{
	static const char *const lines[] = {"l: -1", "l: +1", "l: 0x1", "l:", "l: 1 1",
		"l: 1,1", "l: 4294967296", "l: 99999999999999999999999",
		"l: 1\r\nContent-Length: 2"};
	char text[200];

	(void)state;
	for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
		snprintf(text, sizeof text, OPTIONS "%s\r\n\r\nabc", lines[i]);
		assert_broken(text, strlen(text), "bad Content-Length");
	}
	snprintf(text, sizeof text, OPTIONS "l: 65500\r\n\r\n");
	assert_broken(text, strlen(text), "message too big");
}

static void equal_lengths_are_left_to_the_parser(void **state)
{
	size_t len;

	(void)state;
	assert_int_equal(stream(OPTIONS "l: 1\r\nContent-Length: 01\r\n\r\na", &len),
		FRAMER_MESSAGE);
}

static void crlf_before_a_message_is_a_ping_or_nothing(void **state)
{
	size_t len;

	(void)state;
	assert_int_equal(stream("", &len), FRAMER_MORE);
	assert_int_equal(stream("\r", &len), FRAMER_MORE);
	assert_int_equal(stream("\r\n", &len), FRAMER_MORE);
	assert_int_equal(stream("\r\n\r", &len), FRAMER_MORE);
	assert_int_equal(stream("\r\n\r\n", &len), FRAMER_KEEPALIVE);
	assert_int_equal(len, 4);
	assert_int_equal(stream("\r\nO", &len), FRAMER_SKIP);
	assert_int_equal(len, 2);
	assert_int_equal(stream("\r\n\rX", &len), FRAMER_SKIP);
	assert_int_equal(stream("\rO", &len), FRAMER_BROKEN);
}

static void what_is_no_sip_is_refused_at_once(void **state)
{
	(void)state;
	assert_broken("\x16\x03\x01", 3, "not SIP");
	assert_broken("\n", 1, "not SIP");
	assert_broken(" OPTIONS", 8, "not SIP");
	assert_broken("GET / HTTP/1.1\r\nH", 17, "not SIP");
	assert_broken("SIP\r\nx", 6, "not SIP");
}

static void line_ends_are_crlf(void **state)
{
	(void)state;
	assert_broken(OPTIONS "a: b\nc", strlen(OPTIONS) + 6, "bare LF");
	assert_broken(OPTIONS "a: b\rc", strlen(OPTIONS) + 6, "bare CR");
	assert_broken(OPTIONS "a: b\0c", strlen(OPTIONS) + 6, "NUL in a header");
	assert_broken("OPTIONS sip:a@b\r\n SIP/2.0\r\n", 27, "folded start line");
	assert_broken(OPTIONS " a: b\r\n", strlen(OPTIONS) + 7, "folded start line");
}

/* A message of a start line, COUNT headers "X: " with VALUE_LEN bytes, and a length. */
static char *build(unsigned count, size_t value_len, size_t *ret_len)
{
	size_t line = 3 + value_len + 2;
	char *text = malloc(strlen(OPTIONS) + count * line + 8);
	char *p = text;

	assert_non_null(text);
	p = stpcpy(p, OPTIONS);
	for (unsigned i = 0; i < count; i++) {
		p = stpcpy(p, "X: ");
		memset(p, 'a', value_len);
		p = stpcpy(p + value_len, "\r\n");
	}
	p = stpcpy(p, "l:0\r\n\r\n");
	*ret_len = (size_t)(p - text);
	return text;
}

static enum framer_result frame_built(unsigned count, size_t value_len)
{
	struct framer framer = {0};
	const char *reason;
	size_t len, taken;
	char *text = build(count, value_len, &len);
	enum framer_result result = framer_stream(&framer, text, len, &taken, &reason);

	free(text);
	return result;
}

static void limits_hold_to_the_line_and_byte(void **state)
{
	(void)state;
	assert_int_equal(frame_built(FRAMER_MAX_LINES - 1, 1), FRAMER_MESSAGE);
	assert_int_equal(frame_built(FRAMER_MAX_LINES, 1), FRAMER_BROKEN);
	assert_int_equal(frame_built(1, FRAMER_MAX_LINE - 4), FRAMER_MESSAGE);
	assert_int_equal(frame_built(1, FRAMER_MAX_LINE - 3), FRAMER_BROKEN);
	assert_int_equal(frame_built(7, 4096), FRAMER_MESSAGE);
	assert_int_equal(frame_built(8, 4096), FRAMER_BROKEN);
}

static void a_line_is_limited_before_it_ends(void **state)
{
	char text[FRAMER_MAX_LINE + 1];

	(void)state;
	memset(text, 'A', sizeof text);
	assert_broken(text, sizeof text, "line too long or headers too big");
}

static void commas_are_limited_in_and_out_of_quotes(void **state)
{
	char text[2000] = OPTIONS "Subject: \"\r\nAllow: ";
	char *p = text + strlen(text);
	size_t len;

	(void)state;
	memset(p, ',', FRAMER_MAX_LIST);
	strcpy(p + FRAMER_MAX_LIST, "\r\nl:0\r\n\r\n");
	assert_int_equal(stream(text, &len), FRAMER_MESSAGE);
	memset(p, ',', FRAMER_MAX_LIST + 1);
	strcpy(p + FRAMER_MAX_LIST + 1, "\r\nl:0\r\n\r\n");
	assert_broken(text, strlen(text), "too many list elements");
}

static void bytes_may_come_one_by_one(void **state)
{
	static const char text[] = OPTIONS "X: a\r\n b\r\nl:\r\n 3\r\n\r\nabc";
	struct framer framer = {0};
	const char *reason;
	size_t taken = 0;

	(void)state;
	for (size_t len = 0; len < sizeof text - 1; len++)
		assert_int_equal(
			framer_stream(&framer, text, len, &taken, &reason), FRAMER_MORE);
	assert_true(framer.headers_len > 0);
	assert_int_equal(framer_stream(&framer, text, sizeof text - 1, &taken, &reason),
		FRAMER_MESSAGE);
	assert_int_equal(taken, sizeof text - 1);
	assert_int_equal(framer.scanned, 0); /* ready for the next */
}

static enum framer_result datagram(
	const char *data, size_t len, size_t *ret_len, bool *ret_short)
{
	const char *reason = NULL;
	enum framer_result result =
		framer_datagram(data, len, ret_len, ret_short, &reason);

	assert_int_equal(result == FRAMER_BROKEN, reason != NULL);
	return result;
}

static void a_datagram_needs_no_content_length(void **state)
{
	static const char text[] = OPTIONS "X: y\r\n\r\nabc";
	size_t len;
	bool cut;

	(void)state;
	assert_int_equal(datagram(text, sizeof text - 1, &len, &cut), FRAMER_MESSAGE);
	assert_int_equal(len, sizeof text - 1);
	assert_false(cut);
}

static void a_datagram_is_cut_to_its_content_length(void **state)
{
	static const char text[] = OPTIONS "l: 2\r\n\r\nabc";
	static const char short_text[] = OPTIONS "l: 4\r\n\r\nabc";
	static const char bad_text[] = OPTIONS "l: x\r\n\r\nabc";
	size_t len;
	bool cut;

	(void)state;
	assert_int_equal(datagram(text, sizeof text - 1, &len, &cut), FRAMER_MESSAGE);
	assert_int_equal(len, sizeof text - 2);
	assert_false(cut);
	assert_int_equal(
		datagram(short_text, sizeof short_text - 1, &len, &cut), FRAMER_MESSAGE);
	assert_int_equal(len, sizeof short_text - 1);
	assert_true(cut);
	assert_int_equal(
		datagram(bad_text, sizeof bad_text - 1, &len, &cut), FRAMER_MESSAGE);
	assert_int_equal(len, sizeof bad_text - 1);
	assert_false(cut);
}

static void a_datagram_may_lack_its_empty_line(void **state)
{
	static const char text[] = OPTIONS "X: y\r\n";
	size_t len;
	bool cut;

	(void)state;
	assert_int_equal(datagram(text, sizeof text - 1, &len, &cut), FRAMER_MESSAGE);
	assert_true(cut);
	assert_int_equal(datagram(text, sizeof text - 2, &len, &cut), FRAMER_BROKEN);
	assert_int_equal(datagram(text, sizeof text - 4, &len, &cut), FRAMER_BROKEN);
	assert_int_equal(datagram("nonsense\r\n", 10, &len, &cut), FRAMER_BROKEN);
}

static void datagrams_that_mean_nothing_are_skipped(void **state)
{
	size_t len;
	bool cut;

	(void)state;
	assert_int_equal(datagram("", 0, &len, &cut), FRAMER_SKIP);
	assert_int_equal(datagram("\r\n", 2, &len, &cut), FRAMER_SKIP);
	assert_int_equal(datagram("\0\0\0\0", 4, &len, &cut), FRAMER_SKIP);
	assert_int_equal(datagram("\r\n\r\n", 4, &len, &cut), FRAMER_KEEPALIVE);
	assert_int_equal(datagram("\0\0x", 3, &len, &cut), FRAMER_BROKEN);
	assert_int_equal(datagram("\r\nOPTIONS", 9, &len, &cut), FRAMER_BROKEN);
	assert_int_equal(
		datagram(OPTIONS "a\nb", strlen(OPTIONS) + 3, &len, &cut), FRAMER_BROKEN);
}

static void a_datagram_has_a_size_limit(void **state)
{
	size_t size = FRAMER_MAX_MESSAGE + 1;
	char *data = malloc(size);
	size_t len;
	bool cut;

	(void)state;
	assert_non_null(data);
	memset(data, 'a', size);
	memcpy(data, OPTIONS "\r\n", strlen(OPTIONS) + 2);
	assert_int_equal(datagram(data, size, &len, &cut), FRAMER_BROKEN);
	assert_int_equal(datagram(data, size - 1, &len, &cut), FRAMER_MESSAGE);
	free(data);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_message_ends_where_content_length_says),
		cmocka_unit_test(every_spelling_of_content_length_is_known),
		cmocka_unit_test(other_names_are_not_content_length),
		cmocka_unit_test(a_length_that_is_no_number_breaks_the_stream),
		cmocka_unit_test(equal_lengths_are_left_to_the_parser),
		cmocka_unit_test(crlf_before_a_message_is_a_ping_or_nothing),
		cmocka_unit_test(what_is_no_sip_is_refused_at_once),
		cmocka_unit_test(line_ends_are_crlf),
		cmocka_unit_test(limits_hold_to_the_line_and_byte),
		cmocka_unit_test(a_line_is_limited_before_it_ends),
		cmocka_unit_test(commas_are_limited_in_and_out_of_quotes),
		cmocka_unit_test(bytes_may_come_one_by_one),
		cmocka_unit_test(a_datagram_needs_no_content_length),
		cmocka_unit_test(a_datagram_is_cut_to_its_content_length),
		cmocka_unit_test(a_datagram_may_lack_its_empty_line),
		cmocka_unit_test(datagrams_that_mean_nothing_are_skipped),
		cmocka_unit_test(a_datagram_has_a_size_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
