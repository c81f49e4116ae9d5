/* What the index takes of a record: read as it was written, whatever peers wrote into it. */
#include "../unit.h"

#include "audit/cdr.h"
#include "audit/cdr_row.h"
#include "audit_fixture.h"
#include "base/clock.h"
#include "base/err.h"
#include "evidence/head.h"

#include <stdbool.h>

#define HEAD "{\"v\":1,\"seq\":42,\"salt\":\"00112233445566778899aabbccddeeff\""

static struct buf line;

/* The line of RECORD, as the journal writes it. */
static struct span write_line(const struct record *record)
{
	struct buf body;

	buf_init(&body, 0);
	cdr_format(record, &body);
	buf_clear(&line);
	buf_add_str(&line, HEAD ",\"kind\":\"call\",");
	buf_add(&line, body.data + 1, body.len - 1);
	buf_free(&body);
	return buf_span(&line);
}

static int setup(void **state)
{
	(void)state;
	buf_init(&line, 0);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	buf_free(&line);
	return 0;
}

#define assert_text(span, text)                                                          \
	do {                                                                             \
		assert_int_equal((span).len, strlen(text));                              \
		assert_memory_equal((span).p, text, strlen(text));                       \
	} while (0)

static void a_call_is_read_as_it_was_written(void **state)
{
	char target[] = "carrier-b", other[] = "carrier-a";
	struct record_attempt attempts[] = {
		{.target = target, .status = 503, .after_us = 1000},
		{.target = other, .status = 200, .after_us = 70000},
	};
	struct record record = fixture_record(7, "5f3c-000007");
	struct cdr_row_attempt attempt;
	struct cdr_row row;

	(void)state;
	record.attempts = attempts;
	record.attempt_count = 2;
	record.inbound = true;
	record.asserted = "+4930123"; /* as from: once */
	record.legs[0].mos = 421;
	record.legs[1].transport = "UDP";
	record.legs[1].version = "";
	record.legs[1].media = "RTP";
	record.legs[1].stats.rx_lost = 7;
	assert_int_equal(cdr_row_read(&row, write_line(&record)), 0);
	assert_true(row.numbered && row.call && row.inbound && !row.message);
	assert_int_equal(row.seq, 42);
	assert_text(row.kind, "call");
	assert_text(row.id, "5f3c-000007");
	assert_int_equal(row.end_us, record.start_wall_us + record.end_us);
	assert_int_equal(row.duration_us, record.end_us);
	assert_true(row.rang && row.answered);
	assert_int_equal(row.ringing_us, 100000);
	assert_int_equal(row.answer_us, 2000000);
	assert_int_equal(row.talk_us, 10000000);
	assert_int_equal(row.status, 200);
	assert_text(row.cause, "bye");
	assert_text(row.ended_by, "server");
	assert_text(row.from, "+4930123");
	assert_text(row.to, "+4940456");
	assert_int_equal(row.number_count, 6);
	assert_text(row.numbers[5], "4940");
	assert_text(row.legs[0].party, "server pbx1");
	assert_text(row.legs[1].party, "trunk carrier-a");
	assert_int_equal(row.legs[0].signalling, CDR_SIGNALLING_TLS13);
	assert_int_equal(row.legs[1].signalling, CDR_SIGNALLING_NONE);
	assert_int_equal(row.legs[0].media, CDR_MEDIA_SRTP);
	assert_int_equal(row.legs[1].media, CDR_MEDIA_RTP);
	assert_int_equal(row.legs[0].mos, 421);
	assert_int_equal(row.legs[1].mos, 0);
	assert_int_equal(row.legs[1].packets, 500);
	assert_int_equal(row.legs[1].lost, 7);
	assert_int_equal(row.legs[0].jitter_us, 1250);
	assert_true(cdr_row_attempt(&row.attempts, &attempt));
	assert_text(attempt.target, "carrier-b");
	assert_int_equal(attempt.status, 503);
	assert_true(cdr_row_attempt(&row.attempts, &attempt));
	assert_text(attempt.target, "carrier-a");
	assert_int_equal(attempt.status, 200);
	assert_int_equal(attempt.after_us, 70000);
	assert_false(cdr_row_attempt(&row.attempts, &attempt));
}

/* Each of the numbers that a call can have is looked for. */
static void all_numbers_of_a_call_are_read(void **state)
{
	static const char *const numbers[CDR_ROW_NUMBERS] = {
		"1", "2", "3", "4", "5", "6", "7", "8", "9"};
	struct record record = fixture_record(7, "5f3c-000007");
	struct cdr_row row;

	(void)state;
	record.from = numbers[0];
	record.to = numbers[1];
	record.from_received = numbers[2];
	record.to_received = numbers[3];
	record.from_sent = numbers[4];
	record.to_sent = numbers[5];
	record.asserted = numbers[6];
	record.asserted_sent = numbers[7];
	record.diverted_by = numbers[8];
	record.diverted_reason = "no-answer";
	assert_int_equal(cdr_row_read(&row, write_line(&record)), 0);
	assert_int_equal(row.number_count, CDR_ROW_NUMBERS);
	for (size_t i = 0; i < CDR_ROW_NUMBERS; i++)
		assert_text(row.numbers[i], numbers[i]);
	assert_int_equal(row.end_us, record.start_wall_us + record.end_us);
}

