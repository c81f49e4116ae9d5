#include "verify/source.h"

#include "base/regular.h"
#include "evidence/tar.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool name_ok(const char *name)
{
	return name[0] != '\0' && name[0] != '.' && strlen(name) < SOURCE_NAME_SIZE &&
	       strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
			    "0123456789._-") == strlen(name);
}

/* NAME as it can be printed. */
static const char *safe(const char *name, char buf[static SOURCE_NAME_SIZE])
{
	size_t i = 0;

	for (; i < SOURCE_NAME_SIZE - 1 && name[i]; i++)
		buf[i] = name[i] > 0x20 && name[i] < 0x7f ? name[i] : '?';
	buf[i] = '\0';
	return buf;
}

struct source_file *source_find(struct source *source, const char *name)
{
	for (unsigned i = 0; i < source->count; i++)
		if (strcmp(source->files[i].name, name) == 0)
			return &source->files[i];
	return NULL;
}

/* NULL: it was told of. */
static struct source_file *take_name(
	struct source *source, const char *name, source_fault_h *h, void *arg)
{
	struct source_file *file = &source->files[source->count];
	char text[SOURCE_NAME_SIZE];

	if (!name_ok(name)) {
		h(arg, safe(name, text), "no name of a file of a bundle");
		return NULL;
	}
	if (source_find(source, name)) {
		h(arg, name, "it is there twice");
		return NULL;
	}
	if (source->count == SOURCE_FILES_MAX) {
		h(arg, name, "there are too many files");
		return NULL;
	}
	*file = (struct source_file){.seen = false};
	snprintf(file->name, sizeof(file->name), "%s", name);
	source->count++;
	return file;
}

/* ---- a folder ---- */

static void take_entry(
	struct source *source, const char *name, source_fault_h *h, void *arg)
{
	struct source_file *file = take_name(source, name, h, arg);
	struct stat st;
	int fd;

	if (!file)
		return;
	fd = regular_open(source->fd, name, &st);
	if (fd < 0) {
		h(arg, name, fd == -EACCES ? "it cannot be read" : "it is no plain file");
		source->count--;
		return;
	}
	file->size = (uint64_t)st.st_size;
	close(fd);
}

/* So many entries are looked at, whatever they are. */
#define ENTRIES_MAX (4 * SOURCE_FILES_MAX)

static int list_folder(
	struct source *source, source_fault_h *h, void *arg, struct err_text *text)
{
	const int fd = openat(source->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *entry;
	unsigned count = 0;

	if (!dir) {
		if (fd >= 0)
			close(fd);
		return err_set(text, -errno, "%s", err_str(-errno));
	}
	while ((entry = readdir(dir)) && count++ < ENTRIES_MAX)
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			take_entry(source, entry->d_name, h, arg);
	closedir(dir);
	return 0;
}

/* ---- an archive ---- */

static bool is_zero(const uint8_t *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (bytes[i] != 0)
			return false;
	return true;
}

static bool read_block(int fd, uint64_t at, uint8_t *bytes, size_t len)
{
	return pread(fd, bytes, len, (off_t)at) == (ssize_t)len;
}

/* The folder that PATH is in must be that of the first one, and its name is RET. */
static const char *name_of(char *path, char folder[static TAR_PATH_SIZE])
{
	char *slash = strchr(path, '/');

	if (!slash || slash == path)
		return path; /* which is no name of a file of a bundle, or without a folder */
	*slash = '\0';
	if (folder[0] == '\0')
		memcpy(folder, path, strlen(path) + 1);
	return strcmp(folder, path) == 0 ? slash + 1 : "";
}

/* What stands behind the last file: two blocks of zeros, and the end. */
static bool ends_well(int fd, uint64_t at, uint64_t size)
{
	uint8_t end[2 * TAR_BLOCK];

	return size == at + sizeof(end) && read_block(fd, at, end, sizeof(end)) &&
	       is_zero(end, sizeof(end));
}

static void list_archive(
	struct source *source, uint64_t size, source_fault_h *h, void *arg)
{
	static const char foreign[] =
		"it is no archive as `capture export` makes it: where another program "
		"made it, extract it and check the folder";
	char path[TAR_PATH_SIZE], folder[TAR_PATH_SIZE] = "";
	uint8_t head[TAR_BLOCK], rest[TAR_BLOCK];
	struct source_file *file;
	uint64_t at = 0, len;
	size_t padding;
	int err = 0;

	while (read_block(source->fd, at, head, sizeof(head))) {
		err = tar_read(head, path, &len);
		if (err)
			break;
		at += TAR_BLOCK;
		padding = tar_padding(len);
		if (len > size - at || padding > size - at - len ||
			!read_block(source->fd, at + len, rest, padding) ||
			!is_zero(rest, padding))
			break;
		file = take_name(source, name_of(path, folder), h, arg);
		if (!file)
			return;
		file->begin = at;
		file->size = len;
		at += len + padding;
	}
	if (err != -ENOENT || !ends_well(source->fd, at, size))
		h(arg, "the archive", foreign);
}

int source_open(struct source *ret, const char *path, source_fault_h *h, void *arg,
	struct err_text *text)
{
	struct stat st;
	int err = 0;

	ret->count = 0;
	ret->fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (ret->fd < 0 || fstat(ret->fd, &st) < 0) {
		err = err_set(text, -errno, "%s", err_str(-errno));
	} else if (S_ISDIR(st.st_mode)) {
		ret->archive = false;
		err = list_folder(ret, h, arg, text);
	} else if (S_ISREG(st.st_mode)) {
		ret->archive = true;
		list_archive(ret, (uint64_t)st.st_size, h, arg);
	} else {
		err = err_set(text, -EINVAL, "neither a folder nor an archive");
	}
	if (err)
		source_close(ret);
	return err;
}

void source_close(struct source *source)
{
	if (source->fd >= 0)
		close(source->fd);
	source->fd = -1;
}

/* ---- reading ---- */

int source_read_begin(struct source_reader *ret, const struct source *source,
	const struct source_file *file)
{
	int fd = source->fd;

	if (!source->archive) {
		fd = regular_open(source->fd, file->name, NULL);
		if (fd < 0)
			return fd;
	}
	*ret = (struct source_reader){.fd = fd,
		.own = !source->archive,
		.at = file->begin,
		.end = file->begin + file->size};
	return 0;
}

ssize_t source_read(struct source_reader *reader, void *bytes, size_t len)
{
	ssize_t n;

	if (len > reader->end - reader->at)
		len = (size_t)(reader->end - reader->at);
	if (len == 0)
		return 0;
	do
		n = pread(reader->fd, bytes, len, (off_t)reader->at);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	reader->at += (uint64_t)n;
	return n;
}

void source_read_end(struct source_reader *reader)
{
	if (reader->own)
		close(reader->fd);
}

int source_read_all(const struct source *source, const struct source_file *file,
	size_t max, struct buf *ret)
{
	struct source_reader reader;
	ssize_t n = 1;
	char *room;
	int err;

	if (file->size > max)
		return ERR_LIMIT;
	err = source_read_begin(&reader, source, file);
	if (err)
		return err;
	while (n > 0 && (room = buf_reserve(ret, 4096))) {
		n = source_read(&reader, room, 4096);
		if (n > 0)
			ret->len += (size_t)n;
	}
	source_read_end(&reader);
	return n < 0 ? (int)n : ret->err;
}
