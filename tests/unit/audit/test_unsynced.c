/* What is not known to be on the disk, by itself: its bound, what is written again, and where. Linked with $(OOM_WRAP) and
 * --wrap=fdatasync. */
#include "../oom.h"

#include "audit/unsynced.h"
#include "sync_fixture.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

struct fixture {
	FILE *file;
	int fd; /* of it, appended to as a journal is */
	struct unsynced unsynced;
};

static int setup(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));
	char path[64];

	fixture->file = tmpfile();
	assert_non_null(fixture->file);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fileno(fixture->file));
	fixture->fd = open(path, O_RDWR | O_APPEND | O_CLOEXEC);
	assert_true(fixture->fd >= 0);
	unsynced_init(&fixture->unsynced);
	sync_fails = false;
	*state = fixture;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *fixture = *state;

	unsynced_free(&fixture->unsynced);
	close(fixture->fd);
	fclose(fixture->file);
	free(fixture);
	return 0;
}

static void append(struct fixture *fixture, const char *text)
{
	const size_t len = strlen(text);
	size_t room;

	assert_int_equal(
		unsynced_reserve(&fixture->unsynced, fixture->fd, len, &room), 0);
	assert_int_equal(room, len);
	assert_int_equal(write(fixture->fd, text, len), (ssize_t)len);
	unsynced_add(&fixture->unsynced, span_of(text));
}

/* ERR: how it ends. */
static void sync_it(struct fixture *fixture, int err)
{
	sync_fails = err != 0;
	assert_int_equal(unsynced_sync(&fixture->unsynced, fixture->fd), err);
	sync_fails = false;
}

static void assert_holds(const struct fixture *fixture, const char *text)
{
	char found[64];
	ssize_t len = pread(fixture->fd, found, sizeof(found) - 1, 0);

	assert_true(len >= 0);
	found[len] = '\0';
	assert_string_equal(found, text);
}

static void there_is_room_up_to_its_bound(void **state)
{
	struct fixture *fixture = *state;
	struct unsynced *unsynced = &fixture->unsynced;
	char *most = calloc(1, UNSYNCED_MAX);
	size_t room;

	assert_int_equal(
		unsynced_reserve(unsynced, fixture->fd, UNSYNCED_MAX + 1, &room), 0);
	assert_int_equal(room, UNSYNCED_MAX);
	assert_int_equal(unsynced_reserve(unsynced, fixture->fd, 7, &room), 0);
	assert_int_equal(room, 7);
	unsynced_add(unsynced, (struct span){most, UNSYNCED_MAX - 3});
	assert_int_equal(unsynced_reserve(unsynced, fixture->fd, 2, &room), 0);
	assert_int_equal(room, 2);
	assert_int_equal(unsynced_reserve(unsynced, fixture->fd, 100, &room), 0);
	assert_int_equal(room, 3);
	unsynced_add(unsynced, (struct span){most, 3});
	assert_int_equal(unsynced_reserve(unsynced, fixture->fd, 100, &room), 0);
	assert_int_equal(room, 0);
	assert_int_equal(unsynced->bytes.err, 0);
	free(most);
}

static void memory_that_was_missing_is_asked_for_again(void **state)
{
	struct fixture *fixture = *state;
	size_t room;

	oom_left = 1;
	assert_int_equal(
		unsynced_reserve(&fixture->unsynced, fixture->fd, 4, &room), -ENOMEM);
	oom_left = 0;
	append(fixture, "one\n");
	assert_holds(fixture, "one\n");
	assert_int_equal(fixture->unsynced.bytes.len, 4);
}

/* As a kernel does that could not write a page: what it had is gone. */
static void lose(const struct fixture *fixture, off_t at, size_t len)
{
	static const char zeros[16];

	assert_true(len <= sizeof(zeros));
	assert_int_equal(pwrite(fileno(fixture->file), zeros, len, at), (ssize_t)len);
}