static void what_never_was_is_not_there(void **state)
{
	struct record record = fixture_record(7, "5f3c-000007");
	struct cdr_row_attempt attempt;
	struct cdr_row row;

	(void)state;
	record.ringing_us = record.answer_us = 0;
	record.method = "MESSAGE";
	record.legs[1] = record_leg_none();
	record.legs[1].side = SIDE_EXTERNAL;
	record.legs[0].version = "TLS1.2";
	record.legs[0].media = "UDPTL";
	assert_int_equal(cdr_row_read(&row, write_line(&record)), 0);
	assert_true(row.message && !row.rang && !row.answered);
	assert_int_equal(row.talk_us, 0);
	assert_int_equal(row.legs[1].party.len, 0);
	assert_int_equal(row.legs[1].signalling, CDR_SIGNALLING_UNKNOWN);
	assert_int_equal(row.legs[1].media, CDR_MEDIA_NONE);
	assert_int_equal(row.legs[0].signalling, CDR_SIGNALLING_TLS12);
	assert_int_equal(row.legs[0].media, CDR_MEDIA_UDPTL);
	assert_false(cdr_row_attempt(&row.attempts, &attempt));
	record.legs[0].side = SIDE_EXTERNAL;
	assert_int_equal(cdr_row_read(&row, write_line(&record)), 0);
	assert_text(row.legs[0].party, "server pbx1");
}

/* That of who ended it, or else of the last one that was asked. */
static void the_cause_of_q850_is_the_last_one(void **state)
{
	char target[] = "a", text[] = "\"q850\":99,\"target\":\"x";
	struct record_attempt attempts[] = {
		{.target = target, .said = {.q850 = 34, .text = text}},
		{.target = target, .said = {.text = text}},
	};
	struct record record = fixture_record(7, "5f3c-000007");
	struct cdr_row row;

	(void)state;
	record.attempts = attempts;
	record.attempt_count = 1;
	assert_int_equal(cdr_row_read(&row, write_line(&record)), 0);
	assert_int_equal(row.q850, 34);
	record.attempt_count = 2;
	assert_int_equal(cdr_row_read(&row, write_line(&record)), 0);
	assert_int_equal(row.q850, 0);
	attempts[1].said.q850 = 17;
	assert_int_equal(cdr_row_read(&row, write_line(&record)), 0);
	assert_int_equal(row.q850, 17);
	record.released.q850 = 16;
	assert_int_equal(cdr_row_read(&row, write_line(&record)), 0);
	assert_int_equal(row.q850, 16);
	record.attempt_count = 0;
	assert_int_equal(cdr_row_read(&row, write_line(&record)), 0);
	assert_int_equal(row.q850, 16);
}

static void ids_of_microsoft_are_read(void **state)
{
	char x_c[] = "x_c", x_i[] = "x_i", call[] = "call_id", why[] = "diagnostics",
	     one[] = "01/s", two[] = "2\"},\"microsoft\":{\"x\":\"3", none[] = "",
	     target[] = "a", other[] = "04";
	struct record_word ids[] = {{x_c, one}, {why, other}, {x_i, two}, {call, none}},
			   refused[] = {{x_c, other}};
	struct record_attempt attempt = {.target = target, .microsoft = {refused, 1}};
	struct record record = fixture_record(7, "5f3c-000007");
	struct cdr_row row;

	(void)state;
	assert_int_equal(cdr_row_read(&row, write_line(&record)), 0);
	assert_int_equal(row.id_count, 0);
	record.attempts = &attempt;
	record.attempt_count = 1;
	record.legs[0].microsoft = (struct record_words){refused, 1};
	record.legs[1].microsoft = (struct record_words){ids, 4};
	assert_int_equal(cdr_row_read(&row, write_line(&record)), 0);
	assert_int_equal(row.id_count, 3);
	assert_text(row.ids[0], "04");
	assert_text(row.ids[1], "01/s");
	assert_text(row.ids[2], "2\\\"},\\\"microsoft\\\":{\\\"x\\\":\\\"3");
	assert_text(row.legs[1].party, "trunk carrier-a");
}

static void ids_that_are_too_many_are_left_out(void **state)
{
	char names[CDR_ROW_IDS + 1][2] = {""};
	struct record_word ids[CDR_ROW_IDS + 1];
	struct record record = fixture_record(7, "5f3c-000007");
	struct cdr_row row;

	(void)state;
	for (unsigned i = 0; i <= CDR_ROW_IDS; i++) {
		names[i][0] = (char)('a' + i);
		ids[i] = (struct record_word){names[i], names[i]};
	}
	record.legs[1].microsoft = (struct record_words){ids, CDR_ROW_IDS + 1};
	assert_int_equal(cdr_row_read(&row, write_line(&record)), 0);
	assert_int_equal(row.id_count, CDR_ROW_IDS);
	assert_text(row.ids[CDR_ROW_IDS - 1], "h");
}

