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
	assert_int_equal(
		result == FRAMER_BROKEN || result == FRAMER_TOO_BIG, reason != NULL);
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
	snprintf(text, sizeof text, OPTIONS "l: 1048576\r\n\r\n");
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

/* Its sender is owed an answer. */
static void a_start_line_that_is_nearly_right_passes(void **state)
{
	static const char *const lines[] = {
		"SIP/", "sip/2", "A SIP/", "A  sip/9.9 x", "A b SIP/2.0"};
	char text[100];
	size_t len;

	(void)state;
	for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
		snprintf(text, sizeof text, "%s\r\nl:0\r\n\r\n", lines[i]);
		assert_int_equal(stream(text, &len), FRAMER_MESSAGE);
		assert_int_equal(len, strlen(text));
	}
	assert_broken("A SIP\r\nx", 8, "not SIP");
	assert_broken("ASIP/2.0\r\nx", 11, "not SIP");
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
	assert_int_equal(frame_built(FRAMER_MAX_LINES, 1), FRAMER_TOO_BIG);
	assert_int_equal(frame_built(1, FRAMER_MAX_LINE - 4), FRAMER_MESSAGE);
	assert_int_equal(frame_built(1, FRAMER_MAX_LINE - 3), FRAMER_TOO_BIG);
	assert_int_equal(frame_built(7, 4096), FRAMER_MESSAGE);
	assert_int_equal(frame_built(8, 4096), FRAMER_TOO_BIG);
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
	assert_int_equal(stream(text, &len), FRAMER_TOO_BIG);
	assert_int_equal(len, strlen(OPTIONS "Subject: \"\r\n"));
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

/* ---- messages over a limit ---- */

/* Feeds LEN bytes of DATA in portions of STEP, as a connection does, and counts what comes. */
struct feed {
	unsigned messages, too_big, broken;
	size_t head_len; /* of the one that was too big */
};

static struct feed feed(const char *data, size_t len, size_t step)
{
	struct framer framer = {0};
	struct feed counted = {0};
	size_t at = 0, have = 0;

	while (have < len && !counted.broken) {
		have = have + step < len ? have + step : len;
		for (;;) {
			const char *reason = NULL;
			size_t taken = 0;
			enum framer_result result = framer_stream(
				&framer, data + at, have - at, &taken, &reason);

			if (result == FRAMER_MORE)
				break;
			counted.messages += result == FRAMER_MESSAGE;
			counted.too_big += result == FRAMER_TOO_BIG;
			counted.broken += result == FRAMER_BROKEN;
			if (result == FRAMER_TOO_BIG)
				counted.head_len = taken;
			if (result == FRAMER_BROKEN)
				break;
			assert_true(taken > 0 && taken <= have - at);
			at += taken;
		}
		/* No more is ever waited for than a connection may keep. */
		assert_true(have - at <= FRAMER_MAX_MESSAGE + step);
	}
	return counted;
}

/* HEAD, LEN bytes and a small message behind them; *ret_len is all of it. */
static char *followed(const char *head, size_t len, size_t *ret_len)
{
	static const char next[] = OPTIONS "l: 2\r\n\r\nok";
	char *text = malloc(strlen(head) + len + sizeof next);

	assert_non_null(text);
	strcpy(text, head);
	memset(text + strlen(head), 'x', len);
	memcpy(text + strlen(head) + len, next, sizeof next - 1);
	*ret_len = strlen(head) + len + sizeof next - 1;
	return text;
}

static void check_followed(const char *head, size_t len, struct feed expected)
{
	static const size_t steps[] = {1, 7, 1460, 20480, SIZE_MAX / 2};
	size_t text_len;
	char *text = followed(head, len, &text_len);

	for (size_t i = len > 200000 ? 2 : 0; i < sizeof steps / sizeof steps[0]; i++) {
		struct feed got = feed(text, text_len, steps[i]);

		assert_int_equal(got.messages, expected.messages);
		assert_int_equal(got.too_big, expected.too_big);
		assert_int_equal(got.broken, expected.broken);
		assert_int_equal(got.head_len, expected.head_len);
	}
	free(text);
}

