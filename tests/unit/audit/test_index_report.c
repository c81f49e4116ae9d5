/* Figures by the hour: what each kind of call counts for whom, and how hours become days. */
#include "../unit.h"

#include "audit/cdr.h"
#include "audit/cdr_row.h"
#include "audit/index_report.h"
#include "audit/index_write.h"
#include "audit_fixture.h"

#include <stdbool.h>

#define HOUR UINT64_C(3600000000)
/* An hour that begins a day. */
#define BEGIN (UINT64_C(1700006400) * 1000000)

static char *folder;
static struct index_writer *writer;
static uint64_t at;

static int setup(void **state)
{
	struct err_text text = {""};

	(void)state;
	folder = fixture_folder();
	at = 0;
	return index_writer_new(&writer, folder, &text);
}

static int teardown(void **state)
{
	(void)state;
	index_writer_free(writer);
	fixture_remove(folder);
	return 0;
}

/* One transaction each, so that rows are added to. */
static void add_call(const struct record *record)
{
	struct follow_position position = {.end = 1};
	struct err_text text = {""};
	struct cdr_row row;
	struct buf line;

	buf_init(&line, 0);
	cdr_format(record, &line);
	assert_int_equal(cdr_row_read(&row, buf_span(&line)), 0);
	assert_int_equal(index_writer_begin(writer, &text), 0);
	assert_int_equal(index_writer_file(writer, "file", &text), 0);
	assert_int_equal(index_writer_add(writer, at++, &row, &text), 0);
	assert_int_equal(index_writer_commit(writer, &position, &text), 0);
	buf_free(&line);
}

/* A call from pbx1 that began at START_US. */
static struct record call(
	uint64_t start_us, const struct record_attempt *attempts, unsigned count)
{
	struct record record = fixture_record(1, "a");

	record.start_wall_us = start_us;
	record.attempts = attempts;
	record.attempt_count = count;
	return record;
}

static struct index_report_row rows[16];
static char names[16][40];
static unsigned row_count;

static bool row_h(void *arg, const struct index_report_row *row)
{
	(void)arg;
	assert_true(row_count < 16);
	snprintf(names[row_count], sizeof(names[0]), "%s %s", row->party,
		row->direction == HOUR_OUT ? "out" : "in");
	rows[row_count++] = *row;
	return true;
}

static void ask(const struct index_report *report)
{
	struct err_text text = {""};
	struct index_query *query;

	row_count = 0;
	assert_int_equal(index_query_new(&query, folder, NULL, &text), 0);
	assert_int_equal(index_report(query, report, row_h, NULL, &text), 0);
	index_query_free(query);
}

#define FIGURE(row, name) (rows[row].figures[HOUR_##name])

static void a_call_counts_once_for_each_that_it_was_offered_to(void **state)
{
	char a[] = "carrier-a", b[] = "carrier-b";
	const struct record_attempt attempts[] = {
		{.target = a, .status = 503, .after_us = 1000},
		{.target = a, .status = 500, .after_us = 20000},
		{.target = b, .status = 200, .after_us = 40000},
	};
	const struct index_report trunks = {.limit = 16};
	const struct index_report servers = {.servers = true, .limit = 16};
	struct record record = call(BEGIN, attempts, 3);

	(void)state;
	record.legs[1].party = "trunk carrier-b";
	record.legs[1].mos = 400;
	record.legs[1].stats.rx_lost = 500;
	record.legs[1].version = "TLS1.2";
	record.legs[0].media = "RTP";
	add_call(&record);
	ask(&trunks);
	assert_int_equal(row_count, 2);
	assert_string_equal(names[0], "trunk carrier-a out");
	assert_int_equal(rows[0].begin_us, BEGIN);
	assert_int_equal(FIGURE(0, ATTEMPTS), 1);
	assert_int_equal(FIGURE(0, ANSWERED), 0);
	assert_int_equal(FIGURE(0, EFFECTIVE), 0);
	assert_int_equal(FIGURE(0, DELAYS), 0);
	assert_int_equal(FIGURE(0, TLS12), 0);
	assert_int_equal(FIGURE(0, SCORE_MIN), 0);
	assert_string_equal(names[1], "trunk carrier-b out");
	assert_int_equal(FIGURE(1, ATTEMPTS), 1);
	assert_int_equal(FIGURE(1, ANSWERED), 1);
	assert_int_equal(FIGURE(1, EFFECTIVE), 1);
	assert_int_equal(FIGURE(1, TALK_US), 10000000);
	assert_int_equal(FIGURE(1, DELAYS), 1);
	assert_int_equal(FIGURE(1, DELAY_US), 60000); /* since its own INVITE */
	assert_int_equal(FIGURE(1, DELAY_MAX_US), 60000);
	assert_int_equal(FIGURE(1, SCORES), 1);
	assert_int_equal(FIGURE(1, SCORE), 400);
	assert_int_equal(FIGURE(1, SCORE_MIN), 400);
	assert_int_equal(FIGURE(1, PACKETS), 500);
	assert_int_equal(FIGURE(1, LOST), 500);
	assert_int_equal(FIGURE(1, JITTER_US), 1250);
	assert_int_equal(FIGURE(1, TLS12), 1);
	assert_int_equal(FIGURE(1, TLS13), 0);
	assert_int_equal(FIGURE(1, SRTP), 1);
	assert_int_equal(FIGURE(1, RTP), 0);
	ask(&servers);
	assert_int_equal(row_count, 1);
	assert_string_equal(names[0], "server pbx1 in");
	assert_int_equal(FIGURE(0, ATTEMPTS), 1);
	assert_int_equal(FIGURE(0, ANSWERED), 1);
	assert_int_equal(FIGURE(0, DELAY_US), 100000); /* since the caller's */
	assert_int_equal(FIGURE(0, TLS13), 1);
	assert_int_equal(FIGURE(0, RTP), 1);
}

