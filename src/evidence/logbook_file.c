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
	return err ? err : regular_replace(dir_fd, name, made, text);
}
