/* Landlock: rules on files, which the kernel keeps for this process and takes back from nobody. */
#include "process/sandbox_priv.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Rights that headers older than the kernel do not name (linux/landlock.h). */
#define FS_REFER (1ULL << 13)                  /* ABI 2 */
#define FS_TRUNCATE (1ULL << 14)               /* ABI 3 */
#define FS_IOCTL_DEV (1ULL << 15)              /* ABI 5 */
#define SCOPE_ABSTRACT_UNIX_SOCKET (1ULL << 0) /* ABI 6 */
#define SCOPE_SIGNAL (1ULL << 1)

#define FS_FIRST ((1ULL << 13) - 1) /* all of ABI 1 */
/* Of files that are no folders. */
#define FS_OF_FILES                                                                      \
	(LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_WRITE_FILE |                    \
		LANDLOCK_ACCESS_FS_READ_FILE | FS_TRUNCATE | FS_IOCTL_DEV)

#define FS_READ (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)
/* No devices, no symbolic links, nothing executed: state is files, folders and a socket. */
#define FS_WRITE                                                                         \
	(FS_READ | LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_DIR |       \
		LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_MAKE_DIR |           \
		LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_MAKE_SOCK | FS_REFER |  \
		FS_TRUNCATE)

/* As of ABI 6; a kernel takes a shorter one. The ports that may be bound or connected to stay free: whoever calls
 * may be anywhere, `config check` asks which ports are, and listen() is not among the system calls. */
struct ruleset {
	uint64_t fs;
	uint64_t net;
	uint64_t scoped;
};

unsigned sandbox_landlock_abi(void)
{
	long abi = syscall(
		SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);

	return abi > 0 ? (unsigned)abi : 0;
}

static uint64_t fs_of(unsigned abi)
{
	uint64_t fs = FS_FIRST;

	if (abi >= 2)
		fs |= FS_REFER;
	if (abi >= 3)
		fs |= FS_TRUNCATE;
	if (abi >= 5)
		fs |= FS_IOCTL_DEV;
	return fs;
}

/* A manager whose socket has no file would no longer be reached. */
static bool manager_is_abstract(void)
{
	const char *notify = getenv("NOTIFY_SOCKET");

	return notify && notify[0] == '@';
}

static int make_ruleset(unsigned abi, struct ruleset *ret)
{
	size_t size = sizeof(ret->fs);

	*ret = (struct ruleset){.fs = fs_of(abi)};
	if (abi >= 6) {
		ret->scoped = SCOPE_SIGNAL |
			      (manager_is_abstract() ? 0 : SCOPE_ABSTRACT_UNIX_SOCKET);
		size = sizeof(*ret);
	}
	return (int)syscall(SYS_landlock_create_ruleset, ret, size, 0);
}

/* 0 or a negated errno. What has gone since it was listed needs no rule. */
static int allow_path(
	int ruleset_fd, const struct ruleset *ruleset, const struct sandbox_path *path)
{
	struct landlock_path_beneath_attr rule = {
		.parent_fd = open(path->path, O_PATH | O_CLOEXEC)};
	struct stat status;
	int err = 0;

	if (rule.parent_fd < 0)
		return errno == ENOENT || errno == EACCES ? 0 : -errno;
	rule.allowed_access = (path->writable ? FS_WRITE : FS_READ) & ruleset->fs;
	if (fstat(rule.parent_fd, &status) == 0 && !S_ISDIR(status.st_mode))
		rule.allowed_access &= FS_OF_FILES;
	if (syscall(SYS_landlock_add_rule, ruleset_fd, LANDLOCK_RULE_PATH_BENEATH, &rule,
		    0))
		err = -errno;
	close(rule.parent_fd);
	return err;
}

int sandbox_landlock(
	unsigned abi, const struct sandbox_paths *paths, struct err_text *text)
{
	struct ruleset ruleset;
	int fd = make_ruleset(abi, &ruleset);
	int err = fd < 0 ? -errno : 0;

	for (size_t i = 0; !err && i < paths->count; i++)
		err = allow_path(fd, &ruleset, &paths->list[i]);
	if (!err && syscall(SYS_landlock_restrict_self, fd, 0))
		err = -errno;
	if (fd >= 0)
		close(fd);
	return err ? err_set(text, err, "Landlock: %s", strerror(-err)) : 0;
}
