/*
 * A disk that cannot be synced, for a test that is linked with --wrap=fdatasync.
 */
#pragma once

#include <errno.h>
#include <stdbool.h>

int __real_fdatasync(int fd);
int __wrap_fdatasync(int fd);

static bool sync_fails;

int __wrap_fdatasync(int fd)
{
	if (!sync_fails)
		return __real_fdatasync(fd);
	errno = EIO;
	return -1;
}