static void what_a_failed_sync_lost_is_written_where_it_was(void **state)
{
	struct fixture *fixture = *state;

	append(fixture, "kept\n");
	sync_it(fixture, 0);
	append(fixture, "lost\n");
	append(fixture, "too\n");
	sync_it(fixture, -EIO);
	lose(fixture, 5, 9);
	append(fixture, "later\n");
	sync_it(fixture, 0);
	assert_holds(fixture, "kept\nlost\ntoo\nlater\n");
	/* what had come together is given back, and the file is appended to as before */
	assert_int_equal(fixture->unsynced.bytes.size, 0);
	assert_true(fcntl(fixture->fd, F_GETFL) & O_APPEND);
	append(fixture, "last\n");
	sync_it(fixture, 0);
	assert_holds(fixture, "kept\nlost\ntoo\nlater\nlast\n");
}

static void what_is_synced_is_not_written_again(void **state)
{
	struct fixture *fixture = *state;

	append(fixture, "one\n");
	sync_it(fixture, -EIO);
	sync_it(fixture, -EIO);
	sync_it(fixture, 0);
	append(fixture, "two\n");
	/* had it been written again, this would be gone */
	assert_int_equal(pwrite(fileno(fixture->file), "2", 1, 4), 1);
	sync_it(fixture, 0);
	assert_holds(fixture, "one\n2wo\n");
}

static void a_file_that_another_cut_is_left(void **state)
{
	struct fixture *fixture = *state;

	append(fixture, "kept\n");
	sync_it(fixture, 0);
	append(fixture, "lost\n");
	sync_it(fixture, -EIO);
	assert_int_equal(ftruncate(fixture->fd, 2), 0);
	sync_it(fixture, 0);
	assert_holds(fixture, "ke");
}

static void half_a_line_is_cut_off_and_no_more(void **state)
{
	struct fixture *fixture = *state;

	append(fixture, "kept\n");
	sync_it(fixture, 0);
	append(fixture, "whole\n");
	assert_int_equal(write(fixture->fd, "hal", 3), 3);
	assert_int_equal(unsynced_cut(&fixture->unsynced, fixture->fd), 0);
	assert_holds(fixture, "kept\nwhole\n");
	assert_int_equal(unsynced_cut(&fixture->unsynced, fixture->fd), 0);
	assert_holds(fixture, "kept\nwhole\n");
	/* what another cut is not made longer */
	assert_int_equal(ftruncate(fixture->fd, 2), 0);
	assert_int_equal(unsynced_cut(&fixture->unsynced, fixture->fd), 0);
	assert_holds(fixture, "ke");
}

/* What was to be synced is kept, for a later try. */
static void what_cannot_be_looked_at_or_written_is_an_error(void **state)
{
	struct fixture *fixture = *state;
	struct unsynced *unsynced = &fixture->unsynced;
	size_t room;
	int pipes[2];

	assert_int_equal(unsynced_reserve(unsynced, -1, 1, &room), -EBADF);
	assert_int_equal(unsynced_cut(unsynced, -1), -EBADF);
	append(fixture, "kept\n");
	sync_it(fixture, -EIO);
	assert_int_equal(unsynced_sync(unsynced, -1), -EBADF);
	/* it has no places */
	assert_int_equal(pipe2(pipes, O_CLOEXEC), 0);
	assert_int_equal(unsynced_sync(unsynced, pipes[1]), -ESPIPE);
	close(pipes[0]);
	close(pipes[1]);
	lose(fixture, 0, 5);
	sync_it(fixture, 0);
	assert_holds(fixture, "kept\n");
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(there_is_room_up_to_its_bound),
		CASE(memory_that_was_missing_is_asked_for_again),
		CASE(what_a_failed_sync_lost_is_written_where_it_was),
		CASE(what_is_synced_is_not_written_again),
		CASE(a_file_that_another_cut_is_left),
		CASE(half_a_line_is_cut_off_and_no_more),
		CASE(what_cannot_be_looked_at_or_written_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
