/* Digits in the bodies of INFO, as equipment writes them. */
#include "../unit.h"

#include "bridge/dtmf_body.h"

#include "base/err.h"

#include <string.h>

#define NO_DIGIT 99

static const struct {
	enum dtmf_body_type type;
	const char *body;
	unsigned event, ms; /* NO_DIGIT: it is refused */
} rows[] = {
	{DTMF_BODY_RELAY, "Signal=5\r\nDuration=160\r\n", 5, 160},
	{DTMF_BODY_RELAY, "Signal=5\r\nDuration=160", 5, 160},
	{DTMF_BODY_RELAY, "Signal=5\nDuration=160\n", 5, 160},
	{DTMF_BODY_RELAY, "Duration=160\r\nSignal=5\r\n", 5, 160},
	{DTMF_BODY_RELAY, "Signal = * \r\nDuration = 250 \r\n", 10, 250},
	{DTMF_BODY_RELAY, "SIGNAL=#", 11, 0},
	{DTMF_BODY_RELAY, "signal=a\r\n", 12, 0},
	{DTMF_BODY_RELAY, "Signal=D\r\n", 15, 0},
	{DTMF_BODY_RELAY, "Signal=16\r\nDuration=65535\r\n", 16, 65535},
	{DTMF_BODY_RELAY, "Volume=10\r\nSignal=0\r\nother\r\n\r\n", 0, 0},
	{DTMF_BODY_RELAY, "", NO_DIGIT, 0},
	{DTMF_BODY_RELAY, "5", NO_DIGIT, 0},
	{DTMF_BODY_RELAY, "Duration=160\r\n", NO_DIGIT, 0},
	{DTMF_BODY_RELAY, "Signal=\r\n", NO_DIGIT, 0},
	{DTMF_BODY_RELAY, "Signal=55\r\n", NO_DIGIT, 0},
	{DTMF_BODY_RELAY, "Signal=17\r\n", NO_DIGIT, 0},
	{DTMF_BODY_RELAY, "Signal=016\r\n", NO_DIGIT, 0},
	{DTMF_BODY_RELAY, "Signal=-1\r\n", NO_DIGIT, 0},
	{DTMF_BODY_RELAY, "Signal=e\r\n", NO_DIGIT, 0},
	{DTMF_BODY_RELAY, "Signal=5=\r\n", NO_DIGIT, 0},
	{DTMF_BODY_RELAY, "Signal=5\r\nSignal=5\r\n", NO_DIGIT, 0},
	{DTMF_BODY_RELAY, "Signal=5\r\nDuration=1\r\nDuration=2\r\n", NO_DIGIT, 0},
	{DTMF_BODY_RELAY, "Signal=5\r\nDuration=65536\r\n", NO_DIGIT, 0},
	{DTMF_BODY_RELAY, "Signal=5\r\nDuration=\r\n", NO_DIGIT, 0},
	{DTMF_BODY_RELAY, "Signal=5\r\nDuration=-1\r\n", NO_DIGIT, 0},
	{DTMF_BODY_PLAIN, "5", 5, 0},
	{DTMF_BODY_PLAIN, " # \r\n\r\n", 11, 0},
	{DTMF_BODY_PLAIN, "c\n", 14, 0},
	{DTMF_BODY_PLAIN, "10\r\n", 10, 0},
	{DTMF_BODY_PLAIN, "", NO_DIGIT, 0},
	{DTMF_BODY_PLAIN, "\r\n5", NO_DIGIT, 0},
	{DTMF_BODY_PLAIN, "5\r\n6\r\n", NO_DIGIT, 0},
	{DTMF_BODY_PLAIN, "Signal=5\r\n", NO_DIGIT, 0},
};

static int read_text(
	enum dtmf_body_type type, const char *text, size_t len, struct dtmf_digit *digit)
{
	return dtmf_body_read(type, (struct span){.p = text, .len = len}, digit);
}

static void reads_what_equipment_writes(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct dtmf_digit digit = {.event = NO_DIGIT};
		int err = read_text(
			rows[i].type, rows[i].body, strlen(rows[i].body), &digit);

		if (err != (rows[i].event == NO_DIGIT ? ERR_FORMAT : 0) ||
			digit.event != rows[i].event || digit.duration_ms != rows[i].ms)
			fail_msg("row %zu, \"%s\": %d, event %u, %u ms", i, rows[i].body,
				err, digit.event, digit.duration_ms);
	}
}

static void a_nul_is_no_digit(void **state)
{
	struct dtmf_digit digit = {.event = NO_DIGIT};

	(void)state;
	assert_int_equal(read_text(DTMF_BODY_PLAIN, "\0", 1, &digit), ERR_FORMAT);
	assert_int_equal(read_text(DTMF_BODY_RELAY, "Signal=\0", 8, &digit), ERR_FORMAT);
	assert_int_equal(digit.event, NO_DIGIT);
}

static void what_is_too_long_is_not_read(void **state)
{
	char body[300];
	struct dtmf_digit digit;

	(void)state;
	memset(body, ' ', sizeof(body));
	body[0] = '5';
	assert_int_equal(read_text(DTMF_BODY_PLAIN, body, 256, &digit), 0);
	assert_int_equal(read_text(DTMF_BODY_PLAIN, body, 257, &digit), ERR_FORMAT);
}

static void every_digit_is_read_as_it_was_written(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 2 * DTMF_EVENTS; i++) {
		enum dtmf_body_type type = i % 2 ? DTMF_BODY_PLAIN : DTMF_BODY_RELAY;
		struct dtmf_digit digit = {.event = (uint8_t)(i / 2), .duration_ms = 80};
		struct dtmf_digit again;
		struct buf body;

		buf_init(&body, 0);
		dtmf_body_write(type, &digit, &body);
		assert_int_equal(dtmf_body_read(type, buf_span(&body), &again), 0);
		assert_int_equal(again.event, digit.event);
		assert_int_equal(again.duration_ms, type == DTMF_BODY_RELAY ? 80 : 0);
		buf_free(&body);
	}
}

static void types_have_names(void **state)
{
	enum dtmf_body_type type;

	(void)state;
	assert_int_equal(
		dtmf_body_type_find(span_of("Application/DTMF-Relay"), &type), 0);
	assert_int_equal(type, DTMF_BODY_RELAY);
	assert_int_equal(dtmf_body_type_find(span_of("application/dtmf"), &type), 0);
	assert_int_equal(type, DTMF_BODY_PLAIN);
	assert_int_equal(
		dtmf_body_type_find(span_of("application/sdp"), &type), ERR_SUPPORT);
	assert_string_equal(dtmf_body_type_name(DTMF_BODY_PLAIN), "application/dtmf");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_what_equipment_writes),
		cmocka_unit_test(a_nul_is_no_digit),
		cmocka_unit_test(what_is_too_long_is_not_read),
		cmocka_unit_test(every_digit_is_read_as_it_was_written),
		cmocka_unit_test(types_have_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
