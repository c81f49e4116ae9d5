/* Which calls stand, in memory and in its copy. Linked with --wrap=fdatasync. */
#include "../unit.h"

#include "audit/standing.h"
#include "audit_fixture.h"
#include "base/log.h"
#include "sync_fixture.h"

#include <sys/stat.h>

struct fixture {
	char *folder, *run;
	struct standing *standing;
	char left[4096];
};

static void open_it(struct fixture *fixture)
{
	struct err_text text = {""};

	if (standing_new(&fixture->standing, fixture->folder, fixture->run, &text) != 0)
		fail_msg("%s", text.text);
}

static int setup(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));

	fixture->folder = fixture_folder();
	fixture->run = fixture_folder();
	open_it(fixture);
	*state = fixture;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *fixture = *state;

	standing_free(fixture->standing);
	fixture_remove(fixture->folder);
	fixture_remove(fixture->run);
	free(fixture);
	return 0;
}

static void left_h(void *arg, const char *id, uint64_t start_us, bool ending)
{
	struct fixture *fixture = arg;
	size_t len = strlen(fixture->left);

	snprintf(fixture->left + len, sizeof(fixture->left) - len, "%s@%d%s ", id,
		(int)start_us, ending ? "!" : "");
}

static void run(const struct fixture *fixture, const char *command)
{
	char line[14000];

	snprintf(line, sizeof(line), "cd '%s' && %s", fixture->run, command);
	assert_int_equal(system(line), 0);
}

/* As after a kill: what is mapped is in the file, whatever becomes of the process. */
static void expect_left(struct fixture *fixture, const char *expected)
{
	standing_free(fixture->standing);
	open_it(fixture);
	fixture->left[0] = '\0';
	standing_take_left(fixture->standing, left_h, fixture);
	assert_string_equal(fixture->left, expected);
	assert_int_equal(standing_count_left(fixture->standing), 0);
}

static void calls_that_stand_are_left(void **state)
{
	struct fixture *fixture = *state;
	char path[4300];
	struct stat st;

	expect_left(fixture, "");
	standing_add(fixture->standing, 1, "a", 11);
	standing_add(fixture->standing, 2, "b", 12);
	standing_add(fixture->standing, 3, "c", 13);
	standing_add(fixture->standing, 3, "again", 14);
	standing_end(fixture->standing, 2);
	standing_recorded(fixture->standing);
	standing_look(fixture->standing);
	standing_written(fixture->standing);
	standing_free(fixture->standing);
	open_it(fixture);
	assert_int_equal(standing_count_left(fixture->standing), 2);
	fixture->left[0] = '\0';
	standing_take_left(fixture->standing, left_h, fixture);
	assert_string_equal(fixture->left, "a@11 c@13 ");
	expect_left(fixture, "");
	snprintf(path, sizeof(path), "%s/standing", fixture->folder);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
}

/* The machine went down: its memory is gone, and the copy is as it was written last. */
static void without_the_memory_the_copy_counts(void **state)
{
	struct fixture *fixture = *state;

	standing_add(fixture->standing, 1, "a", 1);
	standing_add(fixture->standing, 2, "b", 2);
	standing_add(fixture->standing, 3, "c", 3);
	standing_end(fixture->standing, 2);
	standing_sync(fixture->standing);
	standing_add(fixture->standing, 4, "d", 4);
	run(fixture, "rm standing.now");
	expect_left(fixture, "a@1 b@2! c@3 ");
	/* what was told is told no more, wherever one looks */
	standing_sync(fixture->standing);
	run(fixture, "rm standing.now");
	expect_left(fixture, "");
}

#define LOGGED_SIZE 4500

/* The last line. */
static void log_h(void *arg, enum log_level level, const char *line)
{
	char *logged = arg;

	(void)level;
	snprintf(logged, LOGGED_SIZE, "%s", line);
}

/* Where a start could not use run-dir, or was given another one: what was left there before is of nobody who stands. */
static void a_memory_of_long_ago_counts_no_more(void **state)
{
	struct fixture *fixture = *state;
	char *const run_dir = fixture->run;

	standing_add(fixture->standing, 1, "a", 1);
	fixture->run = NULL;
	expect_left(fixture, "");
	standing_free(fixture->standing);
	open_it(fixture);
	standing_add(fixture->standing, 2, "b", 2);
	standing_sync(fixture->standing);
	fixture->run = run_dir;
	expect_left(fixture, "b@2 ");
	standing_add(fixture->standing, 3, "c", 3);
	expect_left(fixture, "c@3 ");
}

/* The disk takes nothing at the start: it is made when it does. */
static void a_copy_that_cannot_be_made_anew_is_told(void **state)
{
	struct fixture *fixture = *state;
	char logged[LOGGED_SIZE] = "";

	standing_add(fixture->standing, 1, "a", 1);
	standing_sync(fixture->standing);
	run(fixture, "rm standing.now");
	standing_free(fixture->standing);
	log_set_sink(log_h, logged);
	sync_fails = true;
	open_it(fixture);
	sync_fails = false;
	log_set_sink(NULL, NULL);
	assert_non_null(strstr(logged, "event=standing-copy-old"));
	standing_take_left(fixture->standing, left_h, fixture);
	assert_string_equal(fixture->left, "a@1 ");
	standing_add(fixture->standing, 2, "b", 2);
	standing_sync(fixture->standing);
	expect_left(fixture, "b@2 ");
}

