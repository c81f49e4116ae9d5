#include "audit/folder.h"

#include "audit/capture.h"
#include "audit/store.h"
#include "base/err.h"
#include "base/log.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MARKS "open"
#define MARK_SIZE (STORE_DATE_SIZE + STORE_ID_SIZE)
#define FOLDER_MODE 0750

static int open_folder(int parent_fd, const char *name)
{
	int fd = openat(parent_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

static int make_folder(int parent_fd, const char *name)
{
	int fd = open_folder(parent_fd, name);

	if (fd != -ENOENT)
		return fd;
	if (mkdirat(parent_fd, name, FOLDER_MODE) < 0 && errno != EEXIST)
		return -errno;
	return open_folder(parent_fd, name);
}

int folder_root(const char *state_dir)
{
	/* The operator's own path may well lead over links. */
	int state_fd = open(state_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int fd, marks_fd;

	if (state_fd < 0)
		return -errno;
	fd = make_folder(state_fd, "audit");
	close(state_fd);
	if (fd < 0)
		return fd;
	marks_fd = make_folder(fd, MARKS);
	if (marks_fd < 0) {
		close(fd);
		return marks_fd;
	}
	close(marks_fd);
	return fd;
}

int folder_call(int root_fd, const char *date, const char *id)
{
	int date_fd = make_folder(root_fd, date);
	int fd;

	if (date_fd < 0)
		return date_fd;
	fd = make_folder(date_fd, id);
	close(date_fd);
	return fd;
}

static void mark_name(
	char out[static sizeof(MARKS) + MARK_SIZE], const char *date, const char *id)
{
	snprintf(out, sizeof(MARKS) + MARK_SIZE, MARKS "/%s.%s", date, id);
}

int folder_mark(int root_fd, const char *date, const char *id)
{
	char name[sizeof(MARKS) + MARK_SIZE];
	int fd;

	mark_name(name, date, id);
	fd = openat(root_fd, name, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	close(fd);
	return 0;
}

void folder_unmark(int root_fd, const char *date, const char *id)
{
	char name[sizeof(MARKS) + MARK_SIZE];

	mark_name(name, date, id);
	unlinkat(root_fd, name, 0);
}

/* Repairs the capture that mark NAME, "YYYY-MM-DD.ID", stands for. */
static void repair_marked(int root_fd, char *name, const char *file_name)
{
	char *dot = strchr(name, '.');
	const char *id;
	off_t cut = 0;
	int fd, err;

	if (!dot)
		return;
	*dot = '\0';
	id = dot + 1;
	if (!store_id_ok(name) || !store_id_ok(id))
		return;
	fd = folder_call(root_fd, name, id);
	err = fd < 0 ? fd : capture_repair(fd, file_name, &cut);
	if (fd >= 0)
		close(fd);
	/* Marked, but killed before the file was made: nothing to repair. */
	if (err && err != -ENOENT) {
		log_error(
			"folder", "event=repair call=%s error=\"%s\"", id, err_str(err));
		return;
	}
	log_info("folder", "event=repair call=%s cut_bytes=%lld", id, (long long)cut);
	folder_unmark(root_fd, name, id);
}

void folder_repair(int root_fd, const char *file_name)
{
	int fd = open_folder(root_fd, MARKS);
	const struct dirent *entry;
	DIR *folder;
	char *name;

	if (fd < 0)
		return;
	folder = fdopendir(fd);
	if (!folder) {
		close(fd);
		return;
	}
	while ((entry = readdir(folder))) {
		if (entry->d_name[0] == '.')
			continue;
		name = strdup(entry->d_name);
		if (name)
			repair_marked(root_fd, name, file_name);
		free(name);
	}
	closedir(folder);
}