static void words_of_a_peer_are_no_members(void **state)
{
	struct record record = fixture_record(7, "5f3c-000007");
	struct cdr_row row;

	(void)state;
	record.from =
		"x\",\"end\":\"1999-01-01T00:00:00.000000Z\",\"status\":1,\"cause\":\"y";
	record.to = "\\\",\"internal\":{\"party\":\"trunk z\"";
	record.detail = "\"attempts\":[{\"target\":\"t\"";
	assert_int_equal(cdr_row_read(&row, write_line(&record)), 0);
	assert_int_equal(row.status, 200);
	assert_text(row.cause, "bye");
	assert_text(row.legs[0].party, "server pbx1");
	assert_int_equal(row.end_us, record.start_wall_us + record.end_us);
}

static void other_records_have_kind_and_time(void **state)
{
	static const char act[] = HEAD ",\"kind\":\"act\",\"time\":\"2023-11-14T22:13:20."
				       "123456Z\",\"who\":\"uid 0\"}";
	static const char lost[] =
		HEAD ",\"kind\":\"lost\",\"time\":\"2023-11-14T22:13:20."
		     "123456Z\",\"id\":\"5f3c-000001\"}";
	struct cdr_row row;

	(void)state;
	assert_int_equal(cdr_row_read(&row, span_of(act)), 0);
	assert_false(row.call);
	assert_text(row.kind, "act");
	assert_int_equal(row.end_us, UINT64_C(1700000000123456));
	assert_int_equal(row.id.len, 0);
	assert_int_equal(cdr_row_read(&row, span_of(lost)), 0);
	assert_text(row.id, "5f3c-000001");
}

static void what_is_no_record_is_refused(void **state)
{
	static const char *const lines[] = {"", "{", "{}", "nonsense", HEAD "}",
		HEAD ",\"kind\":\"act\"}", HEAD ",\"kind\":\"call\",\"id\":\"a\"}",
		HEAD ",\"kind\":\"call\"}", HEAD ",\"kind\":\"act}"};
	struct record record = fixture_record(7, "5f3c-000007");
	struct span whole;
	struct cdr_row row;

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		assert_int_equal(cdr_row_read(&row, span_of(lines[i])), ERR_FORMAT);
	whole = write_line(&record);
	for (size_t len = 0; len < whole.len; len++) {
		struct span cut = {whole.p, len};

		/* where a part of it ends like a record it may be taken for one */
		if (len < 2 || whole.p[len - 1] != '}')
			assert_int_equal(cdr_row_read(&row, cut), ERR_FORMAT);
		else
			(void)cdr_row_read(&row, cut);
	}
}

static void times_are_read(void **state)
{
	static const uint64_t times[] = {0, UINT64_C(1700000000123456),
		UINT64_C(951782400000000) /* 29 February 2000 */,
		UINT64_C(4102444799999999)};
	static const char *const wrong[] = {"", "2023-11-14T22:13:20Z",
		"2023-13-14T22:13:20.123456Z", "2023-11-00T22:13:20.123456Z",
		"2023-11-14 22:13:20.123456Z", "1969-11-14T22:13:20.123456Z",
		"2023-11-14T24:13:20.123456Z", "2023-11-14T22:60:20.123456Z",
		"2023-11-14T22:13:20.12345xZ", "2023-11-14T22:13:20.123456Zx"};
	char text[CLOCK_TEXT_SIZE];
	uint64_t us;

	(void)state;
	for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
		us = 1;
		assert_int_equal(
			cdr_row_time(span_of(clock_text(times[i], text)), &us), 0);
		assert_int_equal(us, times[i]);
	}
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_int_equal(cdr_row_time(span_of(wrong[i]), &us), ERR_FORMAT);
}

static void escapes_are_taken_off(void **state)
{
	static const struct {
		const char *line, *text;
	} texts[] = {{"", ""}, {"+4930", "+4930"}, {"a\\\"b\\\\c\\/", "a\"b\\c/"},
		{"\\n\\t\\r\\b\\f", "\n\t\r\b\f"}, {"\\u0041\\u00e9\\u20AC", "Aé€"},
		{"\\u0000x", "\xef\xbf\xbdx"}, {"\\ud83dx", "\xef\xbf\xbdx"},
		{"x\\", "x"}, {"\\u12", "u12"}, {"\\uzzzz", "\xef\xbf\xbd"}};
	struct buf out;

	(void)state;
	buf_init(&out, 0);
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		buf_clear(&out);
		cdr_row_text(&out, span_of(texts[i].line));
		assert_string_equal(buf_str(&out), texts[i].text);
	}
	buf_free(&out);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(a_call_is_read_as_it_was_written),
		TEST(all_numbers_of_a_call_are_read),
		TEST(what_never_was_is_not_there),
		TEST(the_cause_of_q850_is_the_last_one),
		TEST(ids_of_microsoft_are_read),
		TEST(ids_that_are_too_many_are_left_out),
		TEST(words_of_a_peer_are_no_members),
		TEST(other_records_have_kind_and_time),
		TEST(what_is_no_record_is_refused),
		TEST(times_are_read),
		TEST(escapes_are_taken_off),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
