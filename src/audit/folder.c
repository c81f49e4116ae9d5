#include "audit/folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FOLDER_MODE 0750

static int open_folder(int parent_fd, const char *name)
{
	int fd = openat(parent_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

static int make_folder(int parent_fd, const char *name, enum folder_way way)
{
	int fd = way == FOLDER_FRESH ? -ENOENT : open_folder(parent_fd, name);

	if (fd != -ENOENT || way == FOLDER_FIND)
		return fd;
	if (mkdirat(parent_fd, name, FOLDER_MODE) < 0 && errno != EEXIST)
		return -errno;
	return open_folder(parent_fd, name);
}

int folder_root(const char *state_dir)
{
	/* The operator's own path may well lead over links. */
	int state_fd = open(state_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int fd;

	if (state_fd < 0)
		return -errno;
	fd = make_folder(state_fd, "audit", FOLDER_MAKE);
	close(state_fd);
	return fd;
}

bool folder_is_root(int root_fd, const char *state_dir)
{
	struct stat here, there;
	char path[4200];

	snprintf(path, sizeof(path), "%s/audit", state_dir);
	return root_fd >= 0 && fstat(root_fd, &here) == 0 && lstat(path, &there) == 0 &&
	       here.st_ino == there.st_ino && here.st_dev == there.st_dev;
}

int folder_find(int root_fd, const char *date, const char *id)
{
	int date_fd = open_folder(root_fd, date);
	int fd;

	if (date_fd < 0)
		return date_fd;
	fd = open_folder(date_fd, id);
	close(date_fd);
	return fd;
}

bool folder_day_of(int root_fd, const char *id, char ret_day[static STORE_DATE_SIZE])
{
	const int fd = store_id_ok(id) ? open_folder(root_fd, ".") : -EINVAL;
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *entry;
	bool found = false;
	int call_fd;

	if (fd >= 0 && !dir)
		close(fd);
	while (dir && (entry = readdir(dir))) {
		if (strlen(entry->d_name) != STORE_DATE_SIZE - 1 ||
			entry->d_name[0] == '.' ||
			(found && strcmp(entry->d_name, ret_day) < 0))
			continue;
		call_fd = folder_find(root_fd, entry->d_name, id);
		if (call_fd < 0)
			continue;
		close(call_fd);
		memcpy(ret_day, entry->d_name, STORE_DATE_SIZE);
		found = true;
	}
	if (dir)
		closedir(dir);
	return found;
}

int folder_day(int root_fd, const char *date)
{
	return make_folder(root_fd, date, FOLDER_MAKE);
}

int folder_call(int root_fd, const char *date, const char *id)
{
	struct folder_day day = FOLDER_NO_DAY;
	const int fd = folder_call_in(&day, root_fd, date, id, FOLDER_MAKE);

	folder_day_forget(&day);
	return fd;
}

void folder_day_forget(struct folder_day *day)
{
	if (day->fd >= 0)
		close(day->fd);
	day->fd = -1;
}

static int open_in_day(struct folder_day *day, int root_fd, const char *date,
	const char *id, enum folder_way way)
{
	if (day->fd >= 0 && strcmp(day->date, date) != 0)
		folder_day_forget(day);
	if (day->fd < 0) {
		day->fd = make_folder(
			root_fd, date, way == FOLDER_FIND ? FOLDER_FIND : FOLDER_MAKE);
		snprintf(day->date, sizeof(day->date), "%s", date);
	}
	return day->fd < 0 ? day->fd : make_folder(day->fd, id, way);
}

int folder_call_in(struct folder_day *day, int root_fd, const char *date, const char *id,
	enum folder_way way)
{
	int fd = open_in_day(day, root_fd, date, id, way);

	/* the day was removed */
	if (fd == -ENOENT) {
		folder_day_forget(day);
		fd = open_in_day(day, root_fd, date, id, way);
	}
	return fd;
}

bool folder_is_refusal(int err)
{
	return err == -EEXIST || err == -ELOOP || err == -ENOTDIR || err == -EPERM;
}
