/* Files are replaced whole, beside the loop, one after another. Linked with --wrap=fsync and fdatasync. */
#include "base/filing.h"

#include "../unit.h"

#include "base/err.h"
#include "base/regular.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char top[64], folder[80];
static struct loop *loop;
static struct filing *filing;
static unsigned told;
static int errs[8]; /* of those that were told, in their order */

static atomic_bool hangs;
static atomic_int fails; /* what a sync fails with; 0: it does not */
static atomic_uint came; /* to the disk */
static atomic_uint came_by_loop;
static pthread_t loop_thread; /* RO */

int __real_fsync(int fd);
int __wrap_fsync(int fd);
int __real_fdatasync(int fd);
int __wrap_fdatasync(int fd);

/* Whether it fails, with errno. */
static bool disk(void)
{
	atomic_fetch_add(&came, 1);
	if (pthread_equal(pthread_self(), loop_thread))
		atomic_fetch_add(&came_by_loop, 1);
	while (atomic_load(&hangs))
		sched_yield();
	errno = atomic_load(&fails);
	return errno != 0;
}

int __wrap_fsync(int fd)
{
	return disk() ? -1 : __real_fsync(fd);
}

int __wrap_fdatasync(int fd)
{
	return disk() ? -1 : __real_fdatasync(fd);
}

static void told_h(void *arg, int err)
{
	assert_ptr_equal(arg, &told);
	errs[told++ % 8] = err;
}

static int put_in(const char *where, const char *name, const char *text)
{
	struct buf bytes;
	const struct filing_file file = {.folder = where,
		.name = name,
		.bytes = text ? &bytes : NULL,
		.done_h = told_h,
		.arg = &told};
	int err;

	buf_init(&bytes, 0);
	if (text)
		buf_add(&bytes, text, strlen(text));
	err = filing_put(filing, &file);
	assert_int_equal(bytes.len, 0);
	assert_null(bytes.data);
	return err;
}

static void put(const char *name, const char *text)
{
	assert_int_equal(put_in(folder, name, text), 0);
}

static void wait_told(unsigned count)
{
	while (told < count)
		assert_int_equal(loop_turn(loop, 50), 0);
}

static char *path_of(const char *name)
{
	static char path[160];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	return path;
}

/* TEXT NULL: it is not there. */
static void expect(const char *name, const char *text)
{
	struct buf bytes;
	int err;

	buf_init(&bytes, 0);
	err = regular_read(AT_FDCWD, path_of(name), 1000, &bytes);
	assert_int_equal(err, text ? 0 : -ENOENT);
	if (text)
		assert_string_equal(buf_str(&bytes), text);
	buf_free(&bytes);
}

static unsigned count_files(void)
{
	DIR *dir = opendir(folder);
	unsigned count = 0;

	assert_non_null(dir);
	for (struct dirent *entry; (entry = readdir(dir)) != NULL;)
		count += entry->d_name[0] != '.';
	closedir(dir);
	return count;
}

/* Whether a descriptor of this process is the folder's. */
static bool folder_is_open(void)
{
	DIR *dir = opendir("/proc/self/fd");
	bool is = false;
	char path[160];

	assert_non_null(dir);
	for (struct dirent *entry; (entry = readdir(dir)) != NULL;) {
		ssize_t len =
			readlinkat(dirfd(dir), entry->d_name, path, sizeof(path) - 1);

		if (len < 0)
			continue;
		path[len] = '\0';
		is = is || strcmp(path, folder) == 0;
	}
	closedir(dir);
	return is;
}

static int setup(void **state)
{
	(void)state;
	strcpy(top, "/tmp/tandem-test-XXXXXX");
	if (!mkdtemp(top))
		return -1;
	snprintf(folder, sizeof(folder), "%s/state", top);
	told = 0;
	atomic_store(&came, 0);
	atomic_store(&came_by_loop, 0);
	if (loop_new(&loop, clock_real()) != 0)
		return -1;
	return filing_new(&filing, loop);
}

static int teardown(void **state)
{
	char command[128];

	(void)state;
	atomic_store(&hangs, false);
	atomic_store(&fails, 0);
	assert_int_equal(atomic_load(&came_by_loop), loop ? 0 : 2);
	filing_free(filing);
	filing = NULL;
	if (loop)
		loop_free(loop);
	loop = NULL;
	snprintf(command, sizeof(command), "rm -rf '%s'", top);
	return system(command);
}

