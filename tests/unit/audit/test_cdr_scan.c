/* Records read back: one line, and a file of them since some time. */
#include "../unit.h"

#include "audit/cdr.h"
#include "audit/cdr_scan.h"
#include "audit_fixture.h"

#include <errno.h>
#include <sys/stat.h>

#define SECOND UINT64_C(1000000)
#define BEGIN (UINT64_C(1700000000) * SECOND)

static char *folder;
static unsigned found;
static char first[64], last[64];

static int setup(void **state)
{
	(void)state;
	folder = fixture_folder();
	found = 0;
	first[0] = last[0] = '\0';
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	fixture_remove(folder);
	return 0;
}

static FILE *open_file(const char *name, const char *mode)
{
	char path[4200];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	file = fopen(path, mode);
	assert_non_null(file);
	return file;
}

static void put_record(FILE *file, const struct record *record)
{
	struct buf line;

	buf_init(&line, 0);
	cdr_format(record, &line);
	buf_add_char(&line, '\n');
	assert_int_equal(fwrite(line.data, 1, line.len, file), line.len);
	buf_free(&line);
}

/* COUNT records, "NAME-0" and so on, that end a second apart, the first at BEGIN + FROM. */
static void put_records(const char *name, unsigned from, unsigned count)
{
	struct record record = fixture_record(1, "");
	FILE *file = open_file(name, "a");
	char id[32];

	record.id = id;
	record.end_us = record.answer_us;
	for (unsigned i = 0; i < count; i++) {
		snprintf(id, sizeof(id), "%s-%u", name, i);
		record.start_wall_us = BEGIN + (from + i) * SECOND - record.end_us;
		put_record(file, &record);
	}
	fclose(file);
}

static void found_h(void *arg, const struct cdr *cdr)
{
	(void)arg;
	if (found++ == 0)
		span_copy(cdr->id, first, sizeof(first));
	span_copy(cdr->id, last, sizeof(last));
}

/* Returns how many steps it took. */
static unsigned scan_since(uint64_t since_us, struct cdr_scan_counts *ret)
{
	struct err_text text = {""};
	struct cdr_scan *scan;
	unsigned steps = 1;
	int err;

	found = 0;
	assert_int_equal(cdr_scan_new(&scan, folder, since_us, &text), 0);
	while ((err = cdr_scan_step(scan, found_h, NULL)) == -EAGAIN)
		assert_true(++steps < 100000);
	assert_int_equal(err, 0);
	*ret = *cdr_scan_counts(scan);
	assert_int_equal(ret->records, found);
	cdr_scan_free(scan);
	return steps;
}

static void a_record_is_read_as_it_was_written(void **state)
{
	struct record record = fixture_record(7, "5f3c-000007");
	struct buf line;
	struct cdr cdr;

	(void)state;
	record.legs[1].transport = "UDP";
	record.legs[1].version = record.legs[1].cipher = "";
	record.legs[1].media = "RTP";
	record.legs[0].signalling_required = "TLS1.2";
	record.legs[0].media_required = "SRTP";
	buf_init(&line, 0);
	cdr_format(&record, &line);
	assert_int_equal(cdr_read(&cdr, buf_span(&line)), 0);
	assert_int_equal(cdr.line.len, line.len);
	assert_true(span_equal_str(cdr.id, "5f3c-000007"));
	assert_true(span_equal_str(cdr.end, "2023-11-14T22:13:32.123456Z"));
	assert_true(cdr.answered);
	assert_false(cdr.message);
	assert_true(span_equal_str(cdr.legs[0].party, "server pbx1"));
	assert_true(span_equal_str(cdr.legs[0].transport, "TLS"));
	assert_true(span_equal_str(cdr.legs[0].tls_version, "TLS1.3"));
	assert_true(span_equal_str(cdr.legs[0].tls_cipher, "AES-256-GCM"));
	assert_true(span_equal_str(cdr.legs[0].peer_names, "DNS:pbx1.example.com"));
	assert_true(span_equal_str(cdr.legs[0].media, "AES_CM_128_HMAC_SHA1_80"));
	assert_true(span_equal_str(cdr.legs[0].signalling_required, "TLS1.2"));
	assert_true(span_equal_str(cdr.legs[0].media_required, "SRTP"));
	assert_true(span_equal_str(cdr.legs[1].party, "trunk carrier-a"));
	assert_true(span_equal_str(cdr.legs[1].transport, "UDP"));
	assert_true(span_equal_str(cdr.legs[1].media, "RTP"));
	assert_true(span_equal_str(cdr.legs[1].signalling_required, ""));
	buf_clear(&line);
	record.answer_us = 0;
	cdr_format(&record, &line);
	assert_int_equal(cdr_read(&cdr, buf_span(&line)), 0);
	assert_false(cdr.answered);
	buf_clear(&line);
	record.method = "MESSAGE";
	cdr_format(&record, &line);
	assert_int_equal(cdr_read(&cdr, buf_span(&line)), 0);
	assert_true(cdr.message);
	buf_free(&line);
}

