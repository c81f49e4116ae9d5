/* OCSP responses in a folder: whole, or not at all. */
#include "trunk/staple_store.h"

#include "../tls/lab.h"
#include "../unit.h"
#include "tls/ocsp.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *folder;
static struct filing *filing;
static int ended;      /* how the last one was written: there is no loop */
static bool no_sync;   /* the disk does not take it */
static bool in_pieces; /* so reads and writes are done, as by a slow disk over a net */

ssize_t __real_read(int fd, void *data, size_t len);
ssize_t __real_write(int fd, const void *data, size_t len);
ssize_t __wrap_read(int fd, void *data, size_t len);
ssize_t __wrap_write(int fd, const void *data, size_t len);
int __real_fdatasync(int fd);
int __wrap_fdatasync(int fd);

int __wrap_fdatasync(int fd)
{
	errno = EIO;
	return no_sync ? -1 : __real_fdatasync(fd);
}

static size_t piece(int fd, size_t len)
{
	/* a program that is started meanwhile has none of our files */
	if (in_pieces)
		assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	return in_pieces && len > 1000 ? 1000 : len;
}

ssize_t __wrap_read(int fd, void *data, size_t len)
{
	/* never more than there is room for, however much of it is there already */
	if (in_pieces)
		assert_true(len <= OCSP_BYTES_MAX);
	return __real_read(fd, data, piece(fd, len));
}

ssize_t __wrap_write(int fd, const void *data, size_t len)
{
	return __real_write(fd, data, piece(fd, len));
}

static int start(void **state)
{
	(void)state;
	lab_start();
	folder = lab_path("state");
	assert_int_equal(mkdir(folder, 0700), 0);
	return filing_new(&filing, NULL);
}

static int stop(void **state)
{
	(void)state;
	in_pieces = false;
	no_sync = false;
	filing_free(filing);
	unlink(lab_path("state/ocsp-1.der"));
	rmdir(lab_path("state"));
	lab_stop();
	return 0;
}

static void ended_h(void *arg, int err)
{
	assert_ptr_equal(arg, &ended);
	ended = err;
}

static int try_put(const char *where, const void *data, size_t len)
{
	int err = staple_store_write(
		filing, where, "1", (struct span){data, len}, ended_h, &ended);

	return err ? err : ended;
}

static void put(const void *data, size_t len)
{
	assert_int_equal(try_put(lab_path("state"), data, len), 0);
}

/* The next descriptor that one opens. */
static int next_fd(void)
{
	int fd = dup(STDERR_FILENO);

	assert_true(fd >= 0);
	close(fd);
	return fd;
}

static void assert_kept(const void *data, size_t len)
{
	unsigned char *kept = NULL;
	size_t kept_len = 0;

	assert_int_equal(staple_store_read(lab_path("state"), "1", &kept, &kept_len), 0);
	assert_int_equal(kept_len, len);
	assert_memory_equal(kept, data, len);
	free(kept);
}

static void what_was_kept_comes_back(void **state)
{
	static unsigned char large[OCSP_BYTES_MAX];
	struct stat stat_of;
	int fd = next_fd();

	(void)state;
	memset(large, 'x', sizeof(large));
	large[sizeof(large) - 1] = 'y';
	put(large, sizeof(large));
	assert_kept(large, sizeof(large));
	/* the next one takes its place, however short */
	put("a\0b", 3);
	assert_kept("a\0b", 3);
	assert_int_equal(stat(lab_path("state/ocsp-1.der"), &stat_of), 0);
	assert_int_equal(stat_of.st_mode & 07137, 0);
	assert_int_equal(stat_of.st_mode & 0600, 0600);
	assert_int_equal(access(lab_path("state/ocsp-1.der.new"), F_OK), -1);
	assert_int_equal(next_fd(), fd);
}

/* Of a file that is larger only what fits is read. */
static void pieces_make_the_whole(void **state)
{
	static unsigned char large[OCSP_BYTES_MAX + 700];
	unsigned char *kept = NULL;
	size_t len = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(large); i++)
		large[i] = (unsigned char)(i % 251);
	in_pieces = true;
	put(large, 2500);
	assert_kept(large, 2500);
	put(large, sizeof(large));
	assert_int_equal(staple_store_read(lab_path("state"), "1", &kept, &len), 0);
	assert_int_equal(len, OCSP_BYTES_MAX);
	assert_memory_equal(kept, large, len);
	free(kept);
}

/* Somebody put a pipe there that nobody writes to. */
static void a_pipe_in_its_place_is_not_waited_for(void **state)
{
	unsigned char *kept = NULL;
	size_t len = 99;

	(void)state;
	assert_int_equal(mkfifo(lab_path("state/ocsp-1.der"), 0600), 0);
	alarm(10); /* or the test would wait */
	assert_int_equal(staple_store_read(lab_path("state"), "1", &kept, &len), 0);
	alarm(0);
	assert_int_equal(len, 0);
	free(kept);
}

static void what_does_not_reach_the_disk_leaves_what_was(void **state)
{
	(void)state;
	put("a", 1);
	no_sync = true;
	assert_int_equal(try_put(lab_path("state"), "bc", 2), -EIO);
	assert_int_equal(access(lab_path("state/ocsp-1.der.new"), F_OK), -1);
	assert_kept("a", 1);
}

static void what_is_not_there_is_no_response(void **state)
{
	unsigned char *kept = NULL;
	size_t len = 99;

	(void)state;
	assert_int_equal(staple_store_read(lab_path("state"), "1", &kept, &len), -ENOENT);
	assert_null(kept);
	put("a", 1);
	staple_store_forget(filing, lab_path("state"), "1");
	assert_int_equal(staple_store_read(lab_path("state"), "1", &kept, &len), -ENOENT);
	/* a folder is no response either */
	assert_int_equal(mkdir(lab_path("state/ocsp-1.der"), 0700), 0);
	assert_int_equal(staple_store_read(lab_path("state"), "1", &kept, &len), -EISDIR);
	assert_null(kept);
	rmdir(lab_path("state/ocsp-1.der"));
}

static void what_cannot_be_kept_leaves_what_was(void **state)
{
	(void)state;
	assert_int_equal(try_put("/nonexistent/state", "a", 1), -ENOENT);
	/* nobody's link is followed */
	put("a", 1);
	assert_int_equal(
		symlink(lab_path("elsewhere"), lab_path("state/ocsp-1.der.new")), 0);
	put("bc", 2);
	assert_int_equal(access(lab_path("elsewhere"), F_OK), -1);
	assert_kept("bc", 2);
	/* a folder stands in its place: nothing else is left either */
	staple_store_forget(filing, lab_path("state"), "1");
	assert_int_equal(mkdir(lab_path("state/ocsp-1.der"), 0700), 0);
	assert_true(try_put(lab_path("state"), "a", 1) < 0);
	assert_int_equal(access(lab_path("state/ocsp-1.der.new"), F_OK), -1);
	rmdir(lab_path("state/ocsp-1.der"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_was_kept_comes_back),
		TEST(pieces_make_the_whole),
		TEST(a_pipe_in_its_place_is_not_waited_for),
		TEST(what_does_not_reach_the_disk_leaves_what_was),
		TEST(what_is_not_there_is_no_response),
		TEST(what_cannot_be_kept_leaves_what_was),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
