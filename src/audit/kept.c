#include "audit/kept.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static int open_file(const char *run_dir, const char *name, struct stat *ret)
{
	char path[4200];
	int fd, err = 0;

	snprintf(path, sizeof(path), "%s/%s", run_dir, name);
	fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK, 0600);
	if (fd < 0)
		return -errno;
	if (fstat(fd, ret) < 0)
		err = -errno;
	else if (!S_ISREG(ret->st_mode))
		err = -EPERM;
	else if (ret->st_nlink > 1)
		err = -EMLINK;
	if (!err)
		return fd;
	close(fd);
	return err;
}

int kept_open(struct kept *ret, const char *run_dir, const char *name, size_t max,
	struct err_text *text)
{
	struct stat st = {.st_size = 0};
	const int flags = run_dir ? MAP_SHARED : MAP_PRIVATE | MAP_ANONYMOUS;
	void *bytes;
	int fd = run_dir ? open_file(run_dir, name, &st) : -1;

	*ret = (struct kept){.fd = -1};
	if (run_dir && fd < 0)
		return err_set(
			text, fd, "cannot use %s/%s: %s", run_dir, name, err_str(fd));
	/* Without memory reserved: it is there when it is grown into. */
	bytes = mmap(NULL, max, PROT_READ | PROT_WRITE, flags | MAP_NORESERVE, fd, 0);
	if (bytes == MAP_FAILED) {
		err_set(text, -errno, "cannot map %s: %s", name, err_str(-errno));
		if (fd >= 0)
			close(fd);
		return -ENOMEM;
	}
	*ret = (struct kept){.fd = fd, .bytes = bytes, .max = max};
	ret->size = st.st_size > (off_t)max ? max : (size_t)st.st_size;
	return 0;
}

void kept_close(struct kept *kept)
{
	if (kept->bytes)
		munmap(kept->bytes, kept->max);
	if (kept->fd >= 0)
		close(kept->fd);
	*kept = (struct kept){.fd = -1};
}

/* Memory of a file that has none would end the process where there is no room: so it is taken now. */
static int write_zeros(int fd, size_t from, size_t to)
{
	static const char zeros[4096];
	size_t len;
	ssize_t n;

	for (size_t at = from; at < to; at += (size_t)n) {
		len = to - at < sizeof(zeros) ? to - at : sizeof(zeros);
		n = pwrite(fd, zeros, len, (off_t)at);
		if (n <= 0)
			return n < 0 ? -errno : -ENOSPC;
	}
	return 0;
}

int kept_grow(struct kept *kept, size_t size)
{
	int err = 0;

	if (size <= kept->size)
		return 0;
	if (size > kept->max)
		return ERR_LIMIT;
	if (kept->fd >= 0)
		err = write_zeros(kept->fd, kept->size, size);
	if (!err)
		kept->size = size;
	return err;
}

void kept_shrink(struct kept *kept, size_t size)
{
	const size_t page = (size_t)sysconf(_SC_PAGESIZE);
	const size_t from = (size + page - 1) / page * page;

	if (size >= kept->size)
		return;
	if (kept->fd < 0) {
		/* as a file that is cut has it */
		memset(kept->bytes + size, 0,
			(from < kept->size ? from : kept->size) - size);
		if (from < kept->size)
			(void)madvise(
				kept->bytes + from, kept->size - from, MADV_DONTNEED);
		kept->size = size;
	} else if (ftruncate(kept->fd, (off_t)size) == 0) {
		kept->size = size;
	}
}

bool kept_is_left(const struct kept *kept)
{
	return kept->fd >= 0;
}