/* The machine went down while the copy was made, or had no room for all of it. */
static void a_copy_that_was_cut_counts_as_far_as_it_goes(void **state)
{
	struct fixture *fixture = *state;
	char command[9000];

	for (unsigned i = 1; i <= 40; i++)
		standing_add(fixture->standing, i, i < 40 ? "x" : "last", i);
	standing_add(fixture->standing, 41, "cut", 41);
	standing_sync(fixture->standing);
	/* a call has 128 bytes, as has the head */
	snprintf(command, sizeof(command),
		"rm standing.now && truncate -s $((41 * 128 + 20)) '%s/standing'",
		fixture->folder);
	run(fixture, command);
	standing_free(fixture->standing);
	open_it(fixture);
	assert_int_equal(standing_count_left(fixture->standing), 40);
	standing_take_left(fixture->standing, left_h, fixture);
	assert_non_null(strstr(fixture->left, "x@39 last@40 "));
}

/* What a disk says that it has not taken may be gone. */
static void a_copy_that_did_not_reach_the_disk_is_made_again(void **state)
{
	struct fixture *fixture = *state;
	char command[9000];

	standing_add(fixture->standing, 1, "a", 1);
	sync_fails = true;
	standing_sync(fixture->standing);
	sync_fails = false;
	snprintf(command, sizeof(command),
		"truncate -s 0 '%s/standing' && truncate -s $((4096 * 128)) "
		"'%s/standing'",
		fixture->folder, fixture->folder);
	run(fixture, command);
	standing_sync(fixture->standing);
	run(fixture, "rm standing.now");
	expect_left(fixture, "a@1 ");
}

/* The folder of state is another one, a backup perhaps: what is in memory is of the calls of the one before. */
static void memory_that_goes_with_another_copy_does_not_count(void **state)
{
	struct fixture *fixture = *state;
	char command[9000];

	standing_add(fixture->standing, 1, "a", 1);
	standing_sync(fixture->standing);
	standing_add(fixture->standing, 2, "b", 2);
	snprintf(command, sizeof(command),
		"cp '%s/standing' copy && mv copy '%s/standing'", fixture->folder,
		fixture->folder);
	run(fixture, command);
	expect_left(fixture, "a@1 ");
}

static void without_a_folder_of_that_kind_the_copy_is_kept(void **state)
{
	struct fixture *fixture = *state;

	standing_free(fixture->standing);
	fixture_remove(fixture->run);
	fixture->run = strdup("/nowhere");
	open_it(fixture);
	standing_add(fixture->standing, 1, "a", 1);
	standing_sync(fixture->standing);
	expect_left(fixture, "a@1 ");
	free(fixture->run);
	fixture->run = fixture_folder();
}

static void a_record_that_is_being_written_is_known(void **state)
{
	struct fixture *fixture = *state;

	standing_add(fixture->standing, 1, "a", 1);
	standing_add(fixture->standing, 2, "b", 2);
	standing_end(fixture->standing, 1);
	standing_end(fixture->standing, 77);
	expect_left(fixture, "a@1! b@2 ");
}

static void a_record_that_waits_keeps_its_call(void **state)
{
	struct fixture *fixture = *state;

	for (unsigned i = 1; i <= 4; i++)
		standing_add(fixture->standing, i, "x", i);
	standing_end(fixture->standing, 1);
	standing_recorded(fixture->standing);
	standing_end(fixture->standing, 2);
	standing_recorded(fixture->standing);
	standing_look(fixture->standing);
	/* It came behind what the audit thread looks at. */
	standing_end(fixture->standing, 3);
	standing_recorded(fixture->standing);
	standing_written(fixture->standing);
	standing_end(fixture->standing, 4);
	expect_left(fixture, "x@3! x@4! ");
}

static void slots_are_used_again_and_the_file_grows(void **state)
{
	struct fixture *fixture = *state;
	char path[4300];
	struct stat st;
	off_t size;

	snprintf(path, sizeof(path), "%s/standing", fixture->folder);
	standing_sync(fixture->standing);
	assert_int_equal(stat(path, &st), 0);
	size = st.st_size;
	assert_int_equal(size, 4096 * 128);
	for (unsigned i = 1; i <= 20000; i++) {
		standing_add(fixture->standing, i, "x", i);
		standing_end(fixture->standing, i);
		standing_recorded(fixture->standing);
		standing_look(fixture->standing);
		standing_written(fixture->standing);
	}
	standing_sync(fixture->standing);
	assert_int_equal(stat(path, &st), 0);
	assert_true(st.st_size == size);
	for (unsigned i = 1; i <= 10000; i++)
		standing_add(fixture->standing, i, i == 9999 ? "this" : "x", i);
	standing_sync(fixture->standing);
	assert_int_equal(stat(path, &st), 0);
	assert_true(st.st_size == 3 * size);
	for (unsigned i = 10000; i > 0; i--) {
		if (i == 9999)
			continue;
		standing_end(fixture->standing, i);
		standing_recorded(fixture->standing);
		standing_look(fixture->standing);
		standing_written(fixture->standing);
	}
	expect_left(fixture, "this@9999 ");
}