static void what_is_not_the_networks_fault_is_effective(void **state)
{
	static const struct {
		int attempt, final;
		bool rang;
		unsigned out, in; /* effective */
	} calls[] = {
		{486, 486, false, 1, 1},
		{600, 600, false, 1, 1},
		{603, 603, true, 1, 1},
		{480, 480, false, 1, 1},
		{487, 487, true, 1, 1},
		{0, 487, true, 1, 1},  /* the caller gave it up */
		{0, 408, true, 1, 0},  /* we did: it rang too long */
		{0, 487, false, 0, 0}, /* before it rang */
		{503, 503, true, 0, 0},
		{404, 404, false, 0, 0},
	};
	const struct index_report trunks = {.limit = 16};
	const struct index_report servers = {.servers = true, .limit = 16};
	uint64_t out = 0, in = 0, count = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		char a[] = "carrier-a";
		const struct record_attempt attempt = {
			.target = a, .status = calls[i].attempt, .after_us = 1000};
		struct record record = call(BEGIN, &attempt, 1);

		record.status = calls[i].final;
		record.answer_us = 0;
		record.ringing_us = calls[i].rang ? 100000 : 0;
		add_call(&record);
		out += calls[i].out;
		in += calls[i].in;
		count++;
		ask(&trunks);
		assert_int_equal(FIGURE(0, ATTEMPTS), count);
		if (FIGURE(0, EFFECTIVE) != out)
			fail_msg("call %zu, offered: %d", i, (int)FIGURE(0, EFFECTIVE));
		assert_int_equal(FIGURE(0, ANSWERED), 0);
		ask(&servers);
		if (FIGURE(0, EFFECTIVE) != in)
			fail_msg("call %zu, made: %d", i, (int)FIGURE(0, EFFECTIVE));
	}
}

static void a_call_to_a_server_is_the_servers(void **state)
{
	char pbx[] = "pbx1";
	const struct record_attempt attempt = {
		.target = pbx, .status = 200, .after_us = 1000};
	const struct index_report trunks = {.limit = 16};
	const struct index_report servers = {.servers = true, .limit = 16};
	struct record record = call(BEGIN, &attempt, 1);

	(void)state;
	record.inbound = true;
	record.legs[0].mos = 300;
	add_call(&record);
	ask(&servers);
	assert_int_equal(row_count, 1);
	assert_string_equal(names[0], "server pbx1 out");
	assert_int_equal(FIGURE(0, SCORE_MIN), 300);
	ask(&trunks);
	assert_int_equal(row_count, 1);
	assert_string_equal(names[0], "trunk carrier-a in");
	assert_int_equal(FIGURE(0, SCORES), 0);
}

static void requests_that_are_no_calls_count_nowhere(void **state)
{
	char a[] = "carrier-a";
	const struct record_attempt attempt = {.target = a, .status = 200};
	const struct index_report trunks = {.limit = 16};
	struct record record = call(BEGIN, &attempt, 1);

	(void)state;
	record.method = "MESSAGE";
	add_call(&record);
	ask(&trunks);
	assert_int_equal(row_count, 0);
}

