#include "trunk/staple_store.h"

#include "base/regular.h"
#include "tls/ocsp.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* The path is to be freed; NULL without memory. */
static char *path_of(const char *folder, const char *id, const char *suffix)
{
	char *path;

	return asprintf(&path, "%s/ocsp-%s.der%s", folder, id, suffix) < 0 ? NULL : path;
}

static int read_all(int fd, unsigned char *data, size_t max, size_t *ret_len)
{
	size_t len = 0;
	ssize_t n = 1;

	while (n != 0 && len < max) {
		n = read(fd, data + len, max - len);
		if (n < 0 && errno != EINTR)
			return -errno;
		if (n > 0)
			len += (size_t)n;
	}
	*ret_len = len;
	return 0;
}

int staple_store_read(
	const char *folder, const char *id, unsigned char **ret, size_t *ret_len)
{
	char *path = path_of(folder, id, "");
	unsigned char *data = malloc(OCSP_BYTES_MAX);
	int fd = path ? open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK) : -1;
	int err = fd < 0 ? -errno : 0;

	if (!path || !data)
		err = -ENOMEM;
	if (!err)
		err = read_all(fd, data, OCSP_BYTES_MAX, ret_len);
	if (!err) {
		*ret = data;
		data = NULL;
	}
	if (fd >= 0)
		close(fd);
	free(data);
	free(path);
	return err;
}

static int write_all(const char *path, const unsigned char *data, size_t len)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0640);
	int err;

	if (fd < 0)
		return -errno;
	err = regular_write(fd, (struct span){(const char *)data, len}, NULL);
	if (!err && fsync(fd) < 0)
		err = -errno;
	close(fd);
	return err;
}

int staple_store_write(const char *folder, const char *id, const unsigned char *data,
	size_t len, struct err_text *text)
{
	char *path = path_of(folder, id, "");
	char *fresh = path_of(folder, id, ".new");
	int err = path && fresh ? write_all(fresh, data, len) : -ENOMEM;

	if (!err && rename(fresh, path) < 0)
		err = -errno;
	if (err) {
		err_set(text, err, "%s: %s", path ? path : folder, err_str(err));
		if (fresh)
			unlink(fresh);
	}
	free(fresh);
	free(path);
	return err;
}

void staple_store_forget(const char *folder, const char *id)
{
	char *path = path_of(folder, id, "");

	if (path)
		unlink(path);
	free(path);
}