static void both_legs_may_be_on_one_side(void **state)
{
	struct record record = fixture_record(7, "5f3c-000007");
	struct buf line;
	struct cdr cdr;

	(void)state;
	buf_init(&line, 0);
	for (enum side side = SIDE_INTERNAL; side <= SIDE_EXTERNAL; side++) {
		record.legs[0].side = record.legs[1].side = side;
		buf_clear(&line);
		cdr_format(&record, &line);
		assert_int_equal(cdr_read(&cdr, buf_span(&line)), 0);
		assert_true(span_equal_str(cdr.id, "5f3c-000007"));
		assert_true(span_equal_str(cdr.legs[0].party, "server pbx1"));
		assert_true(span_equal_str(cdr.legs[1].party, "trunk carrier-a"));
	}
	buf_free(&line);
}

/* Whatever a peer wrote stands for itself, not for a member behind it. */
static void hostile_texts_are_no_members(void **state)
{
	static const char *const texts[] = {
		"\",\"internal\":{\"party\":\"x\",\"transport\":\"UDP\"},\"",
		"\"external\":{",
		"\\",
		"\\\"",
		"\"answer\":\"",
		"\xff\"media\":\"RTP\"",
	};
	struct buf line;
	struct cdr cdr;

	(void)state;
	buf_init(&line, 0);
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct record record = fixture_record(7, "5f3c-000007");

		record.from = record.to = record.detail = texts[i];
		record.legs[0].call_id = record.legs[0].peer_names = texts[i];
		record.legs[1].codec = texts[i];
		record.answer_us = 0;
		buf_clear(&line);
		cdr_format(&record, &line);
		assert_int_equal(cdr_read(&cdr, buf_span(&line)), 0);
		assert_false(cdr.answered);
		assert_true(span_equal_str(cdr.legs[0].party, "server pbx1"));
		assert_true(span_equal_str(cdr.legs[0].transport, "TLS"));
		assert_true(span_equal_str(cdr.legs[1].party, "trunk carrier-a"));
		assert_true(span_equal_str(cdr.legs[1].media, "AES_CM_128_HMAC_SHA1_80"));
	}
	buf_free(&line);
}

static void what_is_cut_is_no_record(void **state)
{
	struct record record = fixture_record(7, "5f3c-000007");
	struct buf line;
	struct cdr cdr;

	(void)state;
	buf_init(&line, 0);
	cdr_format(&record, &line);
	for (size_t len = 0; len < line.len; len++) {
		/* Memory of its own, so that a sanitizer sees a step too far. */
		char *copy = malloc(len + 1);

		memcpy(copy, line.data, len);
		assert_int_equal(cdr_read(&cdr, (struct span){copy, len}), ERR_FORMAT);
		free(copy);
	}
	buf_free(&line);
}

static void no_file_is_no_record(void **state)
{
	struct cdr_scan_counts counts;

	(void)state;
	scan_since(BEGIN, &counts);
	assert_int_equal(counts.records, 0);
	assert_string_equal(counts.first, "");
}

static void records_since_a_time_are_found(void **state)
{
	const unsigned count = 3000;
	struct cdr_scan_counts counts;
	unsigned steps, all;

	(void)state;
	put_records("cdr.jsonl", 0, count);
	all = scan_since(0, &counts);
	assert_int_equal(counts.records, count);
	assert_string_equal(first, "cdr.jsonl-0");
	assert_string_equal(counts.first, "2023-11-14T22:13:20.000000Z");
	for (unsigned since = 0; since <= count; since += 37) {
		steps = scan_since(BEGIN + since * SECOND, &counts);
		assert_int_equal(counts.records, count - since);
		assert_true(steps <= all + 8);
	}
	/* Its very time is within; and the file was not read from its start. */
	steps = scan_since(BEGIN + (count - 1) * SECOND, &counts);
	assert_int_equal(counts.records, 1);
	assert_string_equal(last, "cdr.jsonl-2999");
	assert_true(steps < all);
	scan_since(BEGIN + (count - 1) * SECOND + 1, &counts);
	assert_int_equal(counts.records, 0);
}

