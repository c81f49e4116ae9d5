#include "audit/disk.h"

#include <fcntl.h>
#include <stdint.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define PROBE_NAME ".probe"
#define PROBE_BYTES 65536
#define THOUSAND 1000

/* Whether less than so many thousandths are free. */
static bool is_below(int fd, unsigned thousandths)
{
	struct statvfs fs;

	if (thousandths == 0 || fstatvfs(fd, &fs) < 0 || fs.f_blocks == 0)
		return false;
	return (uint64_t)fs.f_bavail * THOUSAND < (uint64_t)fs.f_blocks * thousandths;
}

bool disk_is_below(int fd, unsigned percent)
{
	return is_below(fd, percent * 10);
}

enum disk_state disk_judge(
	int fd, unsigned low, unsigned critical, enum disk_state before)
{
	if (is_below(fd, critical * (before == DISK_CRITICAL ? 11 : 10)))
		return DISK_CRITICAL;
	return disk_is_below(fd, low) ? DISK_LOW : DISK_GOOD;
}

const char *disk_state_name(enum disk_state state)
{
	static const char *const names[] = {
		[DISK_GOOD] = "good", [DISK_LOW] = "low", [DISK_CRITICAL] = "critical"};

	return names[state];
}

bool disk_probe(int root_fd)
{
	static const char block[PROBE_BYTES];
	bool whole;
	int fd;

	/* a file that stands there may have another name besides */
	unlinkat(root_fd, PROBE_NAME, 0);
	fd = openat(root_fd, PROBE_NAME,
		O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return false;
	/* Synced, for some file systems find out only then that there is no room. */
	whole = write(fd, block, sizeof(block)) == (ssize_t)sizeof(block) &&
		fdatasync(fd) == 0;
	close(fd);
	unlinkat(root_fd, PROBE_NAME, 0);
	return whole;
}
