#include "../file_limit.h"

#include "audit/kept.h"
#include "audit/spool.h"
#include "audit_fixture.h"

#include <errno.h>
#include <sys/stat.h>

struct fixture {
	char *folder;
	char path[4200];
	struct spool *spool;
};

static void open_it(struct fixture *fixture)
{
	struct err_text text = {""};

	if (spool_new(&fixture->spool, fixture->folder, &text) != 0)
		fail_msg("%s", text.text);
}

static int setup(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));

	fixture->folder = fixture_folder();
	snprintf(fixture->path, sizeof(fixture->path), "%s/waiting", fixture->folder);
	open_it(fixture);
	*state = fixture;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *fixture = *state;

	spool_free(fixture->spool);
	fixture_remove(fixture->folder);
	free(fixture);
	return 0;
}

static bool add(struct fixture *fixture, const char *line)
{
	return spool_add(fixture->spool, line, strlen(line));
}

static void expect(struct fixture *fixture, const char *expected)
{
	const struct span lines = spool_lines(fixture->spool);

	assert_true(span_equal_str(lines, expected));
	spool_drop(fixture->spool, 0);
}

/* What is mapped is in the file, whatever becomes of the process. */
static void start_anew(struct fixture *fixture)
{
	spool_free(fixture->spool);
	open_it(fixture);
}

