/* The folders of captures, and the day's that is kept open. */
#include "../unit.h"

#include "audit/folder.h"
#include "audit_fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#define DAY "2026-01-01"

struct fixture {
	char *folder;
	int root;
	struct folder_day day;
};

static int setup(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));

	fixture->folder = fixture_folder();
	fixture->root = folder_root(fixture->folder);
	fixture->day = FOLDER_NO_DAY;
	assert_true(fixture->root >= 0);
	*state = fixture;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *fixture = *state;

	folder_day_forget(&fixture->day);
	close(fixture->root);
	fixture_remove(fixture->folder);
	free(fixture);
	return 0;
}

/* 0 when the folder of ID is made, and is where it has to be; or a negated errno. */
static int make(
	struct fixture *fixture, const char *date, const char *id, enum folder_way way)
{
	char path[4300];
	struct stat here, there;
	int fd = folder_call_in(&fixture->day, fixture->root, date, id, way);

	if (fd < 0)
		return fd;
	snprintf(path, sizeof(path), "%s/audit/%s/%s", fixture->folder, date, id);
	assert_int_equal(fstat(fd, &here), 0);
	assert_int_equal(stat(path, &there), 0);
	assert_int_equal(here.st_ino, there.st_ino);
	close(fd);
	return 0;
}

static int run(const struct fixture *fixture, const char *command)
{
	char text[5000];

	snprintf(
		text, sizeof(text), "cd '%s/audit' && { %s; }", fixture->folder, command);
	return system(text);
}

static void calls_of_a_day_share_its_folder(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(make(fixture, DAY, "a", FOLDER_FRESH), 0);
	assert_true(fixture->day.fd >= 0);
	assert_int_equal(make(fixture, DAY, "b", FOLDER_FRESH), 0);
	assert_int_equal(make(fixture, DAY, "a", FOLDER_FRESH), 0);
	assert_int_equal(make(fixture, DAY, "a", FOLDER_MAKE), 0);
	assert_int_equal(make(fixture, "2026-01-02", "a", FOLDER_MAKE), 0);
	assert_int_equal(make(fixture, DAY, "c", FOLDER_MAKE), 0);
}

static void what_is_looked_for_is_not_made(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(make(fixture, DAY, "a", FOLDER_FIND), -ENOENT);
	assert_int_equal(run(fixture, "test ! -e " DAY), 0);
	assert_int_equal(make(fixture, DAY, "a", FOLDER_FRESH), 0);
	assert_int_equal(make(fixture, DAY, "a", FOLDER_FIND), 0);
	assert_int_equal(make(fixture, DAY, "b", FOLDER_FIND), -ENOENT);
	assert_int_equal(run(fixture, "test ! -e " DAY "/b && mv " DAY " old"), 0);
	assert_int_equal(run(fixture, "mkdir " DAY " " DAY "/b"), 0);
	/* what is not in the folder that is kept open may be in the one that has its name now */
	assert_int_equal(make(fixture, DAY, "b", FOLDER_FIND), 0);
}

static void a_day_that_was_removed_is_made_anew(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(make(fixture, DAY, "a", FOLDER_FRESH), 0);
	assert_int_equal(run(fixture, "rm -r " DAY), 0);
	assert_int_equal(make(fixture, DAY, "a", FOLDER_MAKE), 0);
	assert_int_equal(run(fixture, "rm -r " DAY), 0);
	assert_int_equal(make(fixture, DAY, "a", FOLDER_FRESH), 0);
}

static void a_day_that_was_replaced_is_followed_when_it_is_forgotten(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(make(fixture, DAY, "a", FOLDER_FRESH), 0);
	assert_int_equal(run(fixture, "mv " DAY " old && mkdir " DAY), 0);
	folder_day_forget(&fixture->day);
	assert_int_equal(make(fixture, DAY, "a", FOLDER_FRESH), 0);
}

static void no_link_is_followed(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(run(fixture, "mkdir target && ln -s target " DAY), 0);
	assert_int_equal(make(fixture, DAY, "a", FOLDER_FRESH), -ENOTDIR);
	assert_int_equal(run(fixture, "rm " DAY " && mkdir " DAY
				      " && ln -s ../target " DAY "/a && touch " DAY "/b"),
		0);
	assert_int_equal(make(fixture, DAY, "a", FOLDER_FRESH), -ENOTDIR);
	assert_int_equal(make(fixture, DAY, "a", FOLDER_MAKE), -ENOTDIR);
	assert_int_equal(make(fixture, DAY, "b", FOLDER_FRESH), -ENOTDIR);
	assert_int_equal(run(fixture, "test -z \"$(ls target)\""), 0);
}

#define made(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		made(calls_of_a_day_share_its_folder),
		made(what_is_looked_for_is_not_made),
		made(a_day_that_was_removed_is_made_anew),
		made(a_day_that_was_replaced_is_followed_when_it_is_forgotten),
		made(no_link_is_followed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
