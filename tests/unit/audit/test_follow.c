/* Records read on by somebody who remembers where he was: over renamed, cut and removed files. */
#include "../unit.h"

#include "audit/follow.h"
#include "audit_fixture.h"
#include "base/err.h"

#include <errno.h>
#include <stdbool.h>
#include <sys/stat.h>

static char *folder;
static struct follow *follow;

static int setup(void **state)
{
	(void)state;
	folder = fixture_folder();
	assert_int_equal(follow_new(&follow, folder), 0);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	follow_free(follow);
	fixture_remove(folder);
	return 0;
}

static void path_of(char path[4200], const char *name)
{
	snprintf(path, 4200, "%s/%s", folder, name);
}

static void put(const char *name, const char *text)
{
	char path[4200];
	FILE *file;

	path_of(path, name);
	file = fopen(path, "a");
	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	fclose(file);
}

/* COUNT records from number FROM on. */
static void put_records(const char *name, unsigned from, unsigned count)
{
	char line[120];

	for (unsigned i = from; i < from + count; i++) {
		snprintf(line, sizeof(line),
			"{\"v\":1,\"seq\":%u,\"salt\":\"%032x\",\"kind\":\"x\"}\n", i,
			i * 7);
		put(name, line);
	}
}

static void move(const char *from, const char *to)
{
	char old[4200], fresh[4200];

	path_of(old, from);
	path_of(fresh, to);
	assert_int_equal(rename(old, fresh), 0);
}

/* Reads all that there is: the numbers as text. */
static const char *read_all(void)
{
	static char text[4096];
	struct follow_line line;
	size_t len = 0;
	int err;

	text[0] = '\0';
	while ((err = follow_next(follow, &line)) == 0) {
		const char *seq = memmem(line.text.p, line.text.len, "\"seq\":", 6);

		len += (size_t)snprintf(
			text + len, sizeof(text) - len, "%d ", seq ? atoi(seq + 6) : -1);
	}
	assert_int_equal(err, -EAGAIN);
	return text;
}

static void what_is_appended_is_read(void **state)
{
	(void)state;
	assert_string_equal(read_all(), "");
	put_records("cdr.jsonl", 0, 3);
	assert_string_equal(read_all(), "0 1 2 ");
	assert_string_equal(read_all(), "");
	put("cdr.jsonl", "{\"v\":1,\"seq\":3,\"sal");
	assert_string_equal(read_all(), "");
	put("cdr.jsonl", "t\":\"00000000000000000000000000000000\"}\n");
	put_records("cdr.jsonl", 4, 1);
	assert_string_equal(read_all(), "3 4 ");
}

static void a_renamed_file_is_read_to_its_end(void **state)
{
	(void)state;
	put_records("cdr.jsonl", 0, 2);
	assert_string_equal(read_all(), "0 1 ");
	move("cdr.jsonl", "cdr.jsonl.1");
	put_records("cdr.jsonl.1", 2, 1);
	assert_string_equal(read_all(), "2 ");
	put("cdr.jsonl", "");
	put_records("cdr.jsonl.1", 3, 1);
	assert_string_equal(read_all(), "3 ");
	put_records("cdr.jsonl.1", 4, 1);
	put_records("cdr.jsonl", 5, 2);
	assert_string_equal(read_all(), "4 5 6 ");
	assert_int_equal(follow_missing(follow), 0);
}

static void several_files_are_read_in_their_order(void **state)
{
	(void)state;
	put_records("cdr.jsonl.2", 0, 2);
	put_records("cdr.jsonl.1", 2, 2);
	put_records("cdr.jsonl", 4, 1);
	put("cdr.jsonl.3.gz", "none that can be read\n");
	put("cdr.jsonlx", "not ours\n");
	assert_string_equal(read_all(), "0 1 2 3 4 ");
	assert_int_equal(follow_count_files(folder), 4);
	move("cdr.jsonl.1", "cdr.jsonl.2");
	move("cdr.jsonl", "cdr.jsonl.1");
	put_records("cdr.jsonl", 5, 1);
	assert_string_equal(read_all(), "5 ");
}

static void what_is_missing_between_two_files_is_counted(void **state)
{
	(void)state;
	put_records("cdr.jsonl.1", 0, 2);
	put_records("cdr.jsonl", 7, 2);
	assert_string_equal(read_all(), "0 1 7 8 ");
	assert_int_equal(follow_missing(follow), 5);
}