static void a_body_over_the_limit_is_read_past(void **state)
{
	static const struct {
		size_t len;
		bool whole, skipped;
	} cases[] = {
		{FRAMER_MAX_MESSAGE - 100, true, false},
		{FRAMER_MAX_MESSAGE, false, true},
		{100000, false, true},
		{FRAMER_MAX_SKIP - 100, false, true},
		{FRAMER_MAX_SKIP, false, false},
	};
	char head[100];

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		snprintf(head, sizeof head, OPTIONS "Content-Length: %zu\r\n\r\n",
			cases[i].len);
		check_followed(head, cases[i].len,
			(struct feed){.messages = cases[i].whole     ? 2
						  : cases[i].skipped ? 1
								     : 0,
				.too_big = cases[i].skipped,
				.broken = !cases[i].whole && !cases[i].skipped,
				.head_len = cases[i].skipped ? strlen(head) : 0});
	}
}

/* Headers and body of so many bytes together. */
static void check_total(size_t total, struct feed expected)
{
	char head[100];
	size_t len = total - strlen(OPTIONS "Content-Length: 7777777\r\n\r\n");

	snprintf(head, sizeof head, OPTIONS "Content-Length: %07zu\r\n\r\n", len);
	if (expected.too_big)
		expected.head_len = strlen(head);
	check_followed(head, len, expected);
}

static void the_limits_count_headers_and_body(void **state)
{
	(void)state;
	check_total(FRAMER_MAX_MESSAGE, (struct feed){.messages = 2});
	check_total(FRAMER_MAX_MESSAGE + 1, (struct feed){.messages = 1, .too_big = 1});
	check_total(FRAMER_MAX_SKIP, (struct feed){.messages = 1, .too_big = 1});
	check_total(FRAMER_MAX_SKIP + 1, (struct feed){.broken = 1});
}

/* A header line of LEN bytes, then LAST and a body of 5. */
static void check_long_line(size_t len, const char *last, struct feed expected)
{
	size_t size = len + strlen(last) + 200;
	char *head = malloc(size);
	char *p;

	assert_non_null(head);
	p = stpcpy(head, OPTIONS "Via: v\r\nIdentity: ");
	memset(p, 'i', len);
	strcpy(p + len, last);
	check_followed(head, 5, expected);
	free(head);
}

static void headers_over_a_limit_are_read_past(void **state)
{
	const struct feed passed = {
		.messages = 1, .too_big = 1, .head_len = strlen(OPTIONS "Via: v\r\n")};
	const struct feed cut = {.too_big = 1, .broken = 1, .head_len = passed.head_len};

	(void)state;
	check_long_line(FRAMER_MAX_LINE, "\r\nl: 5\r\n\r\n", passed);
	check_long_line(40000, "\r\nContent-Length: 5\r\nTo: <sip:a@b>\r\n\r\n", passed);
	check_long_line(40000, "\r\n folded\r\nl:\r\n 5\r\n\r\n", passed);
	check_long_line(40000, "\r\n\r\n", cut); /* no length: no end of the message */
	check_long_line(40000, "\r\nl: 5\r\nl: 6\r\n\r\n", cut);
	check_long_line(40000, "\r\nl: x\r\n\r\n", cut);
	check_long_line(40000, "\nl: 5\r\n\r\n", cut);
	check_long_line(40000, "\rl: 5\r\n\r\n", cut);
	check_long_line(FRAMER_MAX_SKIP, "\r\nl: 5\r\n\r\n", cut);
}

/* A line that is hidden in a long one is none: its length would end the message elsewhere. */
static void a_long_line_hides_no_content_length(void **state)
{
	char last[] = "l: 700\r\nl: 5\r\n\r\n";

	(void)state;
	for (size_t len = FRAMER_MAX_LINE - 60; len < FRAMER_MAX_LINE + 20; len++) {
		size_t size = len + sizeof last + 200, text_len;
		char *head = malloc(size), *text, *p;
		struct feed got;

		assert_non_null(head);
		p = stpcpy(head, OPTIONS "l: 5\r\nIdentity: ");
		memset(p, 'i', len);
		strcpy(p + len, last);
		text = followed(head, 5, &text_len);
		got = feed(text, text_len, 1000);
		assert_int_equal(got.broken, 0);
		assert_int_equal(got.messages + got.too_big, 2);
		free(text);
		free(head);
	}
}

