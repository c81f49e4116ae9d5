/*
 * Loaded before tandemd (LD_PRELOAD): a disk with faults, for what is opened below the folder FAULTDISK_BELOW. Which one is
 * in the first bytes of the file FAULTDISK_CONTROL, 4096 bytes, that is mapped, so the server's sandbox does not matter and a
 * script changes it at any time by writing there:
 *
 *   KIND MS PART
 *
 * KIND: none; full (ENOSPC), eio, readonly (EROFS): of what writes, makes, renames or removes; sync: of fdatasync() alone
 * (EIO); read: of what is read (EIO); short: half of what is written, then ENOSPC; slow: each write and sync takes MS
 * milliseconds longer, slowsync: each sync; hang: nothing comes back until KIND changes, and nothing can be opened or looked at. PART: only of files whose path has
 * this text; "/": of all.
 *
 * At byte 64 it says when (wall clock, us) a call first failed or was held up since the file was written.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

#include <dlfcn.h>

#define FILES 65536
#define SAID_AT 64
#define PAGE 4096

static const char *below;
static char *page;
static char *_Atomic paths[FILES];

/* The function that we stand for. */
#define REAL(name) ((__typeof__(&name))real(#name))

static void *real(const char *name)
{
	return dlsym(RTLD_NEXT, name);
}

__attribute__((constructor)) static void begin(void)
{
	const char *control = getenv("FAULTDISK_CONTROL");
	int fd;

	below = getenv("FAULTDISK_BELOW");
	fd = control && below ? REAL(open)(control, O_RDWR | O_CLOEXEC) : -1;
	if (fd < 0)
		return;
	page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (page == MAP_FAILED)
		page = NULL;
	REAL(close)(fd);
}

/* ---- which file it is ---- */

static const char *path_of(int fd)
{
	const char *path = fd >= 0 && fd < FILES ? paths[fd] : NULL;
	struct stat st;

	/* fclose() and closedir() do not tell us: its number may be that of a socket or an eventfd by now */
	if (path && (fstat(fd, &st) < 0 || (st.st_mode & S_IFMT) == 0 ||
			    S_ISSOCK(st.st_mode)))
		return NULL;
	return path;
}

static void know(int fd, const char *path)
{
	char *copy = path ? strdup(path) : NULL;

	if (fd >= 0 && fd < FILES)
		free(atomic_exchange(&paths[fd], copy));
}

/* The path of NAME below DIR_FD, when it is one of ours. */
static const char *whole_path(int dir_fd, const char *name, char buf[static 8192])
{
	const char *folder = path_of(dir_fd);

	if (!page)
		return NULL;
	if (*name == '/')
		snprintf(buf, 8192, "%s", name);
	else if (folder)
		snprintf(buf, 8192, "%s/%s", folder, name);
	else
		return NULL;
	return strncmp(buf, below, strlen(below)) == 0 ? buf : NULL;
}

/* ---- what is wrong ---- */

enum does { WRITES, SYNCS, READS };

static void say(void)
{
	struct timespec now;

	if (page[SAID_AT])
		return;
	clock_gettime(CLOCK_REALTIME, &now);
	snprintf(page + SAID_AT, 32, "%lld\n",
		(long long)now.tv_sec * 1000000 + now.tv_nsec / 1000);
}

static void rest(long ms)
{
	const struct timespec time = {
		.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};

	say();
	nanosleep(&time, NULL);
}

static bool is(const char *kind)
{
	return strncmp(page, kind, strlen(kind)) == 0 && page[strlen(kind)] == ' ';
}

static bool is_meant(const char *path)
{
	char line[SAID_AT + 1] = "", kind[16], part[SAID_AT];
	long ms;

	memcpy(line, page, SAID_AT);
	return sscanf(line, "%15s %ld %63s", kind, &ms, part) == 3 && strstr(path, part);
}

