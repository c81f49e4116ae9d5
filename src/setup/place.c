#include "setup/place.h"

#include "base/regular.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const mode_t modes[] = {[PLACE_PUBLIC] = 0644,
	[PLACE_CONF] = 0640,
	[PLACE_KEY] = 0640,
	[PLACE_SECRET] = 0600};

bool place_has_service(void)
{
	return geteuid() == 0 && getpwnam(PLACE_SERVICE) && getgrnam(PLACE_SERVICE);
}

void place_init(struct place *place)
{
	memset(place, 0, sizeof(*place));
}

void place_free(struct place *place)
{
	for (unsigned i = 0; i < place->count; i++) {
		struct place_file *file = &place->files[i];

		if (file->temporary && !file->done)
			unlink(file->temporary);
		free(file->temporary);
		free(file->path);
		buf_free(&file->content);
	}
	for (unsigned i = 0; i < place->folder_count; i++)
		free(place->folders[i]);
	place_init(place);
}

/* What may help against ERRNO. */
static const char *remedy(int code)
{
	if (code == EACCES || code == EPERM)
		return "; it is written with your rights: become root, or give another "
		       "--dir";
	if (code == EROFS)
		return "; give another --dir";
	return "";
}

static int check_path(const struct place *place, const char *path, enum place_old old,
	struct err_text *text)
{
	struct stat st;

	for (unsigned i = 0; i < place->count; i++)
		if (strcmp(place->files[i].path, path) == 0)
			return err_set(text, -EEXIST,
				"%s would be written twice; two things have one name",
				path);
	if (lstat(path, &st) != 0)
		return errno == ENOENT ? 0
				       : err_set(text, -errno, "%s: %s%s", path,
						 strerror(errno), remedy(errno));
	if (!S_ISREG(st.st_mode) && !S_ISLNK(st.st_mode))
		return err_set(
			text, -EEXIST, "%s: there is something that is no file", path);
	if (old == PLACE_REFUSE)
		return err_set(
			text, -EEXIST, "%s is there already, and is not replaced", path);
	return 0;
}

int place_add(struct place *place, const char *path, struct buf *content,
	enum place_kind kind, enum place_old old, struct err_text *text)
{
	struct place_file *file = &place->files[place->count];
	int err = content->err ? err_set(text, content->err, "%s: out of memory", path)
			       : check_path(place, path, old, text);

	if (err == 0 && place->count == PLACE_FILES_MAX)
		err = err_set(
			text, ERR_LIMIT, "%s: more than %d files", path, PLACE_FILES_MAX);
	if (err == 0) {
		*file = (struct place_file){
			.path = strdup(path), .kind = kind, .old = old};
		if (!file->path)
			err = err_set(text, -ENOMEM, "%s: out of memory", path);
	}
	if (err != 0) {
		buf_free(content);
		return err;
	}
	file->content = *content;
	buf_init(content, 0);
	place->count++;
	return 0;
}

/* Makes PATH and those above it that are missing; notes what was made. */
static int make_folder(
	struct place *place, const char *path, mode_t mode, struct err_text *text)
{
	char above[PATH_MAX];
	char *slash;
	int err = 0;
	struct stat st;

	if (stat(path, &st) == 0)
		return S_ISDIR(st.st_mode)
			       ? 0
			       : err_set(text, -ENOTDIR, "%s is no folder", path);
	if (snprintf(above, sizeof(above), "%s", path) >= (int)sizeof(above))
		return err_set(text, -ENAMETOOLONG, "%s: too long", path);
	slash = strrchr(above, '/');
	if (slash && slash != above) {
		*slash = '\0';
		err = make_folder(place, above, 0755, text);
	}
	if (err != 0)
		return err;
	if (place->folder_count == PLACE_FILES_MAX)
		return err_set(text, ERR_LIMIT, "%s: too many folders", path);
	/* The umask of whoever calls does not count: others may come in, or not, as we say. */
	if (mkdir(path, 0700) != 0 || chmod(path, mode) != 0)
		return err_set(
			text, -errno, "%s: cannot be made: %s", path, strerror(errno));
	place->folders[place->folder_count] = strdup(path);
	place->folder_count += place->folders[place->folder_count] ? 1 : 0;
	return 0;
}

static int make_folder_of(
	struct place *place, const struct place_file *file, struct err_text *text)
{
	char folder[PATH_MAX];
	char *slash;

