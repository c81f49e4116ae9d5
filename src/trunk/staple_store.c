#include "trunk/staple_store.h"

#include "tls/ocsp.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define NAME "ocsp-%s.der"

/* To be freed; NULL without memory. */
static char *name_of(const char *id)
{
	char *name;

	return asprintf(&name, NAME, id) < 0 ? NULL : name;
}

/* The same. */
static char *path_of(const char *folder, const char *id)
{
	char *path;

	return asprintf(&path, "%s/" NAME, folder, id) < 0 ? NULL : path;
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
	char *path = path_of(folder, id);
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

int staple_store_write(struct filing *filing, const char *folder, const char *id,
	struct span response, void (*done_h)(void *arg, int err), void *arg)
{
	char *name = name_of(id);
	struct buf bytes;
	const struct filing_file file = {.folder = folder,
		.name = name,
		.bytes = &bytes,
		.done_h = done_h,
		.arg = arg};
	int err = -ENOMEM;

	buf_init(&bytes, 0);
	buf_add_span(&bytes, response);
	if (name && !bytes.err)
		err = filing_put(filing, &file);
	buf_free(&bytes);
	free(name);
	return err;
}

void staple_store_forget(struct filing *filing, const char *folder, const char *id)
{
	char *name = name_of(id);
	const struct filing_file file = {.folder = folder, .name = name};

	/* one that stays is read by nobody */
	if (name)
		(void)filing_put(filing, &file);
	free(name);
}
