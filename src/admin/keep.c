#include "admin/keep.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define TEXT_MAX ((size_t)1 << 20)

int keep_read(const char *path, struct buf *text, struct err_text *why)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	ssize_t n = 1;
	char *room;
	int err;

	buf_init(text, TEXT_MAX);
	if (fd < 0)
		return err_set(why, -errno, "cannot read %s: %s", path, err_str(-errno));
	while (n > 0 && (room = buf_reserve(text, 4096))) {
		n = read(fd, room, 4096);
		if (n > 0)
			text->len += (size_t)n;
	}
	err = n < 0 ? -errno : text->err;
	close(fd);
	if (!err)
		return 0;
	buf_free(text);
	return err_set(why, err, "cannot read %s: %s", path, err_str(err));
}

/* Writes TEXT to FD with the mode and owner of PATH. */
static int fill(int fd, const char *path, const struct buf *text)
{
	size_t done = 0;
	struct stat st;
	ssize_t n;

	if (stat(path, &st) < 0 || fchmod(fd, st.st_mode & 07777) < 0)
		return -errno;
	/* As in config_gateway_edit(): an owner that cannot be kept is no reason to fail. */
	if (st.st_uid != geteuid() || st.st_gid != getegid())
		(void)!fchown(fd, st.st_uid, st.st_gid);
	while (done < text->len) {
		n = write(fd, text->data + done, text->len - done);
		if (n < 0 && errno != EINTR)
			return -errno;
		if (n > 0)
			done += (size_t)n;
	}
	return fsync(fd) < 0 ? -errno : 0;
}

int keep_restore(const char *path, const struct buf *text, struct err_text *why)
{
	char *temporary;
	int fd, err;

	if (asprintf(&temporary, "%s.XXXXXX", path) < 0)
		return err_set(why, -ENOMEM, "out of memory");
	fd = mkostemp(temporary, O_CLOEXEC);
	err = fd < 0 ? -errno : fill(fd, path, text);
	if (!err && rename(temporary, path) < 0)
		err = -errno;
	if (err && fd >= 0)
		unlink(temporary);
	if (fd >= 0)
		close(fd);
	free(temporary);
	if (err)
		return err_set(why, err, "cannot restore %s: %s", path, err_str(err));
	return 0;
}
