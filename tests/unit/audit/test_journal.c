#include "../unit.h"

#include "audit/journal.h"
#include "audit_fixture.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
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

	if (journal_new(&fixture->journal, fixture->folder, "cdr.jsonl", &fixture->health,
		    &text) != 0)
		fail_msg("%s", text.text);
}

static void put(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

static void expect(const char *path, const char *expected)
{
	char text[4096] = "";
	FILE *file = fopen(path, "r");

	assert_non_null(file);
	text[fread(text, 1, sizeof(text) - 1, file)] = '\0';
	fclose(file);
	assert_string_equal(text, expected);
}

static void limit_file_size(rlim_t bytes)
{
	struct rlimit limit;

	getrlimit(RLIMIT_FSIZE, &limit);
	limit.rlim_cur = bytes;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static void a_line_is_in_the_file_when_add_returns(void **state)
{
	struct fixture *fixture = *state;
	struct stat st;

	start(fixture);
	journal_add(fixture->journal, "{\"a\":1}\n", 8);
	expect(fixture->path, "{\"a\":1}\n");
	assert_int_equal(stat(fixture->path, &st), 0);
	assert_int_equal(st.st_mode & 0137, 0);
}

static void a_torn_line_is_cut_at_start(void **state)
{
	struct fixture *fixture = *state;

	put(fixture->path, "{\"a\":1}\n{\"b\":");
	start(fixture);
	journal_add(fixture->journal, "{\"c\":3}\n", 8);
	expect(fixture->path, "{\"a\":1}\n{\"c\":3}\n");
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
	assert_true(journal_new(&fixture->journal, fixture->folder, "cdr.jsonl",
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
	journal_add(fixture->journal, "{\"a\":1}\n", 8);
	limit_file_size(12);
	journal_add(fixture->journal, "{\"b\":2}\n", 8);
	journal_add(fixture->journal, "{\"c\":3}\n", 8);
	expect(fixture->path, "{\"a\":1}\n");
	assert_true(health_is_failing(&fixture->health));
	assert_false(journal_tick(fixture->journal));
	limit_file_size(RLIM_INFINITY);
	assert_true(journal_tick(fixture->journal));
	expect(fixture->path, "{\"a\":1}\n{\"b\":2}\n{\"c\":3}\n");
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
	journal_add(fixture->journal, "{\"a\":1}\n", 8);
	snprintf(moved, sizeof(moved), "%s.1", fixture->path);
	assert_int_equal(rename(fixture->path, moved), 0);
	assert_true(journal_tick(fixture->journal));
	journal_add(fixture->journal, "{\"b\":2}\n", 8);
	expect(moved, "{\"a\":1}\n");
	expect(fixture->path, "{\"b\":2}\n");
}

static void a_link_is_refused(void **state)
{
	struct fixture *fixture = *state;
	struct err_text text = {""};
	char target[4300];

	snprintf(target, sizeof(target), "%s/other", fixture->folder);
	put(target, "x\n");
	assert_int_equal(symlink(target, fixture->path), 0);
	assert_true(journal_new(&fixture->journal, fixture->folder, "cdr.jsonl",
			    &fixture->health, &text) < 0);
	assert_non_null(strstr(text.text, "cdr.jsonl"));
	expect(target, "x\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			a_line_is_in_the_file_when_add_returns, setup, teardown),
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
	};

	signal(SIGXFSZ, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
