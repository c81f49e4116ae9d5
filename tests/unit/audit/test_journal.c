#include "../file_limit.h"

#include "audit/journal.h"
#include "audit_fixture.h"
#include "evidence/head.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/stat.h>

struct fixture {
	char *folder;
	char path[4200];
	struct health health;
	struct journal *journal;
};

static int setup(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));

	fixture->folder = fixture_folder();
	snprintf(fixture->path, sizeof(fixture->path), "%s/cdr.jsonl", fixture->folder);
	health_init(&fixture->health);
	*state = fixture;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *fixture = *state;

	journal_free(fixture->journal);
	health_free(&fixture->health);
	fixture_remove(fixture->folder);
	free(fixture);
	return 0;
}

static void start(struct fixture *fixture)
{
	struct err_text text = {""};

	if (journal_new(&fixture->journal, fixture->folder, fixture->folder, 0,
		    &fixture->health, &text) != 0)
		fail_msg("%s", text.text);
}

/* It waits to be written. */
static void add(struct fixture *fixture, const char *body)
{
	assert_true(journal_add(fixture->journal, "call", body, strlen(body)));
}

/* It is in the file. */
static void write_one(struct fixture *fixture, const char *body)
{
	add(fixture, body);
	assert_true(journal_write(fixture->journal));
}

