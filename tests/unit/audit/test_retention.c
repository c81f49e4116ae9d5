/* Which captures are deleted, whose rule says so, what is told of it, and which never are: holds, those in use, files of others,
 * links. */
#include "../unit.h"

#include "audit/folder.h"
#include "audit/holds.h"
#include "audit/retention.h"
#include "audit/whose.h"
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
	struct config config;
	struct config_gateway gateways[2];
	char names[2][4];
	const char *used; /* the id of one that is being written */
	unsigned missing; /* captures must go before the disk has room */
	char told[4096];  /* "ID why rule files bytes, " */
};

static bool in_use_h(void *arg, const char *date, const char *id)
{
	const struct fixture *fixture = arg;

	return fixture->used && strcmp(fixture->used, id) == 0 && date[4] == '-';
}

static bool short_h(void *arg)
{
	const struct fixture *fixture = arg;

	return fixture->missing > 0;
}

static void deleted_h(void *arg, const struct retention_deletion *deletion)
{
	struct fixture *fixture = arg;
	const size_t len = strlen(fixture->told);
	struct stat st;
	char path[256];

	snprintf(fixture->told + len, sizeof(fixture->told) - len, "%s %s %s %d %d, ",
		deletion->id, deletion->why, deletion->rule, (int)deletion->files,
		(int)deletion->bytes);
	snprintf(path, sizeof(path), "%s/%s", deletion->day, deletion->id);
	assert_int_equal(fstatat(fixture->fd, path, &st, AT_SYMLINK_NOFOLLOW), -1);
	fixture->missing -= fixture->missing > 0;
}

/* As the configuration is now. */
static void take_rules(struct fixture *fixture)
{
	keep_unref(fixture->step.keep);
	fixture->step.keep = keep_load(&fixture->config);
	assert_non_null(fixture->step.keep);
}

static void keep_days(struct fixture *fixture, unsigned days)
{
	fixture->config.audit.keep_ms = UINT64_C(1000) * DAY_S * days;
	for (size_t i = 0; i < 2; i++)
		fixture->gateways[i].keep_ms = fixture->config.audit.keep_ms;
	take_rules(fixture);
}

static void keep_bytes(struct fixture *fixture, uint64_t bytes)
{
	fixture->config.audit.keep_bytes = bytes;
	take_rules(fixture);
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
		.short_h = short_h,
		.deleted_h = deleted_h,
		.arg = fixture};
	for (unsigned i = 0; i < 2; i++) {
		snprintf(fixture->names[i], sizeof(fixture->names[i]), "gw%u", i + 1);
		fixture->gateways[i].common.id = fixture->names[i];
	}
	fixture->config.gateways = fixture->gateways;
	fixture->config.gateway_count = 2;
	take_rules(fixture);
	*state = fixture;
	return retention_new(&fixture->retention);
}