static void lines_wait_in_order_and_are_left(void **state)
{
	struct fixture *fixture = *state;
	struct stat st;

	expect(fixture, "");
	assert_true(add(fixture, "one\n"));
	assert_true(add(fixture, "two\n"));
	start_anew(fixture);
	assert_true(add(fixture, "three\n"));
	expect(fixture, "one\ntwo\nthree\n");
	assert_int_equal(spool_len(fixture->spool), 14);
	spool_drop(fixture->spool, 4);
	start_anew(fixture);
	expect(fixture, "two\nthree\n");
	spool_drop(fixture->spool, 10);
	start_anew(fixture);
	expect(fixture, "");
	assert_true(spool_is_left(fixture->spool));
	assert_int_equal(stat(fixture->path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
}

/* A writer reads them while others come. */
static void lines_that_are_used_stay_where_they_are(void **state)
{
	struct fixture *fixture = *state;
	struct span lines;
	const char *where;

	assert_true(add(fixture, "one\n"));
	assert_true(add(fixture, "two\n"));
	(void)spool_lines(fixture->spool);
	spool_drop(fixture->spool, 4);
	lines = spool_lines(fixture->spool);
	where = lines.p;
	for (unsigned i = 0; i < 200000; i++)
		assert_true(add(fixture, "three\n"));
	assert_ptr_equal(lines.p, where);
	assert_true(span_equal_str(lines, "two\n"));
	spool_drop(fixture->spool, lines.len);
	assert_int_equal(spool_len(fixture->spool), 1200000);
	lines = spool_lines(fixture->spool);
	assert_memory_equal(lines.p, "three\nthree\n", 12);
}

static void room_that_is_not_needed_is_given_back(void **state)
{
	struct fixture *fixture = *state;
	static char line[100001];
	struct stat st;
	off_t least;
	size_t count = 0;

	memset(line, 'x', sizeof(line) - 2);
	line[sizeof(line) - 2] = '\n';
	assert_int_equal(stat(fixture->path, &st), 0);
	least = st.st_size;
	while (add(fixture, line))
		count++;
	assert_true(count >= 160);
	assert_true(add(fixture, "a short one has room\n"));
	assert_int_equal(stat(fixture->path, &st), 0);
	assert_true(st.st_size > 16000000);
	/* Half of it: others come in its place. */
	(void)spool_lines(fixture->spool);
	spool_drop(fixture->spool, count / 2 * 100000 + 100000);
	assert_true(add(fixture, line));
	assert_int_equal(spool_len(fixture->spool),
		(count - count / 2) * 100000 + strlen("a short one has room\n"));
	(void)spool_lines(fixture->spool);
	spool_drop(fixture->spool, spool_len(fixture->spool));
	assert_int_equal(stat(fixture->path, &st), 0);
	assert_int_equal(st.st_size, least);
	assert_true(add(fixture, "one\n"));
	expect(fixture, "one\n");
}

/* Most of it was written, and the disk holds up the rest: what was written gives its room to those that come meanwhile. */
static void what_was_dropped_is_room_while_others_are_used(void **state)
{
	struct fixture *fixture = *state;
	static char line[100001];
	size_t count = 0;

	memset(line, 'x', sizeof(line) - 2);
	line[sizeof(line) - 2] = '\n';
	while (add(fixture, line))
		count++;
	(void)spool_lines(fixture->spool);
	spool_drop(fixture->spool, (count - 20) * 100000);
	assert_int_equal(spool_lines(fixture->spool).len, 20 * 100000);
	/* 8 MB at least */
	for (unsigned i = 20; i < 80; i++)
		assert_true(add(fixture, line));
	assert_int_equal(spool_len(fixture->spool), 80 * 100000);
}

static void what_is_kept_of_them_waits_on(void **state)
{
	struct fixture *fixture = *state;

	assert_true(add(fixture, "one\n"));
	assert_true(add(fixture, "two\n"));
	assert_true(add(fixture, "three\n"));
	(void)spool_lines(fixture->spool);
	spool_keep(fixture->spool, 4, 4);
	start_anew(fixture);
	expect(fixture, "two\n");
	assert_true(add(fixture, "four\n"));
	expect(fixture, "two\nfour\n");
	(void)spool_lines(fixture->spool);
	spool_keep(fixture->spool, 4, 0);
	expect(fixture, "");
}

/* Lines come all the time: it is never empty, and does not grow. */
static void a_spool_that_is_never_empty_stays_small(void **state)
{
	struct fixture *fixture = *state;
	struct stat st;
	off_t least;

	assert_int_equal(stat(fixture->path, &st), 0);
	least = st.st_size;
	assert_true(add(fixture, "one\n"));
	for (unsigned i = 0; i < 100000; i++) {
		(void)spool_lines(fixture->spool);
		assert_true(add(fixture, "one\n"));
		spool_drop(fixture->spool, 4);
	}
	expect(fixture, "one\n");
	assert_int_equal(stat(fixture->path, &st), 0);
	assert_int_equal(st.st_size, least);
}

static void expect_foreign(struct fixture *fixture, const void *bytes, size_t len)
{
	FILE *file;

	spool_free(fixture->spool);
	file = fopen(fixture->path, "we");
	assert_int_equal(fwrite(bytes, 1, len, file), len);
	fclose(file);
	open_it(fixture);
	expect(fixture, "");
	assert_true(add(fixture, "one\n"));
	start_anew(fixture);
	expect(fixture, "one\n");
}

static void what_is_no_spool_is_begun_anew(void **state)
{
	char bytes[70000] = "tandem-waiting-1";
	uint64_t range = UINT64_C(4) << 32 | 3;

	expect_foreign(*state, "x", 1);
	memset(bytes + 100, 'x', 1000);
	/* ends before it begins, behind the file, in a line */
	memcpy(bytes + 32, &range, sizeof(range));
	expect_foreign(*state, bytes, sizeof(bytes));
	range = 69937;
	memcpy(bytes + 32, &range, sizeof(range));
	expect_foreign(*state, bytes, sizeof(bytes));
	range = 69936;
	memcpy(bytes + 32, &range, sizeof(range));
	expect_foreign(*state, bytes, sizeof(bytes));
}

static void where_there_is_no_room_a_line_is_refused(void **state)
{
	struct fixture *fixture = *state;
	unsigned count = 0;

	limit_files(200000);
	while (add(fixture, "123456789\n"))
		count++;
	limit_files(RLIM_INFINITY);
	assert_int_equal(count, (200000 - 64) / 10);
	assert_true(add(fixture, "one\n"));
	start_anew(fixture);
	assert_int_equal(spool_len(fixture->spool), count * 10 + 4);
}

static void a_link_is_refused(void **state)
{
	struct fixture *fixture = *state;
	struct err_text text = {""};

	spool_free(fixture->spool);
	fixture->spool = NULL;
	assert_int_equal(unlink(fixture->path), 0);
	assert_int_equal(symlink("/dev/null", fixture->path), 0);
	assert_int_equal(spool_new(&fixture->spool, fixture->folder, &text), -ELOOP);
	assert_non_null(strstr(text.text, "/waiting"));
	assert_int_equal(unlink(fixture->path), 0);
	assert_int_equal(mkfifo(fixture->path, 0600), 0);
	assert_int_equal(spool_new(&fixture->spool, fixture->folder, &text), -EPERM);
	assert_int_equal(unlink(fixture->path), 0);
}

static void without_a_folder_it_ends_with_the_process(void **state)
{
	struct fixture *fixture = *state;
	struct err_text text = {""};

	spool_free(fixture->spool);
	assert_int_equal(spool_new(&fixture->spool, NULL, &text), 0);
	assert_false(spool_is_left(fixture->spool));
	for (unsigned i = 0; i < 20000; i++)
		assert_true(add(fixture, "123456789\n"));
	(void)spool_lines(fixture->spool);
	spool_drop(fixture->spool, 199990);
	expect(fixture, "123456789\n");
}

/* Memory that was given back is as new, whatever stood there; a page has more. */
static void what_is_given_back_is_zero_when_it_is_used_again(void **state)
{
	struct fixture *fixture = *state;
	struct err_text text = {""};
	static const char zeros[90];

	for (unsigned i = 0; i < 2; i++) {
		struct kept kept;

		assert_int_equal(kept_open(&kept, i == 0 ? fixture->folder : NULL,
					 "other", 8192, &text),
			0);
		assert_int_equal(kept_grow(&kept, 100), 0);
		memset(kept.bytes, 'x', 100);
		kept_shrink(&kept, 10);
		assert_int_equal(kept_grow(&kept, 5000), 0);
		assert_memory_equal(kept.bytes, "xxxxxxxxxx", 10);
		assert_memory_equal(kept.bytes + 10, zeros, sizeof(zeros));
		kept_close(&kept);
	}
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(lines_wait_in_order_and_are_left),
		CASE(lines_that_are_used_stay_where_they_are),
		CASE(room_that_is_not_needed_is_given_back),
		CASE(what_was_dropped_is_room_while_others_are_used),
		CASE(what_is_kept_of_them_waits_on),
		CASE(a_spool_that_is_never_empty_stays_small),
		CASE(what_is_no_spool_is_begun_anew),
		CASE(where_there_is_no_room_a_line_is_refused),
		CASE(a_link_is_refused),
		CASE(without_a_folder_it_ends_with_the_process),
		CASE(what_is_given_back_is_zero_when_it_is_used_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