static void put(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

/* What is in the file at PATH: of lines with a head their number, kind and members. */
static void expect(const char *path, const char *expected)
{
	char line[4096], text[4096] = "";
	FILE *file = fopen(path, "r");
	size_t len = 0;
	uint64_t seq;

	assert_non_null(file);
	while (fgets(line, sizeof(line), file)) {
		const char *rest = line;
		char number[32] = "";

		if (head_read(span_of(line), &seq) == 0) {
			snprintf(number, sizeof(number), "%d ", (int)seq);
			rest = strstr(line, ",\"kind\":\"") + 9;
		}
		len += (size_t)snprintf(
			text + len, sizeof(text) - len, "%s%s", number, rest);
	}
	fclose(file);
	assert_string_equal(text, expected);
}

static void a_line_waits_and_is_written(void **state)
{
	struct fixture *fixture = *state;
	struct journal_counts counts;
	struct stat st;

	start(fixture);
	add(fixture, "{\"a\":1}\n");
	expect(fixture->path, "");
	journal_counts(fixture->journal, &counts);
	assert_true(counts.waiting_bytes > 0);
	assert_int_equal(counts.written, 0);
	assert_true(journal_write(fixture->journal));
	journal_counts(fixture->journal, &counts);
	assert_int_equal(counts.waiting_bytes, 0);
	assert_int_equal(counts.written, 1);
	expect(fixture->path, "0 call\",\"a\":1}\n");
	assert_int_equal(stat(fixture->path, &st), 0);
	assert_int_equal(st.st_mode & 0137, 0);
}

static void a_torn_line_is_cut_at_start(void **state)
{
	struct fixture *fixture = *state;

	put(fixture->path, "{\"a\":1}\n{\"b\":");
	start(fixture);
	write_one(fixture, "{\"c\":3}\n");
	expect(fixture->path, "{\"a\":1}\n1 call\",\"c\":3}\n");
}

static void a_file_that_is_torn_all_over_is_emptied(void **state)
{
	struct fixture *fixture = *state;

	put(fixture->path, "{\"b\":");
	start(fixture);
	expect(fixture->path, "");
}

/* So long a text without the end of a line was not written by us: it is neither cut nor written on. */
static void a_file_that_is_none_of_ours_is_left(void **state)
{
	struct fixture *fixture = *state;
	const off_t size = 2 << 20;
	struct err_text text = {""};
	struct stat st;

	put(fixture->path, "");
	assert_int_equal(truncate(fixture->path, size), 0);
	assert_true(journal_new(&fixture->journal, fixture->folder, NULL, 0,
			    &fixture->health, &text) < 0);
	assert_non_null(strstr(text.text, "/cdr.jsonl"));
	assert_int_equal(stat(fixture->path, &st), 0);
	assert_int_equal(st.st_size, size);
}

static void on_a_full_disk_records_wait_and_none_is_half_written(void **state)
{
	struct fixture *fixture = *state;
	struct journal_counts counts;

	start(fixture);
	write_one(fixture, "{\"a\":1}\n");
	limit_files(120);
	add(fixture, "{\"b\":2}\n");
	add(fixture, "{\"c\":3}\n");
	assert_false(journal_write(fixture->journal));
	expect(fixture->path, "0 call\",\"a\":1}\n");
	assert_true(health_is_failing(&fixture->health));
	assert_false(journal_tick(fixture->journal, NULL));
	limit_files(RLIM_INFINITY);
	assert_true(journal_tick(fixture->journal, NULL));
	expect(fixture->path,
		"0 call\",\"a\":1}\n1 call\",\"b\":2}\n2 call\",\"c\":3}\n");
	journal_counts(fixture->journal, &counts);
	assert_int_equal(counts.written, 3);
	assert_int_equal(counts.lost, 0);
	assert_int_equal(counts.waiting_bytes, 0);
}

static void a_rotated_file_is_followed(void **state)
{
	struct fixture *fixture = *state;
	char moved[4300];

	start(fixture);
	write_one(fixture, "{\"a\":1}\n");
	snprintf(moved, sizeof(moved), "%s.1", fixture->path);
	assert_int_equal(rename(fixture->path, moved), 0);
	assert_true(journal_tick(fixture->journal, NULL));
	write_one(fixture, "{\"b\":2}\n");
	expect(moved, "0 call\",\"a\":1}\n");
	expect(fixture->path, "1 call\",\"b\":2}\n");
}

static void a_link_is_refused(void **state)
{
	struct fixture *fixture = *state;
	struct err_text text = {""};
	char target[4300];

	snprintf(target, sizeof(target), "%s/other", fixture->folder);
	put(target, "x\n");
	assert_int_equal(symlink(target, fixture->path), 0);
	assert_true(journal_new(&fixture->journal, fixture->folder, NULL, 0,
			    &fixture->health, &text) < 0);
	assert_non_null(strstr(text.text, "cdr.jsonl"));
	expect(target, "x\n");
}

static void restart(struct fixture *fixture)
{
	journal_free(fixture->journal);
	fixture->journal = NULL;
	start(fixture);
}

static struct journal_past past_of(struct fixture *fixture)
{
	struct journal_past past;

	journal_past(fixture->journal, &past);
	return past;
}

static void numbers_go_on_after_a_restart(void **state)
{
	struct fixture *fixture = *state;
	char moved[4300];

	start(fixture);
	assert_false(past_of(fixture).any);
	write_one(fixture, "{\"a\":1}\n");
	write_one(fixture, "{\"end\":\"noon\"}\n");
	restart(fixture);
	assert_int_equal(past_of(fixture).records, 2);
	assert_true(past_of(fixture).any);
	assert_false(past_of(fixture).stopped);
	assert_string_equal(past_of(fixture).last, "noon");
	assert_true(journal_add(fixture->journal, "stop", "{\"time\":\"night\"}\n", 17));
	assert_true(journal_write(fixture->journal));
	/* The file was rotated, and nothing is in the new one. */
	snprintf(moved, sizeof(moved), "%s.1", fixture->path);
	assert_int_equal(rename(fixture->path, moved), 0);
	restart(fixture);
	assert_int_equal(past_of(fixture).records, 3);
	assert_true(past_of(fixture).stopped);
	assert_string_equal(past_of(fixture).last, "night");
	write_one(fixture, "{\"b\":2}\n");
	expect(fixture->path, "3 call\",\"b\":2}\n");
}

static void numbers_are_not_below_what_was_signed(void **state)
{
	struct fixture *fixture = *state;
	struct err_text text = {""};

	assert_int_equal(journal_new(&fixture->journal, fixture->folder, NULL, 70,
				 &fixture->health, &text),
		0);
	assert_int_equal(past_of(fixture).records, 0);
	write_one(fixture, "{\"a\":1}\n");
	expect(fixture->path, "70 call\",\"a\":1}\n");
}

/* A file that is longer than what is looked at first. */
static void lines_without_a_head_are_counted(void **state)
{
	struct fixture *fixture = *state;
	FILE *file = fopen(fixture->path, "we");

	for (unsigned i = 0; i < 30000; i++)
		fprintf(file, "{\"id\":\"old-%u\",\"end\":\"e%u\"}\n", i, i);
	fclose(file);
	start(fixture);
	assert_int_equal(past_of(fixture).records, 30000);
	assert_false(past_of(fixture).any);
	assert_string_equal(past_of(fixture).last, "e29999");
	write_one(fixture, "{\"a\":1}\n");
	/* An older version went on for a while. */
	file = fopen(fixture->path, "ae");
	fputs("{\"id\":\"old\"}\n{\"id\":\"old\"}\n", file);
	fclose(file);
	restart(fixture);
	/* These are no records. */
	assert_int_equal(past_of(fixture).records, 30001);
	assert_true(past_of(fixture).any);
}

/* Its number is another one's then: whoever asked has none. */
static void one_that_is_lost_has_no_number(void **state)
{
	struct fixture *fixture = *state;
	uint64_t number = 77;
	char body[1000];

	memset(body, 'x', sizeof(body));
	memcpy(body, "{\"a\":\"", 6);
	memcpy(body + sizeof(body) - 3, "\"}\n", 3);
	start(fixture);
	assert_true(journal_add_numbered(
		fixture->journal, "call", body, sizeof(body), &number));
	assert_int_equal(number, 0);
	limit_files(10);
	while (journal_add(fixture->journal, "call", body, sizeof(body)))
		;
	number = UINT64_MAX;
	assert_false(journal_add_numbered(
		fixture->journal, "call", body, sizeof(body), &number));
	limit_files(RLIM_INFINITY);
	assert_true(number == UINT64_MAX);
}

/* What was lost for want of memory is a record of its own when there is room. */
static void a_gap_is_declared(void **state)
{
	struct fixture *fixture = *state;
	const size_t len = 60000;
	char *body = malloc(len + 1);
	struct journal_counts counts;
	char line[600] = "";
	unsigned kept = 0;
	FILE *file;

	memset(body, 'x', len);
	memcpy(body, "{\"a\":\"", 6);
	memcpy(body + len - 3, "\"}\n", 3);
	body[len] = '\0';
	start(fixture);
	limit_files(10);
	do {
		journal_add(fixture->journal, "call", body, len);
		journal_counts(fixture->journal, &counts);
		kept++;
	} while (counts.lost == 0);
	assert_false(journal_add(fixture->journal, "call", body, len));
	assert_false(journal_add(fixture->journal, "call", body, len));
	assert_false(journal_tick(fixture->journal, NULL));
	limit_files(RLIM_INFINITY);
	assert_true(journal_tick(fixture->journal, NULL));
	write_one(fixture, "{\"b\":2}\n");
	journal_counts(fixture->journal, &counts);
	assert_int_equal(counts.lost, 3);
	assert_int_equal(counts.written, kept - 1 + 1);
	restart(fixture);
	assert_int_equal(past_of(fixture).records, kept - 1 + 2);
	snprintf(body, len, "tail -n 2 '%s' | head -n 1", fixture->path);
	file = popen(body, "r");
	assert_non_null(fgets(line, sizeof(line), file));
	pclose(file);
	assert_non_null(strstr(line, "\"kind\":\"gap\""));
	assert_non_null(strstr(line, "\"what\":\"records\",\"count\":3,\"since\":\"2"));
	assert_non_null(strstr(line, "\"why\":\"cdr: File too large\""));
	free(body);
}

static void a_view_is_of_one_file(void **state)
{
	struct fixture *fixture = *state;
	struct journal_view first, second;
	char moved[4300];
	struct stat st;

	start(fixture);
	write_one(fixture, "{\"a\":1}\n");
	assert_true(journal_tick(fixture->journal, &first));
	assert_int_equal(stat(fixture->path, &st), 0);
	assert_true(first.size == st.st_size && first.fd >= 0);
	write_one(fixture, "{\"b\":2}\n");
	assert_true(journal_tick(fixture->journal, &second));
	assert_true(second.file == first.file && second.size > first.size);
	snprintf(moved, sizeof(moved), "%s.1", fixture->path);
	assert_int_equal(rename(fixture->path, moved), 0);
	assert_true(journal_tick(fixture->journal, &first));
	assert_true(first.file != second.file);
	assert_int_equal(first.size, 0);
}

/* As a process leaves it that is killed: nothing is written any more, and the descriptors close. */
static void kill_it(struct fixture *fixture)
{
	char command[9000];

	snprintf(command, sizeof(command), "cp '%s/waiting' '%s/kept'", fixture->folder,
		fixture->folder);
	assert_int_equal(system(command), 0);
	limit_files(0);
	journal_free(fixture->journal);
	limit_files(RLIM_INFINITY);
	fixture->journal = NULL;
	snprintf(command, sizeof(command), "mv '%s/kept' '%s/waiting'", fixture->folder,
		fixture->folder);
	assert_int_equal(system(command), 0);
}

static void take_id(void *arg, struct span id)
{
	char *ids = arg;

	snprintf(ids + strlen(ids), 100, "%.*s ", SPAN_ARG(id));
}

static void what_a_killed_process_had_not_written_is(void **state)
{
	struct fixture *fixture = *state;
	char ids[256] = "";

	start(fixture);
	write_one(fixture, "{\"id\":\"a\"}\n");
	add(fixture, "{\"id\":\"b\"}\n");
	add(fixture, "{\"id\":\"c\",\"end\":\"noon\"}\n");
	kill_it(fixture);
	start(fixture);
	assert_int_equal(past_of(fixture).records, 3);
	assert_true(past_of(fixture).any);
	assert_string_equal(past_of(fixture).last, "noon");
	journal_each_call(fixture->journal, 4096, take_id, ids);
	assert_string_equal(ids, "a b c ");
	write_one(fixture, "{\"id\":\"d\"}\n");
	expect(fixture->path, "0 call\",\"id\":\"a\"}\n1 call\",\"id\":\"b\"}\n"
			      "2 call\",\"id\":\"c\",\"end\":\"noon\"}\n"
			      "3 call\",\"id\":\"d\"}\n");
}

/* The folder of what waits is full: what stands there needs no room. */
static void what_was_left_stays_where_there_is_no_room(void **state)
{
	struct fixture *fixture = *state;
	char body[1000];

	start(fixture);
	write_one(fixture, "{\"a\":1}\n");
	memset(body, 'x', sizeof(body));
	memcpy(body, "{\"a\":\"", 6);
	memcpy(body + sizeof(body) - 4, "\"}\n", 4);
	for (unsigned i = 0; i < 200; i++)
		add(fixture, body);
	kill_it(fixture);
	limit_files(65536);
	start(fixture);
	limit_files(RLIM_INFINITY);
	assert_int_equal(past_of(fixture).records, 201);
	assert_true(journal_write(fixture->journal));
	restart(fixture);
	assert_int_equal(past_of(fixture).records, 201);
}

/* It was killed between the one and the other. */
static void what_was_written_but_waits_still_is_written_once(void **state)
{
	struct fixture *fixture = *state;
	char command[9000];

	start(fixture);
	add(fixture, "{\"a\":1}\n");
	add(fixture, "{\"b\":2}\n");
	snprintf(command, sizeof(command), "cp '%s/waiting' '%s/kept'", fixture->folder,
		fixture->folder);
	assert_int_equal(system(command), 0);
	assert_true(journal_write(fixture->journal));
	journal_free(fixture->journal);
	snprintf(command, sizeof(command),
		"mv '%s/kept' '%s/waiting'; truncate -s -10 '%s'", fixture->folder,
		fixture->folder, fixture->path);
	assert_int_equal(system(command), 0);
	start(fixture);
	assert_int_equal(past_of(fixture).records, 2);
	assert_true(journal_tick(fixture->journal, NULL));
	expect(fixture->path, "0 call\",\"a\":1}\n1 call\",\"b\":2}\n");
}

/* Records wait, CHANGE is done to the files: what of them is written by the next start. */
static void expect_taken(
	struct fixture *fixture, const char *change, const char *expected)
{
	char command[9000];

	start(fixture);
	write_one(fixture, "{\"a\":1}\n");
	add(fixture, "{\"b\":2}\n");
	add(fixture, "{\"c\":3}\n");
	kill_it(fixture);
	snprintf(command, sizeof(command), "cd '%s' && %s", fixture->folder, change);
	assert_int_equal(system(command), 0);
	start(fixture);
	write_one(fixture, "{\"d\":4}\n");
	expect(fixture->path, expected);
}

static void what_does_not_go_on_is_not_written(void **state)
{
	expect_taken(*state, "rm cdr.jsonl", "0 call\",\"d\":4}\n");
}

static void what_waits_is_written_up_to_where_it_is_damaged(void **state)
{
	expect_taken(*state, "sed -i 's/\"seq\":2/\"seq\":x/' waiting",
		"0 call\",\"a\":1}\n1 call\",\"b\":2}\n2 call\",\"d\":4}\n");
}

static void what_would_leave_out_a_number_is_not_written(void **state)
{
	expect_taken(*state, "sed -i 's/\"seq\":2/\"seq\":3/' waiting",
		"0 call\",\"a\":1}\n1 call\",\"b\":2}\n2 call\",\"d\":4}\n");
}

static void without_a_folder_of_that_kind_records_are_written(void **state)
{
	struct fixture *fixture = *state;
	struct err_text text = {""};

	assert_int_equal(journal_new(&fixture->journal, fixture->folder, "/nowhere", 0,
				 &fixture->health, &text),
		0);
	write_one(fixture, "{\"a\":1}\n");
	expect(fixture->path, "0 call\",\"a\":1}\n");
}

#define LINES 20000

static void *adds_h(void *arg)
{
	struct fixture *fixture = arg;

	for (unsigned i = 0; i < LINES; i++)
		add(fixture, "{\"a\":1}\n");
	return NULL;
}

static void lines_that_come_while_others_are_written_are_in_order(void **state)
{
	struct fixture *fixture = *state;
	uint64_t count = 0, seq;
	char line[512];
	pthread_t thread;
	FILE *file;

	start(fixture);
	assert_int_equal(pthread_create(&thread, NULL, adds_h, fixture), 0);
	while (pthread_tryjoin_np(thread, NULL) != 0)
		journal_tick(fixture->journal, NULL);
	assert_true(journal_tick(fixture->journal, NULL));
	file = fopen(fixture->path, "r");
	while (fgets(line, sizeof(line), file)) {
		assert_int_equal(head_read(span_of(line), &seq), 0);
		assert_int_equal(seq, count);
		count++;
	}
	fclose(file);
	assert_int_equal(count, LINES);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			a_line_waits_and_is_written, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_torn_line_is_cut_at_start, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_file_that_is_torn_all_over_is_emptied, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_file_that_is_none_of_ours_is_left, setup, teardown),
		cmocka_unit_test_setup_teardown(
			on_a_full_disk_records_wait_and_none_is_half_written, setup,
			teardown),
		cmocka_unit_test_setup_teardown(
			a_rotated_file_is_followed, setup, teardown),
		cmocka_unit_test_setup_teardown(a_link_is_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(
			what_a_killed_process_had_not_written_is, setup, teardown),
		cmocka_unit_test_setup_teardown(
			what_was_left_stays_where_there_is_no_room, setup, teardown),
		cmocka_unit_test_setup_teardown(
			what_was_written_but_waits_still_is_written_once, setup,
			teardown),
		cmocka_unit_test_setup_teardown(
			what_does_not_go_on_is_not_written, setup, teardown),
		cmocka_unit_test_setup_teardown(
			what_waits_is_written_up_to_where_it_is_damaged, setup, teardown),
		cmocka_unit_test_setup_teardown(
			what_would_leave_out_a_number_is_not_written, setup, teardown),
		cmocka_unit_test_setup_teardown(
			without_a_folder_of_that_kind_records_are_written, setup,
			teardown),
		cmocka_unit_test_setup_teardown(
			lines_that_come_while_others_are_written_are_in_order, setup,
			teardown),
		cmocka_unit_test_setup_teardown(
			numbers_go_on_after_a_restart, setup, teardown),
		cmocka_unit_test_setup_teardown(
			numbers_are_not_below_what_was_signed, setup, teardown),
		cmocka_unit_test_setup_teardown(
			lines_without_a_head_are_counted, setup, teardown),
		cmocka_unit_test_setup_teardown(
			one_that_is_lost_has_no_number, setup, teardown),
		cmocka_unit_test_setup_teardown(a_gap_is_declared, setup, teardown),
		cmocka_unit_test_setup_teardown(a_view_is_of_one_file, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
