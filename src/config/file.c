#include "config/file.h"

#include "base/denied.h"
#include "base/err.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int read_all(int fd, struct buf *buf)
{
	struct stat status;
	size_t total = 0;

	if (fstat(fd, &status) != 0)
		return -errno;
	if (S_ISDIR(status.st_mode))
		return -EISDIR;
	if (!S_ISREG(status.st_mode))
		return ERR_SUPPORT;
	/* The size is looked at again below: the file may grow meanwhile. */
	while (status.st_size <= FILE_MAX_BYTES && total <= FILE_MAX_BYTES) {
		char *to = buf_reserve(buf, (size_t)status.st_size + 1);
		ssize_t got;

		if (to == NULL)
			return buf->err;
		got = read(fd, to, (size_t)status.st_size + 1);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return got < 0 ? -errno : 0;
		buf->len += (size_t)got;
		total += (size_t)got;
	}
	return ERR_LIMIT;
}

int file_read(const char *path, struct buf *buf)
{
	/* O_NONBLOCK: a fifo under that name must not stop the server. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	int err;

	if (fd < 0)
		return denied_why(path, -errno);
	err = read_all(fd, buf);
	close(fd);
	return err;
}

char *file_folder(const char *path)
{
	const char *slash = strrchr(path, '/');

	if (slash == NULL)
		return strdup(".");
	return slash == path ? strdup("/") : strndup(path, (size_t)(slash - path));
}

int file_absolute(char **ret, const char *path)
{
	char *here;
	char *joined;
	int len;

	if (path[0] == '/') {
		joined = strdup(path);
		if (joined == NULL)
			return -ENOMEM;
		*ret = joined;
		return 0;
	}
	here = getcwd(NULL, 0);
	if (here == NULL)
		return -errno;
	len = asprintf(&joined, "%s/%s", here, path);
	free(here);
	if (len < 0)
		return -ENOMEM;
	*ret = joined;
	return 0;
}
