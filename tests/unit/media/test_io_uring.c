#include "media/io.h"

#include "../unit.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <unistd.h>

/* linux/io_uring.h, which the library brings in its own version. */
#define REGISTER_PROBE 8

static void nothing_h(void *arg)
{
	(void)arg;
}

/* The descriptor of the ring; there is one. */
static int find_ring(void)
{
	DIR *folder = opendir("/proc/self/fd");
	const struct dirent *entry;
	char path[300], target[64];
	int fd = -1;

	assert_non_null(folder);
	while ((entry = readdir(folder))) {
		ssize_t len;

		snprintf(path, sizeof(path), "/proc/self/fd/%s", entry->d_name);
		len = readlink(path, target, sizeof(target) - 1);
		target[len > 0 ? len : 0] = '\0';
		if (strcmp(target, "anon_inode:[io_uring]") == 0)
			fd = atoi(entry->d_name);
	}
	closedir(folder);
	return fd;
}

/* It does what this server asks for and nothing else: not even to be asked what it could. */
static void a_ring_is_restricted_once_it_is_enabled(void **state)
{
	const struct io_shared_params shared_params = {.workers = 1};
	struct io_params params = {
		.wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), .ready_h = nothing_h};
	struct io_shared *shared;
	struct err_text text;
	char probe[4096] = {0};
	struct io *io;
	bool woken = false;
	int fd;

	(void)state;
	if (io_shared_new(&shared, IO_URING, &shared_params, &text) != 0) {
		print_message("skipped: %s\n", text.text);
		skip();
	}
	params.shared = shared;
	assert_int_equal(io_new(&io, &params, &text), 0);
	io_start(io);
	fd = find_ring();
	assert_true(fd >= 0);
	assert_int_equal(
		syscall(SYS_io_uring_register, fd, REGISTER_PROBE, probe, 16), -1);
	assert_int_equal(errno, EACCES);
	/* what it is for works on */
	assert_int_equal(eventfd_write(params.wake_fd, 1), 0);
	assert_true(io_wait(io, 10000));
	(void)io_receive(io, &woken);
	assert_true(woken);
	io_free(io);
	io_shared_free(shared);
	close(params.wake_fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_ring_is_restricted_once_it_is_enabled),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