static void too_many_lines_are_read_past(void **state)
{
	size_t len, text_len;
	char *built = build(3000, 20, &len);
	char *text = malloc(len + 100);

	(void)state;
	assert_non_null(text);
	memcpy(text, built, len);
	text_len = len + (size_t)sprintf(text + len, OPTIONS "l: 0\r\n\r\n");
	for (size_t step = 1; step < 4000; step = step * 3 + 1) {
		struct feed got = feed(text, text_len, step);

		assert_int_equal(got.too_big, 1);
		assert_int_equal(got.messages, 1);
		assert_int_equal(got.broken, 0);
	}
	free(text);
	free(built);
}

/* ---- datagrams ---- */

static enum framer_result datagram(
	const char *data, size_t len, struct framer_datagram *ret)
{
	enum framer_result result = framer_datagram(data, len, ret);

	assert_int_equal(
		result == FRAMER_BROKEN || result == FRAMER_TOO_BIG, ret->reason != NULL);
	return result;
}

static enum framer_result datagram_str(const char *text, struct framer_datagram *ret)
{
	return datagram(text, strlen(text), ret);
}

static void a_datagram_needs_no_content_length(void **state)
{
	static const char text[] = OPTIONS "X: y\r\n\r\nabc";
	struct framer_datagram got;

	(void)state;
	assert_int_equal(datagram_str(text, &got), FRAMER_MESSAGE);
	assert_int_equal(got.at, 0);
	assert_int_equal(got.len, sizeof text - 1);
	assert_false(got.is_short);
}

static void a_datagram_is_cut_to_its_content_length(void **state)
{
	static const char text[] = OPTIONS "l: 2\r\n\r\nabc";
	static const char short_text[] = OPTIONS "l: 4\r\n\r\nabc";
	static const char bad_text[] = OPTIONS "l: x\r\n\r\nabc";
	struct framer_datagram got;

	(void)state;
	assert_int_equal(datagram_str(text, &got), FRAMER_MESSAGE);
	assert_int_equal(got.len, sizeof text - 2);
	assert_false(got.is_short);
	assert_int_equal(datagram_str(short_text, &got), FRAMER_MESSAGE);
	assert_int_equal(got.len, sizeof short_text - 1);
	assert_true(got.is_short);
	assert_int_equal(datagram_str(bad_text, &got), FRAMER_MESSAGE);
	assert_int_equal(got.len, sizeof bad_text - 1);
	assert_false(got.is_short);
}

static void a_datagram_may_lack_its_empty_line(void **state)
{
	static const char text[] = OPTIONS "X: y\r\n";
	struct framer_datagram got;

	(void)state;
	assert_int_equal(datagram(text, sizeof text - 1, &got), FRAMER_MESSAGE);
	assert_true(got.is_short);
	assert_int_equal(datagram(text, sizeof text - 2, &got), FRAMER_BROKEN);
	assert_int_equal(datagram(text, sizeof text - 4, &got), FRAMER_BROKEN);
	assert_int_equal(datagram_str("nonsense\r\n", &got), FRAMER_BROKEN);
}

static void datagrams_that_mean_nothing_are_skipped(void **state)
{
	struct framer_datagram got;

	(void)state;
	assert_int_equal(datagram("", 0, &got), FRAMER_SKIP);
	assert_int_equal(datagram("\r\n", 2, &got), FRAMER_SKIP);
	assert_int_equal(datagram("\0\0\0\0", 4, &got), FRAMER_SKIP);
	assert_int_equal(datagram("\r\n\r\n", 4, &got), FRAMER_KEEPALIVE);
	assert_int_equal(datagram("\r\n\r\n\r\n\r\n", 8, &got), FRAMER_SKIP);
	assert_int_equal(datagram("\0\0x", 3, &got), FRAMER_BROKEN);
	assert_int_equal(datagram("\r\nOPTIONS", 9, &got), FRAMER_BROKEN);
	assert_int_equal(datagram("\r\n\r", 3, &got), FRAMER_BROKEN);
	assert_int_equal(datagram_str(OPTIONS "a\nb", &got), FRAMER_BROKEN);
}

