/* A line that is half written, and cannot be cut at once; lines that are written, and cannot be synced. Linked with
 * --wrap=ftruncate,--wrap=fdatasync. */
#include "../file_limit.h"

#include "audit/journal.h"
#include "audit/unsynced.h"
#include "audit_fixture.h"
#include "base/log.h"
#include "evidence/head.h"
#include "sync_fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

int __real_ftruncate(int fd, off_t len);
int __wrap_ftruncate(int fd, off_t len);

/* So many fail from now on. */
static unsigned failures;

int __wrap_ftruncate(int fd, off_t len)
{
	if (failures == 0)
		return __real_ftruncate(fd, len);
	failures--;
	errno = EIO;
	return -1;
}

/* How many lines the file has; each is a record, and numbers go on. */
static unsigned lines_of(const char *path)
{
	FILE *file = fopen(path, "re");
	unsigned count = 0;
	char line[512];
	uint64_t seq;

	assert_non_null(file);
	while (fgets(line, sizeof(line), file)) {
		assert_int_equal(head_read(span_of(line), &seq), 0);
		assert_int_equal(seq, count);
		assert_int_equal(line[strlen(line) - 1], '\n');
		count++;
	}
	fclose(file);
	return count;
}

struct fixture {
	char *folder, path[4300];
	struct health health;
	struct journal *journal;
};

static void begin(struct fixture *fixture, const char *run_dir)
{
	struct err_text text = {""};

	if (journal_new(&fixture->journal, fixture->folder, run_dir, 0, &fixture->health,
		    &text) != 0)
		fail_msg("%s", text.text);
}

static int setup(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));

	fixture->folder = fixture_folder();
	snprintf(fixture->path, sizeof(fixture->path), "%s/cdr.jsonl", fixture->folder);
	health_init(&fixture->health);
	begin(fixture, NULL);
	*state = fixture;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *fixture = *state;

	sync_fails = false;
	limit_files(RLIM_INFINITY);
	journal_free(fixture->journal);
	health_free(&fixture->health);
	fixture_remove(fixture->folder);
	free(fixture);
	return 0;
}

static void add(struct fixture *fixture, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		assert_true(journal_add(fixture->journal, "call", "{\"a\":1}\n", 8));
}

static void a_torn_line_is_cut_before_others_follow(void **state)
{
	struct fixture *fixture = *state;
	struct journal *journal = fixture->journal;

	add(fixture, 4);
	limit_files(200);
	failures = 2;
	assert_false(journal_write(journal));
	limit_files(RLIM_INFINITY);
	/* it cannot be cut yet: nothing is written behind it */
	assert_false(journal_write(journal));
	assert_int_equal(failures, 0);
	assert_true(journal_write(journal));
	assert_int_equal(lines_of(fixture->path), 4);
}

static void log_h(void *arg, enum log_level level, const char *line)
{
	char *logged = arg;

	(void)level;
	strncat(logged, line, 999 - strlen(logged));
}

/* They are in the file: nobody has to look for them elsewhere. */
static void what_is_written_at_the_end_is_not_told_as_left(void **state)
{
	struct fixture *fixture = *state;
	char logged[1000] = "";

	journal_free(fixture->journal);
	begin(fixture, fixture->folder);
	add(fixture, 1);
	log_set_sink(log_h, logged);
	sync_fails = true;
	journal_free(fixture->journal);
	log_set_sink(NULL, NULL);
	fixture->journal = NULL;
	assert_non_null(strstr(logged, "event=failing what=cdr"));
	assert_null(strstr(logged, "event=left"));
}

/* What a kernel may do with what a disk did not take: the file has something else, and the next sync succeeds. */
static void forget(const char *path, off_t from)
{
	const int fd = open(path, O_WRONLY | O_CLOEXEC);
	struct stat st;

	assert_true(fd >= 0);
	assert_int_equal(fstat(fd, &st), 0);
	assert_true(from < st.st_size);
	for (off_t at = from; at < st.st_size; at++)
		assert_int_equal(pwrite(fd, "", 1, at), 1);
	close(fd);
}

static void what_could_not_be_synced_is_written_again(void **state)
{
	struct fixture *fixture = *state;
	struct journal *journal = fixture->journal;
	struct journal_view view;
	unsigned count = 1;
	off_t synced;

	add(fixture, count);
	assert_true(journal_tick(journal, &view));
	for (unsigned round = 0; round < 2; round++) {
		synced = view.size;
		sync_fails = true;
		for (unsigned i = 0; i < 2; i++) {
			add(fixture, 1);
			assert_false(journal_tick(journal, &view));
			assert_int_equal(view.fd, -1);
		}
		forget(fixture->path, synced);
		sync_fails = false;
		add(fixture, 1);
		assert_true(journal_tick(journal, &view));
		count += 3;
		assert_int_equal(lines_of(fixture->path), count);
	}
}

static void a_torn_line_behind_it_is_cut_before(void **state)
{
	struct fixture *fixture = *state;

	add(fixture, 4);
	sync_fails = true;
	limit_files(200);
	failures = 1;
	assert_false(journal_tick(fixture->journal, NULL));
	assert_int_equal(failures, 0);
	limit_files(RLIM_INFINITY);
	forget(fixture->path, 0);
	sync_fails = false;
	assert_true(journal_tick(fixture->journal, NULL));
	assert_int_equal(lines_of(fixture->path), 4);
}

/* What is written there later could not be written again: it waits. */
static void no_more_is_unsynced_than_can_be_written_again(void **state)
{
	static char body[100000];
	struct fixture *fixture = *state;
	struct journal *journal = fixture->journal;
	struct stat st;

	memset(body, ' ', sizeof(body));
	memcpy(body, "{\"a\":1", 6);
	memcpy(body + sizeof(body) - 2, "}\n", 2);
	sync_fails = true;
	for (size_t len = 0; len < UNSYNCED_MAX + sizeof(body); len += sizeof(body)) {
		assert_true(journal_add(journal, "call", body, sizeof(body)));
		journal_write(journal);
	}
	assert_false(journal_tick(journal, NULL));
	assert_int_equal(stat(fixture->path, &st), 0);
	assert_true(st.st_size <= (off_t)UNSYNCED_MAX);
	assert_true(st.st_size > (off_t)(UNSYNCED_MAX - 2 * sizeof(body)));
	sync_fails = false;
	journal_tick(journal, NULL);
	assert_true(journal_tick(journal, NULL));
	assert_int_equal(stat(fixture->path, &st), 0);
	assert_true(st.st_size > (off_t)UNSYNCED_MAX);
}

/* Its disk had a bad moment when the file was moved away. */
static void a_file_that_is_left_is_whole(void **state)
{
	struct fixture *fixture = *state;
	char moved[4400];

	snprintf(moved, sizeof(moved), "%s.1", fixture->path);
	add(fixture, 1);
	sync_fails = true;
	assert_false(journal_tick(fixture->journal, NULL));
	forget(fixture->path, 0);
	sync_fails = false;
	assert_int_equal(rename(fixture->path, moved), 0);
	assert_true(journal_tick(fixture->journal, NULL));
	assert_int_equal(lines_of(moved), 1);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(a_torn_line_is_cut_before_others_follow),
		CASE(what_is_written_at_the_end_is_not_told_as_left),
		CASE(what_could_not_be_synced_is_written_again),
		CASE(a_torn_line_behind_it_is_cut_before),
		CASE(no_more_is_unsynced_than_can_be_written_again),
		CASE(a_file_that_is_left_is_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
