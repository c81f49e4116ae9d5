#include "base/descriptors.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

bool descriptors_are_out(int err)
{
	return err == -EMFILE || err == -ENFILE;
}

/* Of a kind that needs no path: there may be none (chroot, rules of a sandbox). */
static int open_one(void)
{
	const int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);

	return fd < 0 ? -errno : fd;
}

int descriptors_try(void)
{
	const int fd = open_one();

	if (fd < 0)
		return fd;
	close(fd);
	return 0;
}

const char *descriptors_text(int err, char buf[static DESCRIPTORS_TEXT_SIZE])
{
	if (err == -ENFILE)
		snprintf(buf, DESCRIPTORS_TEXT_SIZE,
			"no descriptors left in the system: raise fs.file-max");
	else
		snprintf(buf, DESCRIPTORS_TEXT_SIZE,
			"no descriptors left: allowed %" PRIu64 ", raise LimitNOFILE=",
			descriptors_allowed());
	return buf;
}

uint64_t descriptors_allowed(void)
{
	struct rlimit files;

	return getrlimit(RLIMIT_NOFILE, &files) == 0 ? (uint64_t)files.rlim_cur : 0;
}

uint64_t descriptors_used(void)
{
	DIR *folder = opendir("/proc/self/fd");
	uint64_t count = 0;

	if (!folder)
		return descriptors_are_out(-errno) ? descriptors_allowed() : 0;
	for (const struct dirent *entry = readdir(folder); entry;
		entry = readdir(folder)) {
		if (entry->d_name[0] != '.')
			count++;
	}
	closedir(folder);
	return count - 1; /* that of the folder */
}

bool descriptors_hold(struct descriptors_reserve *reserve)
{
	if (!reserve->begun) {
		reserve->seed = open_one();
		reserve->begun = reserve->seed >= 0;
	}
	while (reserve->begun && reserve->count < DESCRIPTORS_RESERVE) {
		const int fd = fcntl(reserve->seed, F_DUPFD_CLOEXEC, 0);

		if (fd < 0)
			return false;
		reserve->fds[reserve->count++] = fd;
	}
	return reserve->begun;
}

bool descriptors_spend(struct descriptors_reserve *reserve)
{
	if (reserve->count == 0)
		return false;
	close(reserve->fds[--reserve->count]);
	return true;
}

void descriptors_keep(struct descriptors_reserve *reserve, int fd)
{
	/* dup3() closes FD and takes its number in one step. */
	if (reserve->begun && reserve->count < DESCRIPTORS_RESERVE &&
		dup3(reserve->seed, fd, O_CLOEXEC) == fd) {
		reserve->fds[reserve->count++] = fd;
		return;
	}
	close(fd);
	descriptors_hold(reserve);
}

void descriptors_free(struct descriptors_reserve *reserve)
{
	while (descriptors_spend(reserve))
		;
	if (reserve->begun)
		close(reserve->seed);
	reserve->begun = false;
}