/* RFC 3261 7.5 asks it of streams; keep-alives and messages share datagrams all the same. */
static void crlf_before_a_datagrams_message_is_skipped(void **state)
{
	static const char message[] = OPTIONS "l: 2\r\n\r\nabc";
	char text[FRAMER_MAX_CRLF + 2 + sizeof message];
	struct framer_datagram got;

	(void)state;
	for (size_t count = 1; count <= FRAMER_MAX_CRLF / 2; count++) {
		for (size_t i = 0; i < count; i++)
			memcpy(text + 2 * i, "\r\n", 2);
		strcpy(text + 2 * count, message);
		assert_int_equal(datagram_str(text, &got), FRAMER_MESSAGE);
		assert_int_equal(got.at, 2 * count);
		assert_int_equal(got.len, sizeof message - 2);
		assert_false(got.is_short);
	}
	memcpy(text + FRAMER_MAX_CRLF, "\r\n", 2);
	strcpy(text + FRAMER_MAX_CRLF + 2, message);
	assert_int_equal(datagram_str(text, &got), FRAMER_BROKEN);
	assert_int_equal(datagram_str("\n" OPTIONS "\r\n", &got), FRAMER_BROKEN);
	assert_int_equal(datagram_str("\r" OPTIONS "\r\n", &got), FRAMER_BROKEN);
	assert_int_equal(datagram_str("\r\n " OPTIONS "\r\n", &got), FRAMER_BROKEN);
}

static void a_datagram_has_a_size_limit(void **state)
{
	size_t size = FRAMER_MAX_MESSAGE + 1;
	char *data = malloc(size);
	struct framer_datagram got;

	(void)state;
	assert_non_null(data);
	memset(data, 'a', size);
	memcpy(data, OPTIONS "\r\n", strlen(OPTIONS) + 2);
	assert_int_equal(datagram(data, size, &got), FRAMER_BROKEN);
	assert_int_equal(datagram(data, size - 1, &got), FRAMER_MESSAGE);
	/* CRLFs before it do not count */
	memcpy(data, "\r\n" OPTIONS "\r\n", strlen(OPTIONS) + 4);
	assert_int_equal(datagram(data, size, &got), FRAMER_MESSAGE);
	assert_int_equal(got.len, size - 2);
	free(data);
}

static void of_a_datagram_over_a_limit_the_head_is_left(void **state)
{
	size_t len;
	char *text = build(1, 20000, &len);
	struct framer_datagram got;

	(void)state;
	assert_int_equal(datagram(text, len, &got), FRAMER_TOO_BIG);
	assert_int_equal(got.at, 0);
	assert_int_equal(got.len, strlen(OPTIONS));
	free(text);
	text = build(300, 20, &len);
	assert_int_equal(datagram(text, len, &got), FRAMER_TOO_BIG);
	assert_true(got.len > 256 * 20 && got.len < len);
	assert_memory_equal(text + got.len - 2, "\r\n", 2);
	free(text);
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
		cmocka_unit_test(a_start_line_that_is_nearly_right_passes),
		cmocka_unit_test(line_ends_are_crlf),
		cmocka_unit_test(limits_hold_to_the_line_and_byte),
		cmocka_unit_test(a_line_is_limited_before_it_ends),
		cmocka_unit_test(commas_are_limited_in_and_out_of_quotes),
		cmocka_unit_test(bytes_may_come_one_by_one),
		cmocka_unit_test(a_body_over_the_limit_is_read_past),
		cmocka_unit_test(the_limits_count_headers_and_body),
		cmocka_unit_test(headers_over_a_limit_are_read_past),
		cmocka_unit_test(a_long_line_hides_no_content_length),
		cmocka_unit_test(too_many_lines_are_read_past),
		cmocka_unit_test(a_datagram_needs_no_content_length),
		cmocka_unit_test(a_datagram_is_cut_to_its_content_length),
		cmocka_unit_test(a_datagram_may_lack_its_empty_line),
		cmocka_unit_test(datagrams_that_mean_nothing_are_skipped),
		cmocka_unit_test(crlf_before_a_datagrams_message_is_skipped),
		cmocka_unit_test(a_datagram_has_a_size_limit),
		cmocka_unit_test(of_a_datagram_over_a_limit_the_head_is_left),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