static void it_goes_on_where_it_was(void **state)
{
	struct follow_position position, start;

	(void)state;
	assert_int_equal(follow_position(follow, &start), 0);
	assert_string_equal(start.file, "");
	put_records("cdr.jsonl", 0, 3);
	assert_string_equal(read_all(), "0 1 2 ");
	assert_int_equal(follow_position(follow, &position), 0);
	assert_int_equal(position.next, 3);
	move("cdr.jsonl", "cdr.jsonl.1");
	put_records("cdr.jsonl", 3, 2);
	follow_free(follow);
	assert_int_equal(follow_new(&follow, folder), 0);
	assert_int_equal(follow_seek(follow, &position), 0);
	assert_string_equal(read_all(), "3 4 ");
	assert_int_equal(follow_seek(follow, &start), 0);
	assert_string_equal(read_all(), "0 1 2 3 4 ");
	/* at the beginning of a file, too */
	assert_int_equal(follow_seek(follow, &position), 0);
	position.end = position.begin = 0;
	assert_int_equal(follow_seek(follow, &position), 0);
	assert_string_equal(read_all(), "0 1 2 3 4 ");
}

static void what_changed_behind_its_back_is_noticed(void **state)
{
	struct follow_position position, other;
	char path[4200];

	(void)state;
	put_records("cdr.jsonl", 0, 3);
	assert_string_equal(read_all(), "0 1 2 ");
	assert_int_equal(follow_position(follow, &position), 0);
	other = position;
	other.line[0] ^= 1;
	assert_int_equal(follow_seek(follow, &other), -ESTALE);
	other = position;
	other.end--;
	assert_int_equal(follow_seek(follow, &other), -ESTALE);
	other = position;
	other.file[0] ^= 1;
	assert_int_equal(follow_seek(follow, &other), -ESTALE);
	path_of(path, "cdr.jsonl");
	assert_int_equal(truncate(path, 60), 0);
	assert_int_equal(follow_seek(follow, &position), -ESTALE);
	unlink(path);
	assert_int_equal(follow_seek(follow, &position), -ESTALE);
}

static void a_file_that_is_cut_begins_anew(void **state)
{
	char path[4200];

	(void)state;
	put_records("cdr.jsonl.1", 0, 1);
	put_records("cdr.jsonl", 1, 3);
	assert_string_equal(read_all(), "0 1 2 3 ");
	path_of(path, "cdr.jsonl");
	assert_int_equal(truncate(path, 0), 0);
	assert_string_equal(read_all(), "");
	put_records("cdr.jsonl", 4, 1);
	assert_string_equal(read_all(), "4 ");
}

static void a_file_that_is_gone_is_passed_over(void **state)
{
	char path[4200];

	(void)state;
	put_records("cdr.jsonl", 0, 2);
	assert_string_equal(read_all(), "0 1 ");
	path_of(path, "cdr.jsonl");
	unlink(path);
	put_records("cdr.jsonl.2", 0, 1); /* older than what was read */
	put_records("cdr.jsonl.1", 2, 2);
	put_records("cdr.jsonl", 4, 1);
	assert_string_equal(read_all(), "2 3 4 ");
}

static void a_line_that_is_too_long_is_none(void **state)
{
	const size_t len = (size_t)3 << 20;
	char *text = malloc(len + 2);

	(void)state;
	memset(text, 'x', len);
	memcpy(text + len, "\n", 2);
	put_records("cdr.jsonl", 0, 1);
	put("cdr.jsonl", text);
	put_records("cdr.jsonl", 1, 1);
	assert_string_equal(read_all(), "0 1 ");
	free(text);
}

static void a_line_is_given_again(void **state)
{
	struct follow_position before, after;
	struct follow_line line;

	(void)state;
	put_records("cdr.jsonl", 0, 2);
	assert_int_equal(follow_next(follow, &line), 0);
	assert_int_equal(follow_position(follow, &before), 0);
	assert_int_equal(follow_next(follow, &line), 0);
	follow_again(follow);
	follow_again(follow); /* once is enough */
	assert_int_equal(follow_position(follow, &after), 0);
	assert_memory_equal(&before, &after, sizeof(before));
	assert_string_equal(read_all(), "1 ");
	follow_again(follow); /* it is not in memory any more */
	assert_string_equal(read_all(), "");
}

static void only_files_are_read(void **state)
{
	char path[4200];

	(void)state;
	path_of(path, "cdr.jsonl");
	assert_int_equal(symlink("/etc/passwd", path), 0);
	path_of(path, "cdr.jsonl.1");
	assert_int_equal(mkfifo(path, 0600), 0);
	path_of(path, "cdr.jsonl.2");
	assert_int_equal(mkdir(path, 0700), 0);
	assert_string_equal(read_all(), "");
	assert_int_equal(follow_open(folder, "x"), -ENOENT);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(what_is_appended_is_read),
		TEST(a_renamed_file_is_read_to_its_end),
		TEST(several_files_are_read_in_their_order),
		TEST(what_is_missing_between_two_files_is_counted),
		TEST(it_goes_on_where_it_was),
		TEST(what_changed_behind_its_back_is_noticed),
		TEST(a_file_that_is_cut_begins_anew),
		TEST(a_file_that_is_gone_is_passed_over),
		TEST(a_line_that_is_too_long_is_none),
		TEST(a_line_is_given_again),
		TEST(only_files_are_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
