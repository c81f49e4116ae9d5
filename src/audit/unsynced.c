#include "audit/unsynced.h"

#include "base/regular.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

void unsynced_init(struct unsynced *unsynced)
{
	*unsynced = (struct unsynced){.again = false};
	buf_init(&unsynced->bytes, UNSYNCED_MAX);
}

void unsynced_free(struct unsynced *unsynced)
{
	buf_free(&unsynced->bytes);
}

int unsynced_reserve(struct unsynced *unsynced, int fd, size_t len, size_t *ret_room)
{
	struct buf *bytes = &unsynced->bytes;
	const size_t room = UNSYNCED_MAX - bytes->len;
	struct stat st;

	if (bytes->len == 0) {
		if (fstat(fd, &st) < 0)
			return -errno;
		unsynced->at = st.st_size;
	}
	*ret_room = len < room ? len : room;
	if (buf_reserve(bytes, *ret_room))
		return 0;
	bytes->err = 0;
	return -ENOMEM;
}

void unsynced_add(struct unsynced *unsynced, struct span bytes)
{
	buf_add_span(&unsynced->bytes, bytes);
}

int unsynced_cut(const struct unsynced *unsynced, int fd)
{
	const off_t end = unsynced->at + (off_t)unsynced->bytes.len;
	struct stat st;

	if (fstat(fd, &st) < 0 || (st.st_size > end && ftruncate(fd, end) < 0))
		return -errno;
	return 0;
}

/* Over what is there, so that who reads the file meanwhile sees it as it was. 0 or a negated errno. */
static int write_again(const struct unsynced *unsynced, int fd)
{
	const int flags = fcntl(fd, F_GETFL);
	struct stat st;
	int err;

	if (flags < 0 || fstat(fd, &st) < 0)
		return -errno;
	/* somebody cut it: that is his to answer for */
	if (st.st_size < unsynced->at)
		return 0;
	/* with O_APPEND the place does not count */
	if (lseek(fd, unsynced->at, SEEK_SET) < 0 ||
		fcntl(fd, F_SETFL, flags & ~O_APPEND) < 0)
		return -errno;
	err = regular_write(fd, buf_span(&unsynced->bytes), NULL);
	if (fcntl(fd, F_SETFL, flags) < 0)
		return -errno;
	return err;
}

int unsynced_sync(struct unsynced *unsynced, int fd)
{
	const bool again = unsynced->again;
	int err = 0;

	if (unsynced->bytes.len == 0)
		return 0;
	if (again)
		err = write_again(unsynced, fd);
	if (!err && fdatasync(fd) < 0)
		err = -errno;
	unsynced->again = err != 0;
	if (err)
		return err;
	unsynced_forget(unsynced);
	/* what came together meanwhile is more than a second has */
	if (again)
		buf_free(&unsynced->bytes);
	return 0;
}

void unsynced_forget(struct unsynced *unsynced)
{
	unsynced->again = false;
	unsynced->at += (off_t)unsynced->bytes.len;
	buf_clear(&unsynced->bytes);
}