/* 0, or the error that an access to PATH has. */
static int fault(const char *path, enum does does)
{
	int err = 0;

	if (!page || !path || is("none") || !is_meant(path))
		return 0;
	while (is("hang"))
		rest(20);
	if (does != READS && is("slow"))
		rest(strtol(page + 5, NULL, 10));
	else if (does == SYNCS && is("slowsync"))
		rest(strtol(page + 9, NULL, 10));
	else if (does != READS && is("full"))
		err = ENOSPC;
	else if (does != READS && is("eio"))
		err = EIO;
	else if (does != READS && is("readonly"))
		err = EROFS;
	else if (does == SYNCS && is("sync"))
		err = EIO;
	else if (does == READS && is("read"))
		err = EIO;
	if (err)
		say();
	return err;
}

/* Who looks at PATH is held up by a disk that hangs; all else is as it is. */
static void look(const char *path)
{
	if (!page || !path || !is_meant(path))
		return;
	while (is("hang"))
		rest(20);
}

static int failed(int err)
{
	errno = err;
	return -1;
}

/* ---- opening ---- */

static int open_at(int dir_fd, const char *name, int flags, mode_t mode)
{
	const bool writes = (flags & O_ACCMODE) != O_RDONLY;
	char buf[8192];
	const char *path = whole_path(dir_fd, name, buf);
	struct stat st;
	int err = 0, fd;

	/* What is there can be opened on a disk that is full. */
	if (path && writes &&
		(!is("full") ||
			((flags & O_CREAT) && REAL(fstatat)(dir_fd, name, &st, 0) < 0)))
		err = fault(path, WRITES);
	else
		look(path);
	if (err)
		return failed(err);
	fd = REAL(openat)(dir_fd, name, flags, mode);
	if (fd >= 0)
		know(fd, path);
	return fd;
}

static mode_t mode_of(int flags, va_list args)
{
	return flags & (O_CREAT | __O_TMPFILE) ? va_arg(args, mode_t) : 0;
}

#define OPEN(name)                                                                       \
	int name(const char *path, int flags, ...)                                       \
	{                                                                                \
		va_list args;                                                            \
		mode_t mode;                                                             \
		va_start(args, flags);                                                   \
		mode = mode_of(flags, args);                                             \
		va_end(args);                                                            \
		return open_at(AT_FDCWD, path, flags, mode);                             \
	}
#define OPENAT(name)                                                                     \
	int name(int fd, const char *path, int flags, ...)                               \
	{                                                                                \
		va_list args;                                                            \
		mode_t mode;                                                             \
		va_start(args, flags);                                                   \
		mode = mode_of(flags, args);                                             \
		va_end(args);                                                            \
		return open_at(fd, path, flags, mode);                                   \
	}
OPEN(open)
OPEN(open64)
OPENAT(openat)
OPENAT(openat64)

/* As _FORTIFY_SOURCE has them. */
#define CHECKED(name)                                                                    \
	int name(const char *path, int flags);                                           \
	int name(const char *path, int flags)                                            \
	{                                                                                \
		return open_at(AT_FDCWD, path, flags, 0);                                \
	}
#define CHECKED_AT(name)                                                                 \
	int name(int fd, const char *path, int flags);                                   \
	int name(int fd, const char *path, int flags)                                    \
	{                                                                                \
		return open_at(fd, path, flags, 0);                                      \
	}
CHECKED(__open_2)
CHECKED(__open64_2)
CHECKED_AT(__openat_2)
CHECKED_AT(__openat64_2)

int close(int fd)
{
	know(fd, NULL);
	return REAL(close)(fd);
}

#define FCNTL(name)                                                                      \
	int name(int fd, int command, ...)                                               \
	{                                                                                \
		va_list args;                                                            \
		void *arg;                                                               \
		int result;                                                              \
		va_start(args, command);                                                 \
		arg = va_arg(args, void *);                                              \
		va_end(args);                                                            \
		result = REAL(fcntl64)(fd, command, arg);                                \
		if (result >= 0 && (command == F_DUPFD || command == F_DUPFD_CLOEXEC))   \
			know(result, path_of(fd));                                       \
		return result;                                                           \
	}
