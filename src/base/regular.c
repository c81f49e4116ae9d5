#include "base/regular.h"

#include <errno.h>
#include <fcntl.h>
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
