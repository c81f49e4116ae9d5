/* What a start learns of captures that a killed process had open. */
#include "../file_limit.h"

#include "audit/marks.h"
#include "audit_fixture.h"
#include "capture_fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#define DATE "2026-11-22"
#define CAPTURE "call.pcap"

struct fixture {
	char *folder;
	int fd;
	struct marks *marks;
};

static int setup(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));

	fixture->folder = fixture_folder();
	fixture->fd = open(fixture->folder, O_RDONLY | O_DIRECTORY);
	*state = fixture;
	return marks_new(&fixture->marks, fixture->fd, NULL);
}

static int teardown(void **state)
{
	struct fixture *fixture = *state;

	marks_free(fixture->marks);
	close(fixture->fd);
	fixture_remove(fixture->folder);
	free(fixture);
	return 0;
}

/* As another process finds it after this one was killed. */
static void restart(struct fixture *fixture)
{
	marks_free(fixture->marks);
	assert_int_equal(marks_new(&fixture->marks, fixture->fd, NULL), 0);
}

static void assert_file(const struct fixture *fixture, const char *expected)
{
	int fd = openat(fixture->fd, "open.log", O_RDONLY);
	char text[4096];
	ssize_t len;

	assert_true(fd >= 0);
	len = read(fd, text, sizeof(text) - 1);
	close(fd);
	assert_true(len >= 0);
	text[len] = '\0';
	assert_string_equal(text, expected);
}

static void add(const struct fixture *fixture, const char *id)
{
	uint64_t number;

	assert_int_equal(marks_add(fixture->marks, DATE, id, &number), 0);
}

/* A capture of ID with one record and half of another. */
static void make_half(const struct fixture *fixture, const char *id)
{
	struct capture *capture;
	uint64_t stored, lost;
	struct stat st;
	int date_fd, fd;

	mkdirat(fixture->fd, DATE, 0700);
	date_fd = openat(fixture->fd, DATE, O_RDONLY | O_DIRECTORY);
	assert_int_equal(mkdirat(date_fd, id, 0700), 0);
	fd = openat(date_fd, id, O_RDONLY | O_DIRECTORY);
	assert_int_equal(fixture_capture_new(&capture, fd, CONFIG_CAPTURE_PCAP, NULL), 0);
	fixture_capture_add(capture, 0, 1, "four", 4);
	fixture_capture_add(capture, 0, 1, "four", 4);
	assert_int_equal(capture_flush(capture, &stored, &lost), 0);
	capture_close(capture);
	close(fd);
	fd = openat(date_fd, id, O_RDONLY | O_DIRECTORY);
	close(date_fd);
	date_fd = openat(fd, CAPTURE, O_RDWR);
	assert_int_equal(fstat(date_fd, &st), 0);
	assert_int_equal(ftruncate(date_fd, st.st_size - 1), 0);
	close(date_fd);
	close(fd);
}

static off_t size_of(const struct fixture *fixture, const char *id)
{
	char path[100];
	struct stat st;

	snprintf(path, sizeof(path), DATE "/%s/" CAPTURE, id);
	assert_int_equal(fstatat(fixture->fd, path, &st, 0), 0);
	return st.st_size;
}

static void lines_are_written_by_the_batch(void **state)
{
	struct fixture *fixture = *state;
	uint64_t first, second;

	assert_int_equal(marks_add(fixture->marks, DATE, "a", &first), 0);
	assert_int_equal(marks_add(fixture->marks, DATE, "b", &second), 0);
	assert_false(marks_reached(fixture->marks, first));
	assert_file(fixture, "");
	assert_int_equal(marks_write(fixture->marks), 0);
	assert_true(marks_reached(fixture->marks, second));
	marks_remove(fixture->marks, DATE, "a");
	assert_int_equal(marks_write(fixture->marks), 0);
	assert_file(fixture, "+" DATE ".a\n+" DATE ".b\n-" DATE ".a\n");
}

