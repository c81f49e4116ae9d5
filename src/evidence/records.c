#include "evidence/records.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#define NAME "cdr.jsonl"
/* Of what is read at once; and a longest line fits behind it. */
#define BLOCK ((size_t)1 << 20)
#define FILES_MAX 4096

struct records {
	char **paths; /* in the order of time */
	unsigned count;
	unsigned next;  /* file that is opened next */
	int fd;         /* -1: none is open */
	pid_t unpacker; /* of the open file; 0: none */
	uint64_t line;  /* in the open file */
	char place[4200];
	size_t begin, end; /* what is in BYTES and was not given yet */
	bool eof;
	char bytes[BLOCK + RECORDS_LINE_MAX + 1];
};

static int add_path(struct records *records, char *path)
{
	char **paths;

	if (!path)
		return -ENOMEM;
	paths = realloc(records->paths, (records->count + 1) * sizeof(*paths));
	if (!paths) {
		free(path);
		return -ENOMEM;
	}
	records->paths = paths;
	records->paths[records->count++] = path;
	return 0;
}

/* Files of the log, the oldest first: -DATE before .N, of these the highest number first, and last the one that is
 * written. */
struct age {
	int kind; /* 0: -DATE, 1: .N, 2: the one that is written */
	uint64_t number;
	const char *rest;
};

/* False: NAME is none of them. */
static bool age_of(const char *path, struct age *ret)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash ? slash + 1 : path;
	char *end;

	if (strncmp(name, NAME, sizeof(NAME) - 1) != 0)
		return false;
	name += sizeof(NAME) - 1;
	*ret = (struct age){.kind = 2, .rest = name};
	if (*name == '\0')
		return true;
	if ((*name != '.' && *name != '-') || name[1] < '0' || name[1] > '9')
		return false;
	ret->kind = *name == '.';
	ret->number = strtoull(name + 1, &end, 10);
	/* "cdr.jsonl-20260101-1767225600" has a second number, which sorts as text. */
	ret->rest = end;
	while (*end == '-' || (*end >= '0' && *end <= '9'))
		end++;
	return *end == '\0' || strcmp(end, ".gz") == 0;
}

static int compare(const void *a, const void *b)
{
	struct age one, other;

	(void)age_of(*(char *const *)a, &one);
	(void)age_of(*(char *const *)b, &other);
	if (one.kind != other.kind)
		return one.kind - other.kind;
	if (one.number != other.number) {
		int newer = one.number > other.number ? 1 : -1;

		return one.kind == 0 ? newer : -newer;
	}
	return strcmp(one.rest, other.rest);
}

static int find_files(struct records *records, const char *state_dir)
{
	DIR *folder = opendir(state_dir);
	struct dirent *entry;
	struct age age;
	char *path;
	int err = 0;

	if (!folder)
		return -errno;
	while (!err && (entry = readdir(folder))) {
		if (!age_of(entry->d_name, &age))
			continue;
		if (records->count == FILES_MAX)
			err = ERR_LIMIT;
		else if (asprintf(&path, "%s/%s", state_dir, entry->d_name) < 0)
			err = -ENOMEM;
		else
			err = add_path(records, path);
	}
	closedir(folder);
	if (!err && records->count > 1)
		qsort(records->paths, records->count, sizeof(*records->paths), compare);
	return err;
}

static int records_new(struct records **ret)
{
	struct records *records = calloc(1, sizeof(*records));

	if (!records)
		return -ENOMEM;
	records->fd = -1;
	*ret = records;
	return 0;
}

int records_open(struct records **ret, const char *state_dir, struct err_text *text)
{
	struct records *records;
	int err = records_new(&records);

	if (!err) {
		err = find_files(records, state_dir);
		if (err)
			records_free(records);
	}
	if (err)
		return err_set(text, err, "cannot read %s: %s", state_dir, err_str(err));
	*ret = records;
	return 0;
}

int records_open_files(struct records **ret, const char *const *paths, unsigned count,
	struct err_text *text)
{
	struct records *records;
	int err = records_new(&records);

	for (unsigned i = 0; i < count && !err; i++) {
		err = add_path(records, strdup(paths[i]));
		if (err)
			records_free(records);
	}
	if (err)
		return err_set(text, err, "%s", err_str(err));
	*ret = records;
	return 0;
}

static void close_file(struct records *records)
{
	if (records->fd >= 0)
		close(records->fd);
	records->fd = -1;
	if (records->unpacker > 0)
		(void)waitpid(records->unpacker, NULL, 0);
	records->unpacker = 0;
}

void records_free(struct records *records)
{
	if (!records)
		return;
	close_file(records);
	for (unsigned i = 0; i < records->count; i++)
		free(records->paths[i]);
	free(records->paths);
	free(records);
}