static void hours_are_asked_one_by_one_and_by_day(void **state)
{
	char a[] = "carrier-a", b[] = "carrier-b";
	const struct record_attempt to_a = {.target = a, .status = 200},
				    to_b = {.target = b, .status = 200};
	struct index_report report = {.limit = 16};
	struct record record;

	(void)state;
	for (unsigned i = 0; i < 30; i++) {
		record = call(BEGIN + i * HOUR + HOUR / 2, i % 10 ? &to_a : &to_b, 1);
		record.ringing_us = (i + 1) * 100;
		record.legs[1].party = i % 10 ? "trunk carrier-a" : "trunk carrier-b";
		record.legs[1].mos = 500 - i;
		add_call(&record);
	}
	report.since_us = BEGIN + 2 * HOUR;
	report.until_us = BEGIN + 5 * HOUR;
	ask(&report);
	assert_int_equal(row_count, 3);
	assert_int_equal(rows[0].begin_us, BEGIN + 4 * HOUR);
	assert_int_equal(rows[2].begin_us, BEGIN + 2 * HOUR);
	report = (struct index_report){.days = true, .limit = 16};
	ask(&report);
	assert_int_equal(row_count, 3);
	assert_int_equal(rows[0].begin_us, BEGIN + 24 * HOUR);
	assert_string_equal(names[0], "trunk carrier-a out");
	assert_int_equal(FIGURE(0, ATTEMPTS), 6);
	assert_int_equal(rows[1].begin_us, BEGIN);
	assert_string_equal(names[1], "trunk carrier-a out");
	assert_int_equal(FIGURE(1, ATTEMPTS), 21);
	assert_int_equal(FIGURE(1, DELAY_MAX_US), 2400);
	assert_int_equal(FIGURE(1, SCORE_MIN), 477);
	assert_string_equal(names[2], "trunk carrier-b out");
	assert_int_equal(FIGURE(2, ATTEMPTS), 3);
	report.party = "carrier-b";
	ask(&report);
	assert_int_equal(row_count, 1);
	report.party = "carrier";
	ask(&report);
	assert_int_equal(row_count, 0);
	report.party = NULL;
	report.skip = 1;
	report.limit = 1;
	ask(&report);
	assert_int_equal(row_count, 1);
	assert_int_equal(FIGURE(0, ATTEMPTS), 21);
}

static void many_rows_of_one_transaction_find_room(void **state)
{
	struct follow_position position = {.end = 1};
	struct index_report report = {.limit = 1};
	struct err_text text = {""};
	uint64_t attempts = 0;

	(void)state;
	assert_int_equal(index_writer_begin(writer, &text), 0);
	assert_int_equal(index_writer_file(writer, "file", &text), 0);
	for (unsigned i = 0; i < 3 * HOURS_MAX; i++) {
		char a[] = "carrier-a";
		const struct record_attempt attempt = {.target = a, .status = 200};
		struct record record = call(BEGIN + i / 2 * 2 * HOUR, &attempt, 1);
		struct cdr_row row;
		struct buf line;

		record.legs[1].mos = i % 4 < 2 ? 300 + i % 2 : 400 - i % 2;
		buf_init(&line, 0);
		cdr_format(&record, &line);
		assert_int_equal(cdr_row_read(&row, buf_span(&line)), 0);
		assert_int_equal(index_writer_add(writer, i, &row, &text), 0);
		buf_free(&line);
	}
	assert_int_equal(index_writer_commit(writer, &position, &text), 0);
	for (unsigned i = 0; i < 3 * HOURS_MAX / 2; i++) {
		report.skip = i;
		ask(&report);
		assert_int_equal(row_count, 1);
		attempts += FIGURE(0, ATTEMPTS);
		assert_int_equal(FIGURE(0, SCORE_MIN),
			rows[0].begin_us / HOUR % 4 == 2 ? 399 : 300);
	}
	assert_int_equal(attempts, 3 * HOURS_MAX);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(a_call_counts_once_for_each_that_it_was_offered_to),
		TEST(what_is_not_the_networks_fault_is_effective),
		TEST(a_call_to_a_server_is_the_servers),
		TEST(requests_that_are_no_calls_count_nowhere),
		TEST(hours_are_asked_one_by_one_and_by_day),
		TEST(many_rows_of_one_transaction_find_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