	snprintf(folder, sizeof(folder), "%s", file->path);
	slash = strrchr(folder, '/');
	if (!slash || slash == folder)
		return 0;
	*slash = '\0';
	return make_folder(place, folder, file->kind == PLACE_SECRET ? 0700 : 0755, text);
}

int place_add_folder(struct place *place, const char *path, struct err_text *text)
{
	const struct passwd *service =
		place_has_service() ? getpwnam(PLACE_SERVICE) : NULL;
	unsigned before = place->folder_count;
	int err = make_folder(place, path, 0750, text);

	if (err == 0 && service && place->folder_count > before &&
		chown(path, service->pw_uid, service->pw_gid) != 0)
		err = err_set(text, -errno, "%s: cannot be given to %s: %s", path,
			PLACE_SERVICE, strerror(errno));
	return err;
}

static int fill(const struct place_file *file, int fd)
{
	const struct group *group = place_has_service() ? getgrnam(PLACE_SERVICE) : NULL;
	mode_t mode = modes[file->kind];
	int err;

	if (file->kind == PLACE_KEY && !group)
		mode = 0600;
	if (group && (file->kind == PLACE_CONF || file->kind == PLACE_KEY) &&
		fchown(fd, 0, group->gr_gid) != 0)
		return -errno;
	if (fchmod(fd, mode) != 0)
		return -errno;
	err = regular_write(fd, buf_span(&file->content), NULL);
	return err == 0 && fsync(fd) != 0 ? -errno : err;
}

static int write_beside(
	struct place *place, struct place_file *file, struct err_text *text)
{
	int err = make_folder_of(place, file, text);
	int fd;

	if (err != 0)
		return err;
	/* Ends in letters, so that no load takes it for a gateway's file. */
	if (asprintf(&file->temporary, "%s.new-XXXXXX", file->path) < 0) {
		file->temporary = NULL;
		return err_set(text, -ENOMEM, "%s: out of memory", file->path);
	}
	fd = mkostemp(file->temporary, O_CLOEXEC);
	if (fd < 0) {
		err = err_set(text, -errno, "%s: cannot be written: %s%s", file->path,
			strerror(errno), remedy(errno));
		free(file->temporary);
		file->temporary = NULL;
		return err;
	}
	err = fill(file, fd);
	if (close(fd) != 0 && err == 0)
		err = -errno;
	return err != 0 ? err_set(text, err, "%s: cannot be written: %s", file->path,
				  strerror(-err))
			: 0;
}

static int keep_old(struct place_file *file)
{
	char old[PATH_MAX];

	if (snprintf(old, sizeof(old), "%s.old", file->path) >= (int)sizeof(old))
		return -ENAMETOOLONG;
	if (access(file->path, F_OK) != 0)
		return 0;
	if (unlink(old) != 0 && errno != ENOENT)
		return -errno;
	/* A second name of the same file: there is no moment without it. */
	if (link(file->path, old) != 0)
		return -errno;
	file->had_old = true;
	return 0;
}

static int put(struct place_file *file)
{
	int err = file->old == PLACE_KEEP_OLD ? keep_old(file) : 0;

	if (err != 0)
		return err;
	/* link() does not replace a file that somebody made meanwhile. */
	if (file->old == PLACE_REFUSE) {
		if (link(file->temporary, file->path) != 0)
			return -errno;
		unlink(file->temporary);
	} else if (rename(file->temporary, file->path) != 0) {
		return -errno;
	}
	file->done = true;
	return 0;
}

static void take_back(struct place *place)
{
	for (unsigned i = place->count; i-- > 0;) {
		struct place_file *file = &place->files[i];
		char old[PATH_MAX];

		snprintf(old, sizeof(old), "%s.old", file->path);
		if (file->done && file->had_old)
			rename(old, file->path);
		else if (file->done)
			unlink(file->path);
	}
	for (unsigned i = place->folder_count; i-- > 0;)
		rmdir(place->folders[i]);
}

int place_commit(struct place *place, struct err_text *text)
{
	int err = 0;

	for (unsigned i = 0; err == 0 && i < place->count; i++)
		err = write_beside(place, &place->files[i], text);
	for (unsigned i = 0; err == 0 && i < place->count; i++) {
		struct place_file *file = &place->files[i];

		err = put(file);
		if (err != 0)
			err_set(text, err, "%s: cannot be put in its place: %s",
				file->path, strerror(-err));
	}
	for (unsigned i = 0; err != 0 && i < place->count; i++)
		if (place->files[i].temporary && !place->files[i].done)
			unlink(place->files[i].temporary);
	if (err != 0)
		take_back(place);
	return err;
}