/* Has FD read by gzip, and *FD is what it writes. */
static int unpack(struct records *records, int *fd)
{
	char name[] = "gzip", option[] = "-dc", path[] = "PATH=/usr/bin:/bin";
	char *const argv[] = {name, option, NULL}, *const envp[] = {path, NULL};
	posix_spawn_file_actions_t actions;
	int ends[2], err;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return -errno;
	err = posix_spawn_file_actions_init(&actions);
	if (!err) {
		err = posix_spawn_file_actions_adddup2(&actions, *fd, 0);
		if (!err)
			err = posix_spawn_file_actions_adddup2(&actions, ends[1], 1);
		if (!err)
			err = posix_spawn(&records->unpacker, "/usr/bin/gzip", &actions,
				NULL, argv, envp);
		if (err == ENOENT)
			err = posix_spawn(&records->unpacker, "/bin/gzip", &actions, NULL,
				argv, envp);
		posix_spawn_file_actions_destroy(&actions);
	}
	close(ends[1]);
	if (err) {
		records->unpacker = 0;
		close(ends[0]);
		return -err;
	}
	close(*fd);
	*fd = ends[0];
	return 0;
}

static int open_next(struct records *records, struct err_text *text)
{
	const char *path = records->paths[records->next];
	size_t len = strlen(path);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	int err = 0;

	if (fd < 0) {
		err = -errno;
		err_set(text, err, "cannot read %s: %s", path, err_str(err));
		/* -ENOENT says that there are no more lines */
		return err == -ENOENT ? -EIO : err;
	}
	if (len > 3 && strcmp(path + len - 3, ".gz") == 0)
		err = unpack(records, &fd);
	if (err) {
		close(fd);
		return err_set(text, err, "cannot unpack %s: %s", path, err_str(err));
	}
	records->fd = fd;
	records->next++;
	records->line = 0;
	records->begin = records->end = 0;
	records->eof = false;
	return 0;
}

/* Makes room behind what is left, and reads a block. */
static int fill(struct records *records, struct err_text *text)
{
	ssize_t n;
	int status;

	if (records->begin > 0) {
		memmove(records->bytes, records->bytes + records->begin,
			records->end - records->begin);
		records->end -= records->begin;
		records->begin = 0;
	}
	n = read(records->fd, records->bytes + records->end,
		sizeof(records->bytes) - records->end);
	if (n < 0)
		return err_set(text, -errno, "cannot read %s: %s",
			records->paths[records->next - 1], err_str(-errno));
	records->end += (size_t)n;
	records->eof = n == 0;
	if (!records->eof || records->unpacker == 0)
		return 0;
	/* What it could not unpack is not the end of a file. */
	if (waitpid(records->unpacker, &status, 0) < 0 || status != 0) {
		records->unpacker = 0;
		return err_set(text, ERR_FORMAT, "%s is damaged: gzip cannot unpack it",
			records->paths[records->next - 1]);
	}
	records->unpacker = 0;
	return 0;
}

/* Passes over what is too long for a line, up to its end. */
static int skip_line(struct records *records, struct err_text *text)
{
	const char *newline = NULL;
	int err = 0;

	while (!err && !records->eof && !newline) {
		records->begin = records->end = 0;
		err = fill(records, text);
		newline = memchr(records->bytes, '\n', records->end);
	}
	records->begin = newline ? (size_t)(newline + 1 - records->bytes) : records->end;
	return err ? err : ERR_LIMIT;
}

/* From the open file. -EAGAIN: it has come to its end. */
static int next_here(struct records *records, struct span *ret, struct err_text *text)
{
	size_t looked = 0;
	const char *from, *newline;
	int err;

	for (;;) {
		from = records->bytes + records->begin;
		newline = memchr(
			from + looked, '\n', records->end - records->begin - looked);
		if (newline)
			break;
		looked = records->end - records->begin;
		if (looked > RECORDS_LINE_MAX) {
			records->line++;
			return skip_line(records, text);
		}
		if (records->eof) {
			*ret = (struct span){from, looked};
			records->begin = records->end;
			records->line += looked > 0;
			return looked > 0 ? ERR_FORMAT : -EAGAIN;
		}
		err = fill(records, text);
		if (err)
			return err == ERR_FORMAT ? -EIO : err;
	}
	*ret = (struct span){from, (size_t)(newline - from)};
	records->begin += ret->len + 1;
	records->line++;
	return 0;
}

int records_next(struct records *records, struct span *ret, struct err_text *text)
{
	int err = -EAGAIN;

	while (err == -EAGAIN) {
		if (records->fd < 0) {
			if (records->next == records->count)
				return -ENOENT;
			err = open_next(records, text);
			if (err)
				return err;
		}
		err = next_here(records, ret, text);
		if (err == -EAGAIN)
			close_file(records);
	}
	return err;
}

void records_rewind(struct records *records)
{
	close_file(records);
	records->next = 0;
	records->line = 0;
}

const char *records_place(struct records *records)
{
	const char *path, *slash;

	if (records->next == 0)
		return "";
	path = records->paths[records->next - 1];
	slash = strrchr(path, '/');
	snprintf(records->place, sizeof(records->place), "%s:%" PRIu64,
		slash ? slash + 1 : path, records->line);
	return records->place;
}