static void a_start_repairs_the_open_ones_alone(void **state)
{
	struct fixture *fixture = *state;

	make_half(fixture, "open");
	make_half(fixture, "closed");
	make_half(fixture, "again");
	add(fixture, "never-made");
	add(fixture, "open");
	add(fixture, "closed");
	add(fixture, "again");
	marks_remove(fixture->marks, DATE, "closed");
	marks_remove(fixture->marks, DATE, "again");
	add(fixture, "again");
	assert_int_equal(marks_write(fixture->marks), 0);
	restart(fixture);
	assert_int_equal(size_of(fixture, "open"), 24 + 20);
	assert_int_equal(size_of(fixture, "closed"), 24 + 39);
	assert_int_equal(size_of(fixture, "again"), 24 + 20);
	assert_file(fixture, "");
}

static void what_cannot_be_repaired_stays_marked(void **state)
{
	struct fixture *fixture = *state;
	struct buf none = {0};

	mkdirat(fixture->fd, DATE, 0700);
	assert_int_equal(symlinkat("/tmp", fixture->fd, DATE "/link"), 0);
	add(fixture, "link");
	assert_int_equal(marks_write(fixture->marks), 0);
	restart(fixture);
	assert_file(fixture, "+" DATE ".link\n");
	assert_int_equal(marks_replace(fixture->marks, fixture->fd, &none), 0);
	assert_file(fixture, "+" DATE ".link\n");
}

static void a_long_file_is_replaced(void **state)
{
	struct fixture *fixture = *state;
	struct buf lines = {0};

	assert_false(marks_are_stale(fixture->marks, 0));
	for (unsigned i = 0; i < 80000; i++) {
		add(fixture, "a");
		if (i % 1000 == 0)
			assert_int_equal(marks_write(fixture->marks), 0);
	}
	assert_int_equal(marks_write(fixture->marks), 0);
	assert_false(marks_are_stale(fixture->marks, 80000));
	assert_true(marks_are_stale(fixture->marks, 1));
	marks_line(&lines, DATE, "a");
	assert_int_equal(marks_replace(fixture->marks, fixture->fd, &lines), 0);
	buf_free(&lines);
	assert_false(marks_are_stale(fixture->marks, 1));
	assert_file(fixture, "+" DATE ".a\n");
	add(fixture, "b");
	assert_int_equal(marks_write(fixture->marks), 0);
	assert_file(fixture, "+" DATE ".a\n+" DATE ".b\n");
	unlinkat(fixture->fd, "open.log", 0);
	assert_true(marks_are_stale(fixture->marks, 1));
}

static void a_full_disk_leaves_whole_lines(void **state)
{
	struct fixture *fixture = *state;
	uint64_t number = 0;

	add(fixture, "a");
	assert_int_equal(marks_write(fixture->marks), 0);
	assert_int_equal(marks_add(fixture->marks, DATE, "b", &number), 0);
	limit_files(20);
	assert_int_equal(marks_write(fixture->marks), -EFBIG);
	assert_false(marks_reached(fixture->marks, number));
	assert_file(fixture, "+" DATE ".a\n");
	/* While it fails no more lines are taken. */
	assert_int_equal(marks_add(fixture->marks, DATE, "c", &number), -EFBIG);
	limit_files(RLIM_INFINITY);
	assert_int_equal(marks_add(fixture->marks, DATE, "c", &number), 0);
	assert_int_equal(marks_write(fixture->marks), 0);
	assert_file(fixture, "+" DATE ".a\n+" DATE ".b\n+" DATE ".c\n");
}

static void a_planted_link_is_not_followed(void **state)
{
	struct fixture *fixture = *state;
	struct stat st;

	assert_int_equal(unlinkat(fixture->fd, "open.log", 0), 0);
	assert_int_equal(symlinkat("target", fixture->fd, "open.log"), 0);
	assert_int_equal(symlinkat("target", fixture->fd, "open.log.new"), 0);
	restart(fixture);
	add(fixture, "a");
	assert_int_equal(marks_write(fixture->marks), 0);
	assert_int_equal(fstatat(fixture->fd, "target", &st, 0), -1);
	assert_file(fixture, "+" DATE ".a\n");
}

#define marked(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		marked(lines_are_written_by_the_batch),
		marked(a_start_repairs_the_open_ones_alone),
		marked(what_cannot_be_repaired_stays_marked),
		marked(a_long_file_is_replaced),
		marked(a_full_disk_leaves_whole_lines),
		marked(a_planted_link_is_not_followed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
