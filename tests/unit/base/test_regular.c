/* Only what is a file, and where it seems to be, is opened; nothing waits. */
#include "base/regular.h"

#include "../file_limit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char folder[64];
static int folder_fd;

static int start(void **state)
{
	int fd;

	(void)state;
	strcpy(folder, "/tmp/tandem-test-XXXXXX");
	if (!mkdtemp(folder))
		return -1;
	folder_fd = open(folder, O_RDONLY | O_DIRECTORY);
	fd = openat(folder_fd, "file", O_WRONLY | O_CREAT, 0600);
	if (fd < 0 || write(fd, "abc", 3) != 3)
		return -1;
	close(fd);
	return mkdirat(folder_fd, "folder", 0700) || mkfifoat(folder_fd, "fifo", 0600) ||
	       symlinkat("file", folder_fd, "link");
}

static int end(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 3; i++)
		unlinkat(folder_fd, (const char *[]){"file", "fifo", "link"}[i], 0);
	unlinkat(folder_fd, "folder", AT_REMOVEDIR);
	close(folder_fd);
	return rmdir(folder);
}

static void a_file_is_opened_for_reading(void **state)
{
	struct stat st = {.st_size = -1};
	char path[80], byte;
	int fd = regular_open(folder_fd, "file", &st);

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(st.st_size, 3);
	assert_int_equal(read(fd, &byte, 1), 1);
	assert_int_equal(write(fd, &byte, 1), -1);
	assert_int_equal(fcntl(fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
	close(fd);
	snprintf(path, sizeof(path), "%s/file", folder);
	fd = regular_open(AT_FDCWD, path, NULL);
	assert_true(fd >= 0);
	close(fd);
}

static void nothing_else_is(void **state)
{
	struct stat st = {.st_size = -1};
	const int before = dup(0);

	(void)state;
	close(before);
	assert_int_equal(regular_open(folder_fd, "none", &st), -ENOENT);
	assert_int_equal(regular_open(folder_fd, "link", &st), -ELOOP);
	assert_int_equal(regular_open(folder_fd, "folder", &st), -EPERM);
	assert_int_equal(regular_open(folder_fd, "fifo", &st), -EPERM);
	assert_int_equal(st.st_size, -1);
	/* and no descriptor is left */
	assert_int_equal(dup(0), before);
	close(before);
}

/* A disk takes what it has room for, and says then that it has none. */
static void what_is_written_is_there_as_far_as_there_is_room(void **state)
{
	const int fd = openat(folder_fd, "file", O_RDWR | O_TRUNC);
	char bytes[1000];
	size_t written = 77;

	(void)state;
	memset(bytes, 'x', sizeof(bytes));
	assert_int_equal(regular_write(fd, (struct span){bytes, 600}, NULL), 0);
	assert_int_equal(regular_write(fd, (struct span){NULL, 0}, &written), 0);
	assert_int_equal(written, 0);
	limit_files(1000);
	assert_int_equal(regular_write(fd, (struct span){bytes, 1000}, &written), -EFBIG);
	limit_files(RLIM_INFINITY);
	assert_int_equal(written, 400);
	assert_int_equal(lseek(fd, 0, SEEK_END), 1000);
	close(fd);
	assert_int_equal(regular_write(-1, (struct span){bytes, 1}, &written), -EBADF);
	assert_int_equal(written, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_file_is_opened_for_reading),
		cmocka_unit_test(nothing_else_is),
		cmocka_unit_test(what_is_written_is_there_as_far_as_there_is_room),
	};

	return cmocka_run_group_tests(tests, start, end);
}