static void a_file_is_replaced_whole(void **state)
{
	struct stat st;

	(void)state;
	put("a", "one");
	assert_int_equal(access(folder, F_OK), -1); /* nothing is done before a turn */
	wait_told(1);
	expect("a", "one");
	put("a", "2");
	wait_told(2);
	assert_false(folder_is_open());
	expect("a", "2");
	assert_int_equal(errs[0], 0);
	assert_int_equal(errs[1], 0);
	assert_int_equal(stat(path_of("a"), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0640);
	assert_int_equal(stat(folder, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0750);
	assert_int_equal(count_files(), 1);
	assert_int_equal(atomic_load(&came), 4); /* each file, and its folder */
}

static void the_last_one_wins(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 5; i++)
		put("a", i < 4 ? "old" : "new");
	put("b", "b");
	wait_told(6);
	expect("a", "new");
	expect("b", "b");
}

static void one_is_removed(void **state)
{
	(void)state;
	put("a", "one");
	put("a", NULL);
	put("b", NULL); /* there is none */
	wait_told(3);
	assert_int_equal(errs[1], 0);
	assert_int_equal(errs[2], 0);
	assert_int_equal(count_files(), 0);
}

static void what_fails_leaves_what_was(void **state)
{
	(void)state;
	put("a", "one");
	wait_told(1);
	atomic_store(&fails, EIO);
	put("a", "two");
	wait_told(2);
	atomic_store(&fails, 0);
	assert_int_equal(errs[1], -EIO);
	expect("a", "one");
	assert_int_equal(count_files(), 1);
	/* and the next one is not held up by it */
	put("a", "three");
	wait_told(3);
	expect("a", "three");
}

/* What stands where the new one is made is nobody's: it is not written to, and holds up nothing. */
static void what_is_planted_is_not_written_to(void **state)
{
	char victim[160];

	(void)state;
	put("victim", "mine");
	put("a", "one");
	wait_told(2);
	assert_int_equal(symlink("victim", path_of("a.new")), 0);
	put("a", "two");
	wait_told(3);
	expect("a", "two");
	assert_int_equal(mkfifo(path_of("a.new"), 0600), 0);
	put("a", "three");
	wait_told(4);
	expect("a", "three");
	strcpy(victim, path_of("victim"));
	assert_int_equal(link(victim, path_of("a.new")), 0);
	put("a", "four");
	wait_told(5);
	expect("a", "four");
	expect("victim", "mine");
	assert_int_equal(mkdir(path_of("a.new"), 0700), 0);
	put("a", "five");
	wait_told(6);
	assert_int_equal(errs[5], -EISDIR);
	expect("a", "four");
}

static void a_folder_that_cannot_be_is_told(void **state)
{
	(void)state;
	assert_int_equal(put_in("/nonexistent/state", "a", "one"), 0);
	wait_told(1);
	assert_int_equal(errs[0], -ENOENT);
}

static void the_loop_does_not_wait(void **state)
{
	(void)state;
	put("a", "one");
	wait_told(1);
	atomic_store(&hangs, true);
	put("a", "two");
	put("b", "three");
	while (atomic_load(&came) < 3)
		assert_int_equal(loop_turn(loop, 0), 0);
	for (unsigned i = 0; i < 100; i++)
		assert_int_equal(loop_turn(loop, 0), 0);
	assert_int_equal(told, 1);
	assert_int_equal(atomic_load(&came), 3); /* one after another */
	atomic_store(&hangs, false);
	wait_told(3);
	expect("a", "two");
	expect("b", "three");
}

static void who_goes_leaves_what_hangs(void **state)
{
	(void)state;
	atomic_store(&hangs, true);
	put("a", "one");
	put("b", "two");
	while (atomic_load(&came) < 1)
		assert_int_equal(loop_turn(loop, 0), 0);
	filing_free(filing);
	filing = NULL;
	atomic_store(&hangs, false);
	while (access(path_of("a"), F_OK) != 0)
		sched_yield();
	assert_int_equal(loop_turn(loop, 0), 0);
	assert_int_equal(told, 0);
	expect("b", NULL);
}

static void so_many_may_wait(void **state)
{
	(void)state;
	atomic_store(&hangs, true);
	for (unsigned i = 0; i < FILING_MAX; i++)
		put("a", "one");
	assert_int_equal(put_in(folder, "a", "two"), ERR_LIMIT);
	assert_int_equal(put_in(folder, "a", NULL), ERR_LIMIT);
	atomic_store(&hangs, false);
	wait_told(FILING_MAX);
	expect("a", "one");
	assert_int_equal(put_in(folder, "a", "two"), 0);
	wait_told(FILING_MAX + 1);
	expect("a", "two");
}

static void without_a_loop_it_is_done_at_once(void **state)
{
	(void)state;
	filing_free(filing);
	assert_int_equal(filing_new(&filing, NULL), 0);
	loop_free(loop);
	loop = NULL;
	put("a", "one");
	assert_int_equal(told, 1);
	assert_int_equal(errs[0], 0);
	expect("a", "one");
	assert_int_equal(put_in("/nonexistent/state", "a", "two"), 0);
	assert_int_equal(told, 2);
	assert_int_equal(errs[1], -ENOENT);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(a_file_is_replaced_whole),
		TEST(the_last_one_wins),
		TEST(one_is_removed),
		TEST(what_fails_leaves_what_was),
		TEST(what_is_planted_is_not_written_to),
		TEST(a_folder_that_cannot_be_is_told),
		TEST(the_loop_does_not_wait),
		TEST(who_goes_leaves_what_hangs),
		TEST(so_many_may_wait),
		TEST(without_a_loop_it_is_done_at_once),
	};

	loop_thread = pthread_self();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
