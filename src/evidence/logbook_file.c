#include "evidence/logbook_file.h"

#include "base/regular.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Of a path below the log's folder. */
#define PATH_SIZE 64

int logbook_open_folder(const char *state_dir)
{
	char path[4200];
	int fd;

	snprintf(path, sizeof(path), "%s/" LOGBOOK_FOLDER, state_dir);
	fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

int logbook_read_note(struct logbook_note *ret, int dir_fd, const char *name)
{
	int err;

	buf_init(&ret->whole, 0);
	err = regular_read(dir_fd, name, NOTE_MAX, &ret->whole);
	if (!err)
		err = note_read(&ret->note, buf_span(&ret->whole));
	if (!err)
		err = checkpoint_read(&ret->checkpoint, ret->note.text);
	if (err)
		logbook_free_note(ret);
	return err;
}

void logbook_free_note(struct logbook_note *note)
{
	buf_free(&note->whole);
}

/* What has the name may be a link, or have another name besides: it is taken away, and never written to. */
static int make_file(int dir_fd, const char *name)
{
	const int flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
	int fd = openat(dir_fd, name, flags, 0640);

	if (fd < 0 && errno == EEXIST && unlinkat(dir_fd, name, 0) == 0)
		fd = openat(dir_fd, name, flags, 0640);
	return fd < 0 ? -errno : fd;
}

int logbook_write_file(
	int dir_fd, const char *name, const void *data, size_t len, bool sync)
{
	int fd = make_file(dir_fd, name);
	int err;

	if (fd < 0)
		return fd;
	err = regular_write(fd, (struct span){data, len}, NULL);
	if (!err && sync && fdatasync(fd) < 0)
		err = -errno;
	if (close(fd) < 0 && !err)
		err = -errno;
	return err;
}

int logbook_make_folders(int dir_fd, const char *path)
{
	char part[PATH_SIZE];
	const char *slash = path;

	while ((slash = strchr(slash, '/'))) {
		snprintf(part, sizeof(part), "%.*s", (int)(slash - path), path);
		if (mkdirat(dir_fd, part, 0750) < 0 && errno != EEXIST)
			return -errno;
		slash++;
	}
	return 0;
}

int logbook_replace(int dir_fd, const char *name, struct span text)
{
	char made[PATH_SIZE + 8];
	int err;

	snprintf(made, sizeof(made), ".%s.new", name);
	for (char *p = made; *p; p++)
		if (*p == '/')
			*p = '-';
	err = logbook_make_folders(dir_fd, name);
	if (err)
		return err;
	/* Else some file systems have an empty file after a loss of power. */
	err = logbook_write_file(dir_fd, made, text.p, text.len, true);
	if (!err && renameat(dir_fd, made, dir_fd, name) < 0)
		err = -errno;
	if (err)
		unlinkat(dir_fd, made, 0);
	return err;
}
