#include "audit/follow.h"

#include "audit/follow_files.h"
#include "audit/journal.h"
#include "base/err.h"
#include "evidence/head.h"
#include "evidence/records.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* Bytes that are read at once; a longest line fits behind. */
#define BLOCK ((size_t)256 << 10)

struct follow {
	char *state_dir;
	/* the file that is read */
	int fd; /* -1: none yet */
	char first[FOLLOW_HASH_SIZE];
	off_t at; /* where what is in BYTES ends */
	size_t begin, end;
	char *bytes;
	bool skipping; /* the rest of a line that is too long */
	bool drained; /* there is another file behind it, and it was read to its end since */
	unsigned opened; /* files so far */
	uint64_t missing;
	/* of the file: the last line that was given, and the one before; END 0: none */
	struct place {
		uint64_t begin, end;
		uint64_t next; /* behind the last number */
	} last, before;
	bool again; /* LAST is in memory: it may be given once more */
};

int follow_new(struct follow **ret, const char *state_dir)
{
	struct follow *follow = calloc(1, sizeof(*follow));

	if (!follow)
		return -ENOMEM;
	follow->fd = -1;
	follow->state_dir = strdup(state_dir);
	follow->bytes = malloc(BLOCK + RECORDS_LINE_MAX);
	if (!follow->state_dir || !follow->bytes) {
		follow_free(follow);
		return -ENOMEM;
	}
	*ret = follow;
	return 0;
}

void follow_free(struct follow *follow)
{
	if (!follow)
		return;
	if (follow->fd >= 0)
		close(follow->fd);
	free(follow->state_dir);
	free(follow->bytes);
	free(follow);
}

/* Reads FD, which it takes, from AT on. */
static void take_file(struct follow *follow, int fd, const char *first, struct place last)
{
	if (follow->fd >= 0)
		close(follow->fd);
	follow->fd = fd;
	follow->opened++;
	snprintf(follow->first, sizeof(follow->first), "%s", first);
	follow->at = (off_t)last.end;
	follow->last = last;
	follow->begin = follow->end = 0;
	follow->skipping = follow->drained = follow->again = false;
}

/* The hash of what stands from BEGIN to END; -ESTALE: that is no line. */
static int hash_line(
	int fd, uint64_t begin, uint64_t end, char ret[static FOLLOW_HASH_SIZE])
{
	const size_t len = (size_t)(end - begin);
	char *line;
	int err = 0;

	if (end <= begin || len > RECORDS_LINE_MAX)
		return -ESTALE;
	line = malloc(len);
	if (!line)
		return -ENOMEM;
	if (pread(fd, line, len, (off_t)begin) != (ssize_t)len || line[len - 1] != '\n')
		err = -ESTALE;
	if (!err)
		err = follow_hash((struct span){line, len - 1}, ret);
	free(line);
	return err;
}

/* Whether the line of POSITION stands where it did. */
static int check_line(int fd, const struct follow_position *position)
{
	char hash[FOLLOW_HASH_SIZE];
	int err;

	if (position->end == 0)
		return 0; /* nothing of that file was read */
	err = hash_line(fd, position->begin, position->end, hash);
	return err ? err : strcmp(hash, position->line) == 0 ? 0 : -ESTALE;
}

int follow_seek(struct follow *follow, const struct follow_position *position)
{
	int fd, err;

	if (!position->file[0]) {
		if (follow->fd >= 0)
			close(follow->fd);
		follow->fd = -1;
		follow->last.next = 0;
		return 0;
	}
	fd = follow_open(follow->state_dir, position->file);
	if (fd < 0)
		return fd == -ENOENT ? -ESTALE : fd;
	err = check_line(fd, position);
	if (err) {
		close(fd);
		return err;
	}
	take_file(follow, fd, position->file,
		(struct place){position->begin, position->end, position->next});
	return 0;
}

static int open_listed(struct follow *follow, const struct follow_file *file)
{
	int fd = follow_files_open(follow->state_dir, file);

	if (fd < 0)
		return fd;
	if (file->numbered && follow->last.next > 0 && file->seq > follow->last.next)
		follow->missing += file->seq - follow->last.next;
	take_file(follow, fd, file->first, (struct place){.next = follow->last.next});
	return 0;
}

/* Which file of the list comes behind the one that is read; COUNT: none. Where that is gone, the first that goes on;
 * where it was CUT in place, what is written there since. */
static size_t find_next(
	const struct follow *follow, const struct follow_files *files, bool cut)
{
	size_t i;

	if (follow->fd < 0)
		return 0;
	if (cut)
		return files->count > 0 && files->list[files->count - 1].live
			       ? files->count - 1
			       : files->count;
	for (i = 0; i < files->count; i++)
		if (strcmp(files->list[i].first, follow->first) == 0)
			return i + 1;
	for (i = 0; i + 1 < files->count; i++)
		if (files->list[i].numbered && files->list[i].seq >= follow->last.next)
			break;
	return i;
}