static int teardown(void **state)
{
	struct fixture *fixture = *state;

	retention_free(fixture->retention);
	keep_unref(fixture->step.keep);
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

/* With room for so many bytes, so many captures are deleted since the beginning. */
static void assert_deleted_for(struct fixture *fixture, uint64_t bytes, uint64_t deleted)
{
	keep_bytes(fixture, bytes);
	go(fixture);
	assert_int_equal(retention_deleted(fixture->retention), deleted);
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
	keep_days(fixture, 10);
	go(fixture);
	assert_int_equal(retention_deleted(fixture->retention), 2);
	assert_false(is_there(fixture, "2026-01-01/a"));
	assert_true(is_there(fixture, "2026-01-01/late/call.pcapng"));
	assert_false(is_there(fixture, "2026-01-30"));
	assert_true(is_there(fixture, "2026-02-27/c/call.pcap"));
	assert_string_equal(
		fixture->told, "a age [audit] keep 1 10, b age [audit] keep 2 20, ");
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
	assert_deleted_for(fixture, 3000, 0);
	assert_deleted_for(fixture, 2999, 1);
	assert_false(is_there(fixture, "2026-02-26"));
	assert_deleted_for(fixture, 1, 3);
}

/* A file that calls share takes its room once. */
static void what_calls_share_is_counted_once(void **state)
{
	struct fixture *fixture = *state;

	make(fixture, "2026-02-26", "a", 3, 1000, "call.pcapng");
	make(fixture, "2026-02-26", "a", 3, 1000, "call.certs.pem");
	make(fixture, "2026-02-27", "b", 2, 1000, "call.pcapng");
	assert_int_equal(linkat(fixture->fd, "2026-02-26/a/call.certs.pem", fixture->fd,
				 "2026-02-27/b/call.certs.pem", 0),
		0);
	assert_deleted_for(fixture, 3000, 0);
	assert_deleted_for(fixture, 2999, 1);
	assert_true(is_there(fixture, "2026-02-27/b/call.certs.pem"));
}

/* The capture ID of DAY is one of TRUNK's. */
static void belongs(
	struct fixture *fixture, const char *day, const char *id, const char *trunk)
{
	struct whose *whose;

	assert_int_equal(whose_new(&whose), 0);
	whose_add(whose, day, id, trunk);
	assert_int_equal(whose_write(whose, fixture->fd), 0);
	whose_free(whose);
}

static void a_gateway_has_its_own_time(void **state)
{
	struct fixture *fixture = *state;

	make(fixture, "2026-01-30", "general", 30, 10, "call.pcapng");
	make(fixture, "2026-01-30", "long", 30, 10, "call.pcapng");
	make(fixture, "2026-01-30", "both", 30, 10, "call.pcapng");
	make(fixture, "2026-01-30", "gone", 30, 10, "call.pcapng");
	make(fixture, "2026-02-20", "short", 9, 10, "call.pcapng");
	make(fixture, "2026-02-20", "young", 9, 10, "call.pcapng");
	belongs(fixture, "2026-01-30", "long", "trunk gw1");
	belongs(fixture, "2026-01-30", "long", "server gw2");
	belongs(fixture, "2026-01-30", "both", "trunk gw1");
	belongs(fixture, "2026-01-30", "both", "trunk gw2");
	belongs(fixture, "2026-01-30", "gone", "trunk gw");
	belongs(fixture, "2026-02-20", "short", "trunk gw2");
	belongs(fixture, "2026-02-20", "young", "trunk gw1");
	keep_days(fixture, 10);
	fixture->gateways[0].keep_ms = UINT64_C(90000) * DAY_S;
	fixture->gateways[1].keep_ms = UINT64_C(7000) * DAY_S;
	take_rules(fixture);
	go(fixture);
	assert_true(is_there(fixture, "2026-01-30/long/call.pcapng"));
	assert_true(is_there(fixture, "2026-01-30/trunks"));
	assert_true(is_there(fixture, "2026-02-20/young/call.pcapng"));
	assert_false(is_there(fixture, "2026-01-30/general"));
	assert_false(is_there(fixture, "2026-01-30/both"));
	assert_false(is_there(fixture, "2026-01-30/gone"));
	assert_false(is_there(fixture, "2026-02-20/short"));
	assert_non_null(strstr(fixture->told, "both age trunk gw2 keep 1 10, "));
	assert_non_null(strstr(fixture->told, "short age trunk gw2 keep 1 10, "));
	assert_non_null(strstr(fixture->told, "general age [audit] keep 1 10, "));
	/* the day goes when nothing but that file is left of it */
	fixture->gateways[0].keep_ms = DAY_S * 1000;
	take_rules(fixture);
	go(fixture);
	assert_false(is_there(fixture, "2026-01-30"));
	assert_int_equal(retention_deleted(fixture->retention), 6);
}

static void a_gateway_has_its_own_size(void **state)
{
	struct fixture *fixture = *state;

	make(fixture, "2026-02-26", "a", 3, 1000, "call.pcapng");
	make(fixture, "2026-02-27", "newer", 1, 1000, "call.pcapng");
	make(fixture, "2026-02-27", "b", 2, 1000, "call.pcapng");
	make(fixture, "2026-02-28", "c", 1, 1000, "call.pcapng");
	belongs(fixture, "2026-02-27", "newer", "trunk gw1");
	belongs(fixture, "2026-02-27", "b", "trunk gw1");
	belongs(fixture, "2026-02-28", "c", "trunk gw1");
	fixture->gateways[0].keep_bytes = 3000;
	take_rules(fixture);
	go(fixture);
	assert_string_equal(fixture->told, "");
	fixture->gateways[0].keep_bytes = 2999;
	take_rules(fixture);
	go(fixture);
	assert_string_equal(fixture->told, "b size trunk gw1 keep-size 1 1000, ");
	fixture->gateways[0].keep_bytes = 999;
	take_rules(fixture);
	go(fixture);
	assert_true(is_there(fixture, "2026-02-26/a"));
	assert_int_equal(retention_deleted(fixture->retention), 3);
}

static void the_oldest_go_when_the_disk_is_short(void **state)
{
	const struct hold hold = {.date = "2026-01-01", .id = "a"};
	struct fixture *fixture = *state;

	make(fixture, "2026-01-01", "a", 59, 10, "call.pcapng");
	make(fixture, "2026-02-26", "x", 3, 10, "call.pcapng");
	make(fixture, "2026-02-26", "c", 5, 10, "call.pcapng");
	make(fixture, "2026-02-26", "b", 4, 10, "call.pcapng");
	assert_int_equal(holds_add(fixture->fd, &hold), 0);
	go(fixture);
	assert_string_equal(fixture->told, "");
	fixture->missing = 2;
	go(fixture);
	assert_string_equal(fixture->told,
		"c disk [audit] disk-low 1 10, b disk [audit] disk-low 1 10, ");
	/* a round of this kind comes sooner, and ends when nothing is left that may go */
	fixture->missing = 9;
	fixture->step.mono_us -= 57000000;
	go(fixture);
	assert_true(is_there(fixture, "2026-02-26/x"));
	fixture->step.mono_us -= 59000000;
	go(fixture);
	assert_false(is_there(fixture, "2026-02-26"));
	assert_true(is_there(fixture, "2026-01-01/a/call.pcapng"));
}

static void what_a_killed_process_began_is_done(void **state)
{
	struct fixture *fixture = *state;
	char from[4300], to[4300];

	make(fixture, "2026-02-28", "a", 1, 10, "call.pcapng");
	make(fixture, "2026-02-28", "b", 1, 10, "call.pcapng");
	snprintf(from, sizeof(from), "%s/2026-02-28/a", fixture->folder);
	snprintf(to, sizeof(to), "%s/2026-02-28/a.deleted", fixture->folder);
	assert_int_equal(rename(from, to), 0);
	keep_days(fixture, 10);
	go(fixture);
	assert_false(is_there(fixture, "2026-02-28/a.deleted"));
	assert_true(is_there(fixture, "2026-02-28/b"));
	assert_string_equal(fixture->told, "a resumed  1 10, ");
}

/* It was killed when the files were gone, and their folders not yet. */
static void what_a_killed_process_emptied_is_gone(void **state)
{
	struct fixture *fixture = *state;

	make(fixture, "2026-02-28", "a.deleted", 1, 10, "notes");
	make(fixture, "2026-02-27", "b.deleted", 1, 10, "call.pcapng");
	assert_int_equal(unlinkat(fixture->fd, "2026-02-27/b.deleted/call.pcapng", 0), 0);
	keep_days(fixture, 10);
	go(fixture);
	assert_true(is_there(fixture, "2026-02-28/a/notes"));
	assert_false(is_there(fixture, "2026-02-27"));
	assert_string_equal(fixture->told, "");
}

/* Its name is taken: nothing of it is touched, and nothing told. */
static void what_cannot_be_deleted_is_not_told(void **state)
{
	struct fixture *fixture = *state;
	char path[4300];

	make(fixture, "2026-01-01", "a", 59, 10, "call.pcapng");
	snprintf(path, sizeof(path), "%s/2026-01-01/a.deleted", fixture->folder);
	fclose(fopen(path, "we"));
	keep_days(fixture, 1);
	go(fixture);
	assert_true(is_there(fixture, "2026-01-01/a/call.pcapng"));
	assert_string_equal(fixture->told, "");
}

static void other_rules_begin_anew(void **state)
{
	struct fixture *fixture = *state;
	char id[16];

	/* more than one step looks at */
	for (unsigned i = 0; i < 100; i++) {
		snprintf(id, sizeof(id), "c%u", i);
		make(fixture, "2026-01-01", id, 59, 10, "call.pcapng");
		belongs(fixture, "2026-01-01", id, "trunk gw2");
	}
	fixture->gateways[1].keep_ms = DAY_S * 1000;
	take_rules(fixture);
	retention_step(fixture->retention, &fixture->step);
	fixture->config.gateway_count = 0;
	keep_days(fixture, 100);
	go(fixture);
	assert_string_equal(fixture->told, "");
}

static void collect_h(void *arg, struct span id, struct span trunk)
{
	char *out = arg;

	snprintf(out + strlen(out), 200, "%.*s=%.*s;", (int)id.len, id.p, (int)trunk.len,
		trunk.p);
}

static void assert_whose(int root_fd, const char *date, const char *expected)
{
	const int day = folder_day(root_fd, date);
	char out[1000] = "";

	assert_true(day >= 0);
	whose_each(day, collect_h, out);
	close(day);
	assert_string_equal(out, expected);
}

/* The file is kept open from one batch to the next; who removes it, or has its folder for another one, is noticed. */
static void whose_they_are_is_where_the_day_is(void **state)
{
	struct fixture *fixture = *state;
	struct whose *whose;

	assert_int_equal(whose_new(&whose), 0);
	whose_add(whose, "2026-01-01", "a", "trunk gw1");
	assert_int_equal(whose_write(whose, fixture->fd), 0);
	whose_add(whose, "2026-01-01", "b", "trunk gw1");
	assert_int_equal(whose_write(whose, fixture->fd), 0);
	assert_whose(fixture->fd, "2026-01-01", "a=trunk gw1;b=trunk gw1;");
	assert_int_equal(unlinkat(fixture->fd, "2026-01-01/" WHOSE_NAME, 0), 0);
	whose_add(whose, "2026-01-01", "c", "trunk gw1");
	assert_int_equal(whose_write(whose, fixture->fd), 0);
	assert_whose(fixture->fd, "2026-01-01", "c=trunk gw1;");
	assert_int_equal(
		linkat(fixture->fd, "2026-01-01/" WHOSE_NAME, fixture->fd, "another", 0),
		0);
	whose_add(whose, "2026-01-01", "d", "trunk gw1");
	assert_int_equal(whose_write(whose, fixture->fd), -EPERM);
	assert_int_equal(unlinkat(fixture->fd, "another", 0), 0);
	assert_whose(fixture->fd, "2026-01-01", "c=trunk gw1;");
	whose_add(whose, "2026-01-01", "e", "trunk gw1");
	assert_int_equal(whose_write(whose, fixture->fd), 0);
	assert_int_equal(renameat(fixture->fd, "2026-01-01", fixture->fd, "moved"), 0);
	whose_rest(whose);
	whose_add(whose, "2026-01-01", "f", "trunk gw1");
	assert_int_equal(whose_write(whose, fixture->fd), 0);
	assert_whose(fixture->fd, "2026-01-01", "f=trunk gw1;");
	assert_whose(fixture->fd, "moved", "c=trunk gw1;e=trunk gw1;");
	whose_free(whose);
}

static void whose_they_are_is_read_back(void **state)
{
	struct fixture *fixture = *state;
	char out[1000] = "";
	struct whose *whose;
	int day, fd;

	assert_int_equal(whose_new(&whose), 0);
	whose_add(whose, "2026-01-01", "a", "trunk gw1");
	whose_add(whose, "2026-01-02", "b", "server pbx1");
	whose_add(whose, "2026-01-01", "c", "trunk gw2");
	assert_int_equal(whose_write(whose, fixture->fd), 0);
	assert_int_equal(whose_write(whose, fixture->fd), 0);
	day = folder_day(fixture->fd, "2026-01-01");
	fd = openat(day, WHOSE_NAME, O_WRONLY | O_APPEND);
	assert_int_equal(write(fd, "\nbad\nhalf of", 12), 12);
	close(fd);
	whose_each(day, collect_h, out);
	assert_string_equal(out, "a=trunk gw1;c=trunk gw2;");
	/* what somebody planted there is not written to, and holds nothing up */
	assert_int_equal(unlinkat(day, WHOSE_NAME, 0), 0);
	assert_int_equal(symlinkat("../elsewhere", day, WHOSE_NAME), 0);
	whose_add(whose, "2026-01-01", "a", "trunk gw1");
	whose_add(whose, "2026-01-02", "d", "trunk gw1");
	assert_int_equal(whose_write(whose, fixture->fd), -ELOOP);
	assert_int_equal(whose_write(whose, fixture->fd), 0);
	assert_false(is_there(fixture, "elsewhere"));
	out[0] = '\0';
	whose_each(day, collect_h, out);
	assert_string_equal(out, "");
	close(day);
	day = folder_day(fixture->fd, "2026-01-02");
	whose_each(day, collect_h, out);
	assert_string_equal(out, "b=server pbx1;d=trunk gw1;");
	close(day);
	whose_free(whose);
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
	keep_days(fixture, 1);
	keep_bytes(fixture, 1);
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

	keep_days(fixture, 1);
	keep_bytes(fixture, 1);
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
		kept(what_calls_share_is_counted_once),
		kept(a_gateway_has_its_own_time),
		kept(a_gateway_has_its_own_size),
		kept(the_oldest_go_when_the_disk_is_short),
		kept(what_a_killed_process_began_is_done),
		kept(what_a_killed_process_emptied_is_gone),
		kept(what_cannot_be_deleted_is_not_told),
		kept(other_rules_begin_anew),
		kept(whose_they_are_is_read_back),
		kept(whose_they_are_is_where_the_day_is),
		kept(what_is_on_hold_or_in_use_stays),
		kept(a_hold_says_who_and_why),
		kept(what_is_not_ours_stays),
		kept(the_day_of_a_capture_is_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
