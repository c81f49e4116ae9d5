#include "audit/day.h"

#include "audit/whose.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FIRST_SIZE 64
#define NAME_SIZE (STORE_ID_SIZE + sizeof(DAY_DOOMED))

struct day {
	DIR *dir;
	int root_fd; /* borrowed */
	bool erased; /* some of it */
	char date[STORE_DATE_SIZE];
	struct day_capture *list;
	size_t count, next;
};

static DIR *open_dir(int parent_fd, const char *name)
{
	const int fd =
		openat(parent_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);

	if (fd >= 0 && !dir)
		close(fd);
	return dir;
}

struct day *day_open(int root_fd, const char *date)
{
	struct day *day = calloc(1, sizeof(*day));

	if (!day)
		return NULL;
	day->root_fd = root_fd;
	snprintf(day->date, sizeof(day->date), "%s", date);
	day->dir = open_dir(root_fd, date);
	if (!day->dir) {
		free(day);
		return NULL;
	}
	return day;
}

/* Whether nothing is in the folder but what says whose its captures were. */
static bool is_bare(struct day *day)
{
	const struct dirent *entry;

	rewinddir(day->dir);
	while ((entry = readdir(day->dir)))
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0 &&
			strcmp(entry->d_name, WHOSE_NAME) != 0)
			return false;
	return true;
}

void day_close(struct day *day)
{
	if (!day)
		return;
	if (day->erased && is_bare(day)) {
		unlinkat(dirfd(day->dir), WHOSE_NAME, 0);
		(void)unlinkat(day->root_fd, day->date, AT_REMOVEDIR);
	}
	closedir(day->dir);
	free(day->list);
	free(day);
}

const char *day_date(const struct day *day)
{
	return day->date;
}

int day_fd(const struct day *day)
{
	return dirfd(day->dir);
}

/* ---- looking ---- */

static bool is_capture_file(const char *name)
{
	return strncmp(name, "call.", 5) == 0;
}

/* What the folder NAME has on the disk. */
static void look(const struct day *day, const char *name, struct day_capture *ret)
{
	DIR *dir = open_dir(dirfd(day->dir), name);
	const struct dirent *entry;
	struct stat st;

	while (dir && (entry = readdir(dir))) {
		uint64_t written_us;

		if (!is_capture_file(entry->d_name) ||
			fstatat(dirfd(dir), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
			continue;
		written_us = (uint64_t)st.st_mtim.tv_sec * 1000000 +
			     (uint64_t)st.st_mtim.tv_nsec / 1000;
		/* calls share some of their files: audit/certs.h */
		ret->bytes += (uint64_t)st.st_size / st.st_nlink;
		ret->files++;
		if (written_us > ret->written_us)
			ret->written_us = written_us;
	}
	if (dir)
		closedir(dir);
}

/* Whether NAME is that of a capture, or of one that was to be deleted. */
static bool read_name(const char *name, struct day_capture *ret)
{
	const size_t suffix = sizeof(DAY_DOOMED) - 1;
	size_t len = strlen(name);

	ret->doomed = len > suffix && strcmp(name + len - suffix, DAY_DOOMED) == 0;
	if (ret->doomed)
		len -= suffix;
	if (len >= sizeof(ret->id))
		return false;
	memcpy(ret->id, name, len);
	ret->id[len] = '\0';
	return store_id_ok(ret->id);
}

/* The list grows where its length is a power of two. */
static bool add(struct day *day, const struct day_capture *capture)
{
	struct day_capture *list = day->list;

	if (day->count == 0 ||
		(day->count >= FIRST_SIZE && (day->count & (day->count - 1)) == 0))
		list = reallocarray(
			list, day->count ? 2 * day->count : FIRST_SIZE, sizeof(*list));
	if (!list)
		return false;
	day->list = list;
	list[day->count++] = *capture;
	return true;
}

static int compare_age(const void *a, const void *b)
{
	const struct day_capture *one = a, *other = b;

	return (one->written_us > other->written_us) -
	       (one->written_us < other->written_us);
}

unsigned day_look(struct day *day, unsigned max)
{
	const struct dirent *entry;
	unsigned looked = 0;

	while (looked < max && (entry = readdir(day->dir))) {
		struct day_capture capture = {.files = 0};

		if (!read_name(entry->d_name, &capture))
			continue;
		looked++;
		look(day, entry->d_name, &capture);
		/* who began to delete it told that, and was killed when its files were gone */
		if (capture.doomed && capture.files == 0)
			(void)day_erase(day, capture.id);
		if (capture.files > 0 && !add(day, &capture))
			break;
	}
	if (looked < max && day->count > 0)
		qsort(day->list, day->count, sizeof(*day->list), compare_age);
	return looked;
}

const struct day_capture *day_next(struct day *day)
{
	return day->next < day->count ? &day->list[day->next++] : NULL;
}

/* ---- deleting ---- */

static const char *doomed_name(const char *id, char buf[static NAME_SIZE])
{
	snprintf(buf, NAME_SIZE, "%s" DAY_DOOMED, id);
	return buf;
}

static int rename_in(const struct day *day, const char *from, const char *to)
{
	const int fd = dirfd(day->dir);

	return renameat2(fd, from, fd, to, RENAME_NOREPLACE) < 0 ? -errno : 0;
}

int day_doom(const struct day *day, const char *id)
{
	char name[NAME_SIZE];

	return rename_in(day, id, doomed_name(id, name));
}

int day_spare(const struct day *day, const char *id)
{
	char name[NAME_SIZE];

	return rename_in(day, doomed_name(id, name), id);
}

static int remove_files(DIR *dir)
{
	const struct dirent *entry;
	int err = 0;

	while ((entry = readdir(dir)))
		if (is_capture_file(entry->d_name) &&
			unlinkat(dirfd(dir), entry->d_name, 0) < 0)
			err = -errno;
	return err;
}

int day_erase(struct day *day, const char *id)
{
	char name[NAME_SIZE];
	DIR *dir = open_dir(dirfd(day->dir), doomed_name(id, name));
	int err;

	if (!dir)
		return -errno;
	err = remove_files(dir);
	closedir(dir);
	if (err)
		return err;
	day->erased = true;
	if (unlinkat(dirfd(day->dir), name, AT_REMOVEDIR) == 0)
		return 0;
	/* what others put beside it stays, where it was */
	return errno == ENOTEMPTY || errno == EEXIST ? day_spare(day, id) : -errno;
}