/* 0: there is another file now, or the same is read once more; -EAGAIN: there is none. */
static int next_file(struct follow *follow, bool cut)
{
	struct follow_files files;
	int err = follow_files_list(&files, follow->state_dir);
	size_t i;

	if (err)
		return err;
	i = find_next(follow, &files, cut);
	if (i >= files.count)
		err = -EAGAIN;
	else if (follow->fd >= 0 && !follow->drained && !cut)
		follow->drained = true; /* what was written while it was listed */
	else
		err = open_listed(follow, &files.list[i]);
	follow_files_free(&files);
	return err;
}

/* Whether the file that is read is still the one that is written. */
static bool is_live(const struct follow *follow)
{
	struct stat here, there;
	char path[4200];

	snprintf(path, sizeof(path), "%s/" JOURNAL_NAME, follow->state_dir);
	return fstat(follow->fd, &here) == 0 && lstat(path, &there) == 0 &&
	       here.st_ino == there.st_ino && here.st_dev == there.st_dev;
}

/* 0: there is more in memory, or another file; -EAGAIN; or another negative code. */
static int fill(struct follow *follow)
{
	struct stat st;
	ssize_t n;

	if (follow->fd < 0)
		return next_file(follow, false);
	if (follow->begin > 0)
		memmove(follow->bytes, follow->bytes + follow->begin,
			follow->end - follow->begin);
	follow->end -= follow->begin;
	follow->begin = 0;
	follow->again = false;
	if (follow->end >= RECORDS_LINE_MAX) {
		follow->skipping = true;
		follow->end = 0;
	}
	n = pread(follow->fd, follow->bytes + follow->end, BLOCK, follow->at);
	if (n < 0)
		return -errno;
	if (n > 0) {
		follow->at += n;
		follow->end += (size_t)n;
		return 0;
	}
	if (fstat(follow->fd, &st) == 0 && st.st_size < follow->at)
		return next_file(follow, true);
	return is_live(follow) ? -EAGAIN : next_file(follow, false);
}

/* A line that is in memory. */
static bool take_line(struct follow *follow, struct follow_line *ret)
{
	const char *from = follow->bytes + follow->begin;
	const char *newline = memchr(from, '\n', follow->end - follow->begin);
	struct place place = {.next = follow->last.next};
	uint64_t seq;

	if (!newline)
		return false;
	ret->text = (struct span){from, (size_t)(newline - from)};
	ret->begin = (uint64_t)follow->at - (follow->end - follow->begin);
	ret->file = follow->opened;
	follow->begin += ret->text.len + 1;
	if (follow->skipping) {
		follow->skipping = false;
		return take_line(follow, ret);
	}
	place.begin = ret->begin;
	place.end = ret->begin + ret->text.len + 1;
	if (head_read(ret->text, &seq) == 0)
		place.next = seq + 1;
	follow->before = follow->last;
	follow->last = place;
	follow->again = true;
	return true;
}

int follow_next(struct follow *follow, struct follow_line *ret)
{
	int err = 0;

	while (!err) {
		if (follow->fd >= 0 && take_line(follow, ret))
			return 0;
		err = fill(follow);
	}
	return err;
}

void follow_again(struct follow *follow)
{
	if (!follow->again)
		return;
	follow->begin -= (size_t)(follow->last.end - follow->last.begin);
	follow->last = follow->before;
	follow->again = false;
}

int follow_position(const struct follow *follow, struct follow_position *ret)
{
	const struct place *last = &follow->last;
	struct follow_position position = {
		.begin = last->begin, .end = last->end, .next = last->next};
	int err = 0;

	if (follow->fd < 0)
		position = (struct follow_position){.next = last->next};
	else
		snprintf(position.file, sizeof(position.file), "%s", follow->first);
	if (follow->fd >= 0 && last->end > 0)
		err = hash_line(follow->fd, last->begin, last->end, position.line);
	if (!err)
		*ret = position;
	return err;
}

const char *follow_file(const struct follow *follow)
{
	return follow->fd >= 0 ? follow->first : "";
}

uint64_t follow_missing(const struct follow *follow)
{
	return follow->missing;
}

uint64_t follow_behind(const struct follow *follow)
{
	struct stat st;
	uint64_t read = (uint64_t)follow->at - (follow->end - follow->begin);

	if (follow->fd < 0 || fstat(follow->fd, &st) < 0 || (uint64_t)st.st_size < read)
		return 0;
	return (uint64_t)st.st_size - read;
}
