/* Which captures are deleted, and which never: holds, those in use, files of others, links. */
#include "../unit.h"

#include "audit/folder.h"
#include "audit/holds.h"
#include "audit/retention.h"
#include "audit_fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#define DAY_S 86400
#define NOW_S UINT64_C(1772323200) /* 2026-03-01 */

struct fixture {
	char *folder;
	int fd;
	struct retention *retention;
	struct retention_step step;
	const char *used; /* the id of one that is being written */
};

static bool in_use_h(void *arg, const char *date, const char *id)
{
	const struct fixture *fixture = arg;

	return fixture->used && strcmp(fixture->used, id) == 0 && date[4] == '-';
}

static int setup(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));

	fixture->folder = fixture_folder();
	fixture->fd = open(fixture->folder, O_RDONLY | O_DIRECTORY);
	fixture->step = (struct retention_step){.root_fd = fixture->fd,
		.wall_us = NOW_S * 1000000,
		.mono_us = 1000000,
		.in_use_h = in_use_h,
		.arg = fixture};
	*state = fixture;
	return retention_new(&fixture->retention);
}

static int teardown(void **state)
{
	struct fixture *fixture = *state;

	retention_free(fixture->retention);
	close(fixture->fd);
	fixture_remove(fixture->folder);
	free(fixture);
	return 0;
}

/* A capture of so many days ago, with SIZE bytes. */
static void make(struct fixture *fixture, const char *day, const char *id, unsigned days,
	off_t size, const char *name)
{
	const struct timespec times[2] = {{.tv_sec = (time_t)(NOW_S - days * DAY_S)},
		{.tv_sec = (time_t)(NOW_S - days * DAY_S)}};
	const int dir = folder_call(fixture->fd, day, id);
	const int fd = openat(dir, name, O_WRONLY | O_CREAT, 0600);

	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, size), 0);
	assert_int_equal(futimens(fd, times), 0);
	close(fd);
	close(dir);
}

