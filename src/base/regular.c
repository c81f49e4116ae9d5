#include "base/regular.h"

#include "base/err.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

int regular_open(int dir_fd, const char *name, struct stat *ret)
{
	const int fd =
		openat(dir_fd, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
	struct stat st;
	int err = 0;

	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) < 0)
		err = -errno;
	else if (!S_ISREG(st.st_mode))
		err = -EPERM;
	if (err) {
		close(fd);
		return err;
	}
	if (ret)
		*ret = st;
	return fd;
}

int regular_read(int dir_fd, const char *name, size_t max, struct buf *text)
{
	struct stat st;
	int fd = regular_open(dir_fd, name, &st);
	ssize_t n = 0;
	char *room;
	int err = 0;

	if (fd < 0)
		return fd;
	if (st.st_size > (off_t)max)
		err = ERR_LIMIT;
	if (err || st.st_size == 0)
		goto out;
	room = buf_reserve(text, (size_t)st.st_size);
	if (!room) {
		err = -ENOMEM;
		goto out;
	}
	n = pread(fd, room, (size_t)st.st_size, 0);
	if (n < 0)
		err = -errno;
	else
		text->len += (size_t)n;
out:
	close(fd);
	return err;
}

int regular_write(int fd, struct span bytes, size_t *ret_written)
{
	size_t done = 0;
	ssize_t n;
	int err = 0;

	while (!err && done < bytes.len) {
		n = write(fd, bytes.p + done, bytes.len - done);
		if (n > 0)
			done += (size_t)n;
		else if (n == 0 || errno != EINTR)
			err = n < 0 ? -errno : -ENOSPC;
	}
	if (ret_written)
		*ret_written = done;
	return err;
}

/* What has the name may be a link, or have another name besides: it is taken away, and never written to. */
static int make(int dir_fd, const char *name)
{
	const int flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
	int fd = openat(dir_fd, name, flags, 0640);

	if (fd < 0 && errno == EEXIST && unlinkat(dir_fd, name, 0) == 0)
		fd = openat(dir_fd, name, flags, 0640);
	return fd < 0 ? -errno : fd;
}

int regular_make(int dir_fd, const char *name, struct span bytes, bool sync)
{
	int fd = make(dir_fd, name);
	int err;

	if (fd < 0)
		return fd;
	err = regular_write(fd, bytes, NULL);
	if (!err && sync && fdatasync(fd) < 0)
		err = -errno;
	if (close(fd) < 0 && !err)
		err = -errno;
	return err;
}

int regular_replace(int dir_fd, const char *name, const char *fresh, struct span bytes)
{
	/* Else some file systems have an empty file after a loss of power. */
	int err = regular_make(dir_fd, fresh, bytes, true);

	if (!err && renameat(dir_fd, fresh, dir_fd, name) < 0)
		err = -errno;
	if (err)
		unlinkat(dir_fd, fresh, 0);
	return err;
}