FCNTL(fcntl)
FCNTL(fcntl64)

/* ---- writing and reading ---- */

/* How much of LEN may be written; 0: the disk is full by now. */
static size_t room_for(const char *path, size_t len)
{
	static _Thread_local bool full;

	if (!page || !path || !is("short") || !is_meant(path))
		return len;
	say();
	full = !full;
	return full ? len / 2 : 0;
}

ssize_t write(int fd, const void *data, size_t len)
{
	const char *path = path_of(fd);
	const int err = fault(path, WRITES);
	size_t room;

	if (err)
		return failed(err);
	room = len > 0 ? room_for(path, len) : 0;
	return len > 0 && room == 0 ? failed(ENOSPC) : REAL(write)(fd, data, room);
}

#define PWRITE(name)                                                                     \
	ssize_t name(int fd, const void *data, size_t len, off_t at)                     \
	{                                                                                \
		const int err = fault(path_of(fd), WRITES);                              \
		return err ? failed(err) : REAL(name)(fd, data, len, at);                \
	}
PWRITE(pwrite)
PWRITE(pwrite64)

ssize_t read(int fd, void *data, size_t len)
{
	const int err = fault(path_of(fd), READS);

	return err ? failed(err) : REAL(read)(fd, data, len);
}

#define PREAD(name)                                                                      \
	ssize_t name(int fd, void *data, size_t len, off_t at)                           \
	{                                                                                \
		const int err = fault(path_of(fd), READS);                               \
		return err ? failed(err) : REAL(name)(fd, data, len, at);                \
	}
PREAD(pread)
PREAD(pread64)

#define SYNC(name)                                                                       \
	int name(int fd)                                                                 \
	{                                                                                \
		const int err = fault(path_of(fd), SYNCS);                               \
		return err ? failed(err) : REAL(name)(fd);                               \
	}
SYNC(fsync)
SYNC(fdatasync)

/* ---- folders ---- */

int mkdirat(int dir_fd, const char *name, mode_t mode)
{
	char buf[8192];
	const int err = fault(whole_path(dir_fd, name, buf), WRITES);

	return err ? failed(err) : REAL(mkdirat)(dir_fd, name, mode);
}

int mkdir(const char *name, mode_t mode)
{
	return mkdirat(AT_FDCWD, name, mode);
}

int fstatat(int dir_fd, const char *name, struct stat *ret, int flags)
{
	char buf[8192];

	look(whole_path(dir_fd, name, buf));
	return REAL(fstatat)(dir_fd, name, ret, flags);
}

int stat(const char *name, struct stat *ret)
{
	return fstatat(AT_FDCWD, name, ret, 0);
}

int lstat(const char *name, struct stat *ret)
{
	return fstatat(AT_FDCWD, name, ret, AT_SYMLINK_NOFOLLOW);
}

/* A full disk has room for another name. */
static int rename_fault(int dir_fd, const char *name)
{
	char buf[8192];

	return page && (is("full") || is("short"))
		       ? 0
		       : fault(whole_path(dir_fd, name, buf), WRITES);
}

int renameat(int from_fd, const char *from, int to_fd, const char *to)
{
	const int err = rename_fault(from_fd, from);

	return err ? failed(err) : REAL(renameat)(from_fd, from, to_fd, to);
}

int renameat2(int from_fd, const char *from, int to_fd, const char *to, unsigned flags)
{
	const int err = rename_fault(from_fd, from);

	return err ? failed(err) : REAL(renameat2)(from_fd, from, to_fd, to, flags);
}

int unlinkat(int dir_fd, const char *name, int flags)
{
	const int err = rename_fault(dir_fd, name);

	return err ? failed(err) : REAL(unlinkat)(dir_fd, name, flags);
}
