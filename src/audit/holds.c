#include "audit/holds.h"

#include "base/regular.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FOLDER "holds"
#define NAME_SIZE (STORE_DATE_SIZE + STORE_ID_SIZE)
/* Three lines: since, who, why. */
#define FILE_BYTES_MAX (2 * HOLDS_WORDS_SIZE + 32)

static int open_folder(int root_fd)
{
	int fd = openat(root_fd, FOLDER, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

static int make_folder(int root_fd)
{
	int fd = open_folder(root_fd);

	if (fd != -ENOENT)
		return fd;
	if (mkdirat(root_fd, FOLDER, 0750) < 0 && errno != EEXIST)
		return -errno;
	return open_folder(root_fd);
}

static const char *name_of(const char *date, const char *id, char buf[static NAME_SIZE])
{
	snprintf(buf, NAME_SIZE, "%s.%s", date, id);
	return buf;
}

/* One line of TEXT, without control characters. */
static const char *one_line(const char *text, char buf[static HOLDS_WORDS_SIZE])
{
	snprintf(buf, HOLDS_WORDS_SIZE, "%s", text);
	for (char *p = buf; *p; p++)
		if ((unsigned char)*p < ' ' || *p == 0x7f)
			*p = ' ';
	return buf;
}

static int write_words(int fd, const struct hold *hold)
{
	char text[FILE_BYTES_MAX], who[HOLDS_WORDS_SIZE], why[HOLDS_WORDS_SIZE];
	const int len = snprintf(text, sizeof(text), "%" PRIu64 "\n%s\n%s\n", hold->since,
		one_line(hold->who, who), one_line(hold->reason, why));

	if (write(fd, text, (size_t)len) != len || fsync(fd) < 0)
		return errno > 0 ? -errno : -EIO;
	return 0;
}

int holds_add(int root_fd, const struct hold *hold)
{
	const int folder = make_folder(root_fd);
	char name[NAME_SIZE];
	int fd, err = 0;

	if (folder < 0)
		return folder;
	errno = 0;
	fd = openat(folder, name_of(hold->date, hold->id, name),
		O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0640);
	if (fd < 0)
		err = -errno;
	else
		err = write_words(fd, hold);
	if (fd >= 0)
		close(fd);
	/* without its words it would still hold */
	if (fd >= 0 && err)
		unlinkat(folder, name, 0);
	close(folder);
	return err;
}

int holds_remove(int root_fd, const char *date, const char *id)
{
	const int folder = open_folder(root_fd);
	char name[NAME_SIZE];
	int err = 0;

	if (folder < 0)
		return folder;
	if (unlinkat(folder, name_of(date, id, name), 0) < 0)
		err = -errno;
	close(folder);
	return err;
}

bool holds_has(int root_fd, const char *date, const char *id)
{
	char path[sizeof(FOLDER) + NAME_SIZE + 1], name[NAME_SIZE];
	struct stat st;

	snprintf(path, sizeof(path), FOLDER "/%s", name_of(date, id, name));
	return fstatat(root_fd, path, &st, AT_SYMLINK_NOFOLLOW) == 0 || errno != ENOENT;
}

/* The next line of *REST to OUT, cut at its room. */
static void take_line(const char **rest, char *out, size_t size)
{
	const size_t len = strcspn(*rest, "\n");

	snprintf(out, size, "%.*s", (int)len, *rest);
	*rest += len + ((*rest)[len] == '\n');
}

static void read_words(int folder, const char *name, struct hold *hold)
{
	const int fd = regular_open(folder, name, NULL);
	char text[FILE_BYTES_MAX + 1], since[32];
	const char *rest = text;
	ssize_t got = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

	if (fd >= 0)
		close(fd);
	text[got > 0 ? got : 0] = '\0';
	take_line(&rest, since, sizeof(since));
	hold->since = strtoull(since, NULL, 10);
	take_line(&rest, hold->who, sizeof(hold->who));
	take_line(&rest, hold->reason, sizeof(hold->reason));
}

/* NAME into its parts. */
static bool read_name(const char *name, struct hold *hold)
{
	if (strlen(name) <= STORE_DATE_SIZE || name[STORE_DATE_SIZE - 1] != '.' ||
		!store_id_ok(name + STORE_DATE_SIZE))
		return false;
	memcpy(hold->date, name, STORE_DATE_SIZE - 1);
	hold->date[STORE_DATE_SIZE - 1] = '\0';
	snprintf(hold->id, sizeof(hold->id), "%s", name + STORE_DATE_SIZE);
	return true;
}

int holds_each(int root_fd, holds_h *h, void *arg)
{
	const int folder = open_folder(root_fd);
	const struct dirent *entry;
	struct hold hold;
	DIR *dir;

	if (folder < 0)
		return folder == -ENOENT ? 0 : folder;
	dir = fdopendir(folder);
	if (!dir) {
		close(folder);
		return -ENOMEM;
	}
	while ((entry = readdir(dir))) {
		memset(&hold, 0, sizeof(hold));
		if (!read_name(entry->d_name, &hold))
			continue;
		read_words(dirfd(dir), entry->d_name, &hold);
		h(arg, &hold);
	}
	closedir(dir);
	return 0;
}