static void what_was_rotated_comes_first(void **state)
{
	struct cdr_scan_counts counts;
	char now[4200], old[4200];

	(void)state;
	put_records("cdr.jsonl.1", 0, 10);
	put_records("cdr.jsonl", 10, 5);
	scan_since(BEGIN, &counts);
	assert_int_equal(counts.records, 15);
	assert_string_equal(first, "cdr.jsonl.1-0");
	assert_string_equal(last, "cdr.jsonl-4");
	scan_since(BEGIN + 8 * SECOND, &counts);
	assert_int_equal(counts.records, 7);
	scan_since(BEGIN + 12 * SECOND, &counts);
	assert_int_equal(counts.records, 3);
	/* The same file by both names counts once. */
	snprintf(now, sizeof(now), "%s/cdr.jsonl", folder);
	snprintf(old, sizeof(old), "%s/cdr.jsonl.1", folder);
	assert_int_equal(unlink(old), 0);
	assert_int_equal(link(now, old), 0);
	scan_since(BEGIN, &counts);
	assert_int_equal(counts.records, 5);
}

/* In the order of time, whatever their names; and what is not read is told. */
static void all_that_was_rotated_is_read(void **state)
{
	struct cdr_scan_counts counts;
	char command[5000];
	FILE *file;

	(void)state;
	put_records("cdr.jsonl.10", 0, 3);
	put_records("cdr.jsonl-20231114", 3, 3);
	put_records("cdr.jsonl.2", 6, 3);
	put_records("cdr.jsonl.1", 9, 3);
	put_records("cdr.jsonl", 12, 3);
	snprintf(command, sizeof(command),
		"cd '%s' && touch -d @1700000003 cdr.jsonl.10 && touch -d @1700000006 "
		"*14 && "
		"touch -d @1700000009 cdr.jsonl.2 && touch -d @1700000012 cdr.jsonl.1 && "
		"touch cdr.jsonl.3",
		folder);
	assert_int_equal(system(command), 0);
	scan_since(BEGIN, &counts);
	assert_int_equal(counts.records, 15);
	assert_string_equal(first, "cdr.jsonl.10-0");
	assert_string_equal(last, "cdr.jsonl-2");
	assert_false(counts.unread);
	scan_since(BEGIN + 7 * SECOND, &counts);
	assert_int_equal(counts.records, 8);
	assert_string_equal(first, "cdr.jsonl.2-1");
	file = open_file("cdr.jsonl.11.gz", "w");
	fclose(file);
	snprintf(command, sizeof(command),
		"cd '%s' && touch -d @1700000001 cdr.jsonl.11.gz", folder);
	assert_int_equal(system(command), 0);
	scan_since(BEGIN, &counts);
	assert_true(counts.unread);
	scan_since(BEGIN + 2 * SECOND, &counts);
	assert_false(counts.unread);
	snprintf(command, sizeof(command), "ln -s /etc/passwd '%s/cdr.jsonl.4'", folder);
	assert_int_equal(system(command), 0);
	scan_since(BEGIN + 2 * SECOND, &counts);
	assert_true(counts.unread);
	assert_int_equal(counts.records, 13);
}

static void lines_that_are_none_are_counted_and_passed(void **state)
{
	struct cdr_scan_counts counts;
	FILE *file;

	(void)state;
	put_records("cdr.jsonl", 0, 2);
	file = open_file("cdr.jsonl", "a");
	fputs("not a record\n\n{}\n", file);
	/* Longer than a step, twice. */
	for (size_t i = 0; i < 2 * CDR_SCAN_BYTES + 100; i++)
		fputc('x', file);
	fputc('\n', file);
	fclose(file);
	put_records("cdr.jsonl", 2, 2);
	file = open_file("cdr.jsonl", "a");
	fputs("{\"id\":\"torn", file);
	fclose(file);
	scan_since(BEGIN, &counts);
	assert_int_equal(counts.records, 4);
	assert_true(counts.unreadable >= 5);
}

static void a_link_is_not_followed(void **state)
{
	struct err_text text = {""};
	struct cdr_scan *scan;
	char path[4200];

	(void)state;
	snprintf(path, sizeof(path), "%s/cdr.jsonl", folder);
	assert_int_equal(symlink("/etc/passwd", path), 0);
	assert_int_equal(cdr_scan_new(&scan, folder, 0, &text), -ELOOP);
	assert_non_null(strstr(text.text, folder));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_record_is_read_as_it_was_written),
		cmocka_unit_test(both_legs_may_be_on_one_side),
		cmocka_unit_test(hostile_texts_are_no_members),
		cmocka_unit_test(what_is_cut_is_no_record),
		cmocka_unit_test_setup_teardown(no_file_is_no_record, setup, teardown),
		cmocka_unit_test_setup_teardown(
			records_since_a_time_are_found, setup, teardown),
		cmocka_unit_test_setup_teardown(
			what_was_rotated_comes_first, setup, teardown),
		cmocka_unit_test_setup_teardown(
			all_that_was_rotated_is_read, setup, teardown),
		cmocka_unit_test_setup_teardown(
			lines_that_are_none_are_counted_and_passed, setup, teardown),
		cmocka_unit_test_setup_teardown(a_link_is_not_followed, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
