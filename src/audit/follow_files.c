#include "audit/follow_files.h"

#include "audit/journal.h"
#include "base/err.h"
#include "base/regular.h"
#include "evidence/head.h"
#include "evidence/records.h"
#include "evidence/tlog.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* More than anybody keeps. */
#define FILES_MAX 4096

int follow_hash(struct span line, char ret[static FOLLOW_HASH_SIZE])
{
	static const char digits[] = "0123456789abcdef";
	struct tlog_hash hash;
	int err = tlog_leaf(&hash, line);

	if (err)
		return err;
	for (unsigned i = 0; i < TLOG_HASH_LEN; i++) {
		ret[2 * i] = digits[hash.bytes[i] >> 4];
		ret[2 * i + 1] = digits[hash.bytes[i] & 15];
	}
	ret[FOLLOW_HASH_SIZE - 1] = '\0';
	return 0;
}

/* cdr.jsonl itself, and what rotation makes of it: cdr.jsonl.1, cdr.jsonl-20261101, cdr.jsonl.2.gz. */
static bool is_ours(const char *name)
{
	const size_t len = sizeof(JOURNAL_NAME) - 1;

	return strncmp(name, JOURNAL_NAME, len) == 0 &&
	       (name[len] == '\0' || name[len] == '.' || name[len] == '-');
}

static bool is_compressed(const char *name)
{
	static const char *const ends[] = {".gz", ".bz2", ".xz", ".zst", ".lz4", ".Z"};
	const size_t len = strlen(name);

	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
		if (len > strlen(ends[i]) &&
			strcmp(name + len - strlen(ends[i]), ends[i]) == 0)
			return true;
	return false;
}

/* -ENOMSG: it has no whole line. */
static int read_first(struct follow_file *file, int fd)
{
	char *bytes = malloc(RECORDS_LINE_MAX);
	ssize_t n = bytes ? pread(fd, bytes, RECORDS_LINE_MAX, 0) : -1;
	struct span line = {bytes, 0};
	const char *end;
	int err = !bytes ? -ENOMEM : n < 0 ? -errno : 0;

	end = err ? NULL : memchr(bytes, '\n', (size_t)n);
	if (!err && !end)
		err = -ENOMSG;
	if (!err) {
		line.len = (size_t)(end - bytes);
		file->numbered = head_read(line, &file->seq) == 0;
		err = follow_hash(line, file->first);
	}
	free(bytes);
	return err;
}

/* What look_at() says of a file without a whole line, and of one that cannot be read. */
enum { EMPTY = 1, UNREAD };

/* 0, EMPTY or UNREAD; or negative. */
static int look_at(int dir_fd, const char *name, struct follow_file *ret)
{
	struct stat st;
	int fd = regular_open(dir_fd, name, &st), err;

	*ret = (struct follow_file){.live = strcmp(name, JOURNAL_NAME) == 0};
	if (fd < 0)
		return fd == -ENOMEM || fd == -EMFILE || fd == -ENFILE ? fd : UNREAD;
	snprintf(ret->name, sizeof(ret->name), "%s", name);
	ret->written = st.st_mtim;
	ret->size = st.st_size;
	ret->inode = st.st_ino;
	err = read_first(ret, fd);
	close(fd);
	return err == -ENOMEM ? err : err == -ENOMSG ? EMPTY : err ? UNREAD : 0;
}

static int compare(const void *a, const void *b)
{
	const struct follow_file *one = a, *other = b;

	if (one->live != other->live)
		return one->live ? 1 : -1;
	if (one->written.tv_sec != other->written.tv_sec)
		return one->written.tv_sec < other->written.tv_sec ? -1 : 1;
	if (one->written.tv_nsec != other->written.tv_nsec)
		return one->written.tv_nsec < other->written.tv_nsec ? -1 : 1;
	if (one->numbered && other->numbered && one->seq != other->seq)
		return one->seq < other->seq ? -1 : 1;
	return strcmp(other->name, one->name);
}

static int add(struct follow_files *files, const struct follow_file *file)
{
	struct follow_file *list =
		reallocarray(files->list, files->count + 1, sizeof(*list));

	if (!list)
		return -ENOMEM;
	files->list = list;
	list[files->count++] = *file;
	return 0;
}

/* gzip(1) and its like keep the time. */
static void note_unread(struct follow_files *files, int dir_fd, const char *name)
{
	struct stat st;

	if (fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
		st.st_mtim.tv_sec > files->unread)
		files->unread = st.st_mtim.tv_sec;
}

int follow_files_list(struct follow_files *ret, const char *state_dir)
{
	DIR *dir = opendir(state_dir);
	struct follow_files files = {.list = NULL};
	const struct dirent *entry;
	struct follow_file file;
	int err = dir ? 0 : -errno;

	while (!err && (entry = readdir(dir)) && files.all < FILES_MAX) {
		if (!is_ours(entry->d_name) || strlen(entry->d_name) >= sizeof(file.name))
			continue;
		files.all++;
		err = is_compressed(entry->d_name)
			      ? UNREAD
			      : look_at(dirfd(dir), entry->d_name, &file);
		if (err == UNREAD)
			note_unread(&files, dirfd(dir), entry->d_name);
		if (!err)
			err = add(&files, &file);
		else if (err > 0)
			err = 0;
	}
	if (dir)
		closedir(dir);
	if (err) {
		follow_files_free(&files);
		return err;
	}
	if (files.count > 1)
		qsort(files.list, files.count, sizeof(file), compare);
	*ret = files;
	return 0;
}

void follow_files_free(struct follow_files *files)
{
	free(files->list);
	*files = (struct follow_files){.list = NULL};
}

int follow_files_open(const char *state_dir, const struct follow_file *file)
{
	char path[4400];

	snprintf(path, sizeof(path), "%s/%s", state_dir, file->name);
	return regular_open(AT_FDCWD, path, NULL);
}

int follow_count_files(const char *state_dir)
{
	struct follow_files files;
	int err = follow_files_list(&files, state_dir), count;

	if (err)
		return err;
	count = (int)files.all;
	follow_files_free(&files);
	return count;
}

int follow_open(const char *state_dir, const char *file)
{
	struct follow_files files;
	int fd = -ENOENT, err = follow_files_list(&files, state_dir);

	if (err)
		return err;
	for (size_t i = 0; i < files.count && fd == -ENOENT; i++)
		if (strcmp(files.list[i].first, file) == 0)
			fd = follow_files_open(state_dir, &files.list[i]);
	follow_files_free(&files);
	return fd;
}