static void no_more_calls_are_noted_than_there_is_room_for(void **state)
{
	struct fixture *fixture = *state;

	for (unsigned i = 1; i <= 64 * 4096 + 10; i++)
		standing_add(fixture->standing, i, "x", i);
	standing_free(fixture->standing);
	open_it(fixture);
	assert_int_equal(standing_count_left(fixture->standing), 64 * 4096 - 1);
}

static void a_file_of_others_is_begun_anew(void **state)
{
	struct fixture *fixture = *state;
	char path[4300], *noise = malloc(1 << 20);
	FILE *file;

	standing_free(fixture->standing);
	memset(noise, 1, 1 << 20);
	snprintf(path, sizeof(path), "%s/standing", fixture->folder);
	file = fopen(path, "we");
	assert_int_equal(fwrite(noise, 1, 1 << 20, file), 1 << 20);
	fclose(file);
	free(noise);
	run(fixture, "rm standing.now");
	open_it(fixture);
	expect_left(fixture, "");
	standing_add(fixture->standing, 1, "a", 1);
	expect_left(fixture, "a@1 ");
}

static void what_is_foreign_in_memory_is_told_where(void **state)
{
	struct fixture *fixture = *state;
	char logged[LOGGED_SIZE] = "";

	standing_free(fixture->standing);
	/* a state that there is not */
	run(fixture,
		"printf '\\007' | dd of=standing.now bs=1 seek=4096 conv=notrunc 2>err");
	log_set_sink(log_h, logged);
	open_it(fixture);
	log_set_sink(NULL, NULL);
	assert_non_null(strstr(logged, "event=standing-foreign file="));
	assert_non_null(strstr(logged, fixture->run));
	assert_non_null(strstr(logged, "/standing.now"));
	assert_int_equal(standing_count_left(fixture->standing), 0);
	/* it is used on */
	standing_add(fixture->standing, 1, "a", 1);
	expect_left(fixture, "a@1 ");
}

static void a_foreign_head_makes_all_of_it_foreign(void **state)
{
	struct fixture *fixture = *state;
	char command[5000], logged[LOGGED_SIZE] = "";

	standing_add(fixture->standing, 1, "a", 1);
	standing_sync(fixture->standing);
	standing_free(fixture->standing);
	/* a version that there is not yet */
	snprintf(command, sizeof(command),
		"rm standing.now && printf '\\007' | dd of='%s/standing' bs=1 seek=4 "
		"conv=notrunc 2>err",
		fixture->folder);
	run(fixture, command);
	log_set_sink(log_h, logged);
	open_it(fixture);
	log_set_sink(NULL, NULL);
	assert_non_null(strstr(logged, "event=standing-foreign file="));
	assert_int_equal(standing_count_left(fixture->standing), 0);
	expect_left(fixture, "");
}

static void a_link_is_refused(void **state)
{
	struct fixture *fixture = *state;
	struct err_text text = {""};
	char path[4300];

	standing_free(fixture->standing);
	fixture->standing = NULL;
	snprintf(path, sizeof(path), "%s/standing", fixture->folder);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(symlink("/dev/null", path), 0);
	assert_int_equal(
		standing_new(&fixture->standing, fixture->folder, fixture->run, &text),
		-ELOOP);
	assert_non_null(strstr(text.text, "standing"));
	assert_int_equal(unlink(path), 0);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_int_equal(
		standing_new(&fixture->standing, fixture->folder, fixture->run, &text),
		-EPERM);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(calls_that_stand_are_left),
		CASE(without_the_memory_the_copy_counts),
		CASE(a_memory_of_long_ago_counts_no_more),
		CASE(a_copy_that_cannot_be_made_anew_is_told),
		CASE(a_copy_that_was_cut_counts_as_far_as_it_goes),
		CASE(a_copy_that_did_not_reach_the_disk_is_made_again),
		CASE(memory_that_goes_with_another_copy_does_not_count),
		CASE(without_a_folder_of_that_kind_the_copy_is_kept),
		CASE(a_record_that_is_being_written_is_known),
		CASE(a_record_that_waits_keeps_its_call),
		CASE(slots_are_used_again_and_the_file_grows),
		CASE(no_more_calls_are_noted_than_there_is_room_for),
		CASE(a_file_of_others_is_begun_anew),
		CASE(what_is_foreign_in_memory_is_told_where),
		CASE(a_foreign_head_makes_all_of_it_foreign),
		CASE(a_link_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