static bool is_there(const struct fixture *fixture, const char *path)
{
	struct stat st;

	return fstatat(fixture->fd, path, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

/* Enough for whatever a test has. */
static void go(struct fixture *fixture)
{
	for (unsigned i = 0; i < 20; i++)
		retention_step(fixture->retention, &fixture->step);
	fixture->step.mono_us += 61000000;
}

static void what_is_too_old_is_deleted(void **state)
{
	struct fixture *fixture = *state;

	make(fixture, "2026-01-01", "a", 59, 10, "call.pcapng");
	make(fixture, "2026-01-01", "late", 3, 10,
		"call.pcapng"); /* it talked for weeks */
	make(fixture, "2026-01-30", "b", 30, 10, "call.pcapng.age");
	make(fixture, "2026-01-30", "b", 30, 10, "call.2.pcapng.age");
	make(fixture, "2026-02-27", "c", 2, 10, "call.pcap");
	go(fixture);
	assert_int_equal(retention_deleted(fixture->retention), 0);
	fixture->step.keep_us = UINT64_C(10) * DAY_S * 1000000;
	go(fixture);
	assert_int_equal(retention_deleted(fixture->retention), 2);
	assert_false(is_there(fixture, "2026-01-01/a"));
	assert_true(is_there(fixture, "2026-01-01/late/call.pcapng"));
	assert_false(is_there(fixture, "2026-01-30"));
	assert_true(is_there(fixture, "2026-02-27/c/call.pcap"));
	/* the next round comes a minute later */
	make(fixture, "2026-01-01", "a", 59, 10, "call.pcapng");
	fixture->step.mono_us -= 2000000;
	go(fixture);
	assert_true(is_there(fixture, "2026-01-01/a"));
	go(fixture);
	assert_false(is_there(fixture, "2026-01-01/a"));
}

static void the_oldest_day_goes_first_when_there_is_too_much(void **state)
{
	struct fixture *fixture = *state;

	make(fixture, "2026-02-26", "a", 3, 1000, "call.pcapng");
	make(fixture, "2026-02-27", "b", 2, 1000, "call.pcapng");
	make(fixture, "2026-02-28", "c", 1, 1000, "call.pcapng");
	fixture->step.keep_bytes = 3000;
	go(fixture);
	assert_int_equal(retention_deleted(fixture->retention), 0);
	fixture->step.keep_bytes = 2999;
	go(fixture);
	assert_int_equal(retention_deleted(fixture->retention), 1);
	assert_false(is_there(fixture, "2026-02-26"));
	fixture->step.keep_bytes = 1;
	go(fixture);
	assert_int_equal(retention_deleted(fixture->retention), 3);
}

static void what_is_on_hold_or_in_use_stays(void **state)
{
	const struct hold hold = {.date = "2026-01-01",
		.id = "a",
		.since = 7,
		.who = "uid 0\n",
		.reason = "court \x1b[1m order"};
	struct fixture *fixture = *state;

	make(fixture, "2026-01-01", "a", 59, 10, "call.pcapng");
	make(fixture, "2026-01-01", "b", 59, 10, "call.pcapng");
	make(fixture, "2026-01-01", "c", 59, 10, "call.pcapng");
	assert_int_equal(holds_add(fixture->fd, &hold), 0);
	assert_int_equal(holds_add(fixture->fd, &hold), -EEXIST);
	fixture->used = "b";
	fixture->step.keep_us = DAY_S * UINT64_C(1000000);
	fixture->step.keep_bytes = 1;
	go(fixture);
	assert_true(is_there(fixture, "2026-01-01/a/call.pcapng"));
	assert_true(is_there(fixture, "2026-01-01/b/call.pcapng"));
	assert_false(is_there(fixture, "2026-01-01/c"));
	assert_int_equal(holds_remove(fixture->fd, "2026-01-01", "a"), 0);
	assert_int_equal(holds_remove(fixture->fd, "2026-01-01", "a"), -ENOENT);
	fixture->used = NULL;
	go(fixture);
	assert_false(is_there(fixture, "2026-01-01"));
}

static void take_hold(void *arg, const struct hold *hold)
{
	struct hold *ret = arg;

	*ret = *hold;
}

static void a_hold_says_who_and_why(void **state)
{
	const struct hold hold = {.date = "2026-01-01",
		.id = "a",
		.since = 7,
		.who = "uid 0\nx",
		.reason = "court order"};
	struct fixture *fixture = *state;
	struct hold read = {.id = ""};

	assert_int_equal(holds_each(fixture->fd, take_hold, &read), 0);
	assert_string_equal(read.id, "");
	assert_int_equal(holds_remove(fixture->fd, "2026-01-01", "a"), -ENOENT);
	assert_false(holds_has(fixture->fd, "2026-01-01", "a"));
	assert_int_equal(holds_add(fixture->fd, &hold), 0);
	assert_true(holds_has(fixture->fd, "2026-01-01", "a"));
	assert_int_equal(holds_each(fixture->fd, take_hold, &read), 0);
	assert_string_equal(read.date, "2026-01-01");
	assert_string_equal(read.id, "a");
	assert_int_equal(read.since, 7);
	assert_string_equal(read.who, "uid 0 x");
	assert_string_equal(read.reason, "court order");
}

static void what_is_not_ours_stays(void **state)
{
	struct fixture *fixture = *state;
	char path[4300];
	struct stat st;

	fixture->step.keep_us = DAY_S * UINT64_C(1000000);
	fixture->step.keep_bytes = 1;
	make(fixture, "2026-01-01", "a", 59, 10, "call.pcapng");
	make(fixture, "2026-01-01", "a", 59, 10, "notes.txt");
	make(fixture, "elsewhere", "b", 59, 10, "call.pcapng");
	make(fixture, "2026-01-xx", "b", 59, 10, "call.pcapng");
	snprintf(path, sizeof(path), "%s/elsewhere", fixture->folder);
	assert_int_equal(symlinkat(path, fixture->fd, "2026-01-02"), 0);
	snprintf(path, sizeof(path), "%s/elsewhere/b", fixture->folder);
	assert_int_equal(symlinkat(path, fixture->fd, "2026-01-01/link"), 0);
	go(fixture);
	assert_false(is_there(fixture, "2026-01-01/a/call.pcapng"));
	assert_true(is_there(fixture, "2026-01-01/a/notes.txt"));
	assert_true(is_there(fixture, "elsewhere/b/call.pcapng"));
	assert_true(is_there(fixture, "2026-01-xx/b/call.pcapng"));
	assert_int_equal(fstatat(fixture->fd, "2026-01-02", &st, AT_SYMLINK_NOFOLLOW), 0);
}

static void the_day_of_a_capture_is_found(void **state)
{
	struct fixture *fixture = *state;
	char day[STORE_DATE_SIZE] = "";

	assert_false(folder_day_of(fixture->fd, "a", day));
	make(fixture, "2026-01-01", "a", 1, 1, "call.pcapng");
	make(fixture, "2026-02-01", "a", 1, 1, "call.pcapng");
	make(fixture, "2026-03-01", "b", 1, 1, "call.pcapng");
	assert_true(folder_day_of(fixture->fd, "a", day));
	assert_string_equal(day, "2026-02-01");
	assert_false(folder_day_of(fixture->fd, "../b", day));
}

#define kept(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		kept(what_is_too_old_is_deleted),
		kept(the_oldest_day_goes_first_when_there_is_too_much),
		kept(what_is_on_hold_or_in_use_stays),
		kept(a_hold_says_who_and_why),
		kept(what_is_not_ours_stays),
		kept(the_day_of_a_capture_is_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
