#include "tls/pem.h"

#include "base/denied.h"
#include "base/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Group may read: Debian's ssl-cert group does so. Nobody but the owner may write. */
#define PEM_FORBIDDEN_MODE (S_IROTH | S_IWOTH | S_IWGRP)

/* The open file is asked, not its path, so that nobody can swap it in between. */
static int pem_check(int fd, const char *path, size_t max, bool private, size_t *ret,
	struct err_text *text)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return err_set(text, -errno, "%s: %s", path, err_str(-errno));
	if (!S_ISREG(st.st_mode))
		return err_set(text, -EINVAL,
			S_ISDIR(st.st_mode)
				? "%s: a folder, not a regular file: name a file "
				  "in it"
				: "%s: not a regular file",
			path);
	if (private && (st.st_mode & PEM_FORBIDDEN_MODE) != 0)
		return err_set(text, ERR_TRUST,
			"%s: a private key that others may read or change (mode %04o); "
			"chmod 0640 it",
			path, (unsigned)st.st_mode & 07777);
	if (st.st_size <= 0)
		return err_set(text, ERR_FORMAT,
			"%s: the file is empty, as a command that failed leaves it",
			path);
	if ((uint64_t)st.st_size > max)
		return err_set(text, ERR_LIMIT, "%s: larger than the %zu bytes allowed",
			path, max);
	*ret = (size_t)st.st_size;
	return 0;
}

static int pem_fill(int fd, const char *path, unsigned char *bytes, size_t size,
	size_t *ret_len, struct err_text *text)
{
	size_t len = 0;

	while (len < size) {
		ssize_t n = read(fd, bytes + len, size - len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_set(text, -errno, "%s: %s", path, err_str(-errno));
		if (n == 0)
			break;
		len += (size_t)n;
	}
	*ret_len = len;
	return 0;
}

int pem_read(gnutls_datum_t *ret, const char *path, size_t max, bool private,
	struct err_text *text)
{
	gnutls_datum_t bytes = {NULL, 0};
	size_t size = 0;
	size_t len = 0;
	int err;
	/* O_NONBLOCK: a FIFO in the file's place must not hang the server. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	if (fd < 0) {
		err = denied_why(path, -errno);
		return err_set(text, err, "%s: %s", path, err_str(err));
	}
	err = pem_check(fd, path, max, private, &size, text);
	if (err < 0)
		goto out;
	bytes.data = malloc(size + 1);
	if (!bytes.data) {
		err = err_set(text, -ENOMEM, "%s: out of memory", path);
		goto out;
	}
	bytes.size = (unsigned)size;
	err = pem_fill(fd, path, bytes.data, size, &len, text);
	if (err < 0)
		goto out;
	bytes.data[len] = '\0';
	bytes.size = (unsigned)len;
	*ret = bytes;
	bytes.data = NULL;
out:
	pem_free(&bytes);
	close(fd);
	return err;
}

void pem_free(gnutls_datum_t *bytes)
{
	if (bytes->data)
		secret_wipe_bytes(bytes->data, bytes->size);
	free(bytes->data);
	bytes->data = NULL;
	bytes->size = 0;
}
