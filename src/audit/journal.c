#include "audit/journal.h"

#include "base/buf.h"
#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Some ten thousand calls that ended while the disk was full. */
#define WAITING_MAX ((size_t)16 << 20)
/* No line is longer; as much is looked at for a torn one. */
#define LINE_MAX_BYTES 65536

struct journal {
	/* RO after start */
	char *path;
	struct health *health;

	pthread_mutex_t lock;
	int fd;                       /* LOCK: lock; -1: could not be opened again */
	bool dirty;                   /* LOCK: lock; written since the last sync */
	struct buf waiting;           /* LOCK: lock; whole lines */
	struct journal_counts counts; /* LOCK: lock */
};

/* Cuts a line that a killed process left half written: it is no record. */
static int cut_torn_line(int fd)
{
	char tail[4096];
	struct stat st;
	off_t end, from;
	ssize_t len;
	const char *newline = NULL;

	if (fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EPERM;
	for (end = st.st_size; end > 0 && st.st_size - end < LINE_MAX_BYTES; end = from) {
		from = end > (off_t)sizeof(tail) ? end - (off_t)sizeof(tail) : 0;
		len = pread(fd, tail, (size_t)(end - from), from);
		if (len <= 0)
			return len < 0 ? -errno : -EIO;
		newline = memrchr(tail, '\n', (size_t)len);
		if (newline) {
			end = from + (newline - tail) + 1;
			break;
		}
	}
	if (end == st.st_size)
		return 0;
	/* A long text without a line end is none of our files. */
	if (!newline && end > 0)
		return ERR_FORMAT;
	log_warning("journal", "event=torn-line-cut bytes=%lld",
		(long long)(st.st_size - end));
	return ftruncate(fd, end) < 0 ? -errno : 0;
}

static int open_file(const char *path)
{
	int fd = open(path,
		O_RDWR | O_APPEND | O_CREAT | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK, 0640);
	int err;

	if (fd < 0)
		return -errno;
	err = cut_torn_line(fd);
	if (err) {
		close(fd);
		return err;
	}
	return fd;
}

int journal_new(struct journal **ret, const char *state_dir, const char *name,
	struct health *health, struct err_text *text)
{
	struct journal *journal = calloc(1, sizeof(*journal));
	int err;

	if (!journal)
		return err_set(text, -ENOMEM, "out of memory");
	pthread_mutex_init(&journal->lock, NULL);
	buf_init(&journal->waiting, WAITING_MAX);
	journal->health = health;
	journal->fd = -1;
	if (asprintf(&journal->path, "%s/%s", state_dir, name) < 0) {
		journal->path = NULL;
		err = err_set(text, -ENOMEM, "out of memory");
		goto out;
	}
	journal->fd = open_file(journal->path);
	if (journal->fd < 0) {
		err = err_set(text, journal->fd, "cannot open %s: %s", journal->path,
			err_str(journal->fd));
		goto out;
	}
	*ret = journal;
	return 0;
out:
	journal_free(journal);
	return err;
}

/* Appends all of DATA or nothing. */
static int write_whole(struct journal *journal, const char *data, size_t len)
{
	size_t done = 0;
	struct stat st;
	ssize_t n;
	int err;

	if (journal->fd < 0)
		return -ENOENT;
	errno = 0;
	while (done < len) {
		n = write(journal->fd, data + done, len - done);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		done += (size_t)n;
	}
	if (done == len)
		return 0;
	err = errno > 0 ? -errno : -EIO;
	if (done > 0 && fstat(journal->fd, &st) == 0)
		(void)!ftruncate(journal->fd, st.st_size - (off_t)done);
	return err;
}

void journal_add(struct journal *journal, const char *line, size_t len)
{
	size_t before;
	int err = 0;

	pthread_mutex_lock(&journal->lock);
	/* Behind others that wait: the order of the calls' ends is kept. */
	if (journal->waiting.len == 0)
		err = write_whole(journal, line, len);
	if (journal->waiting.len == 0 && !err) {
		journal->dirty = true;
		journal->counts.written++;
	} else {
		before = journal->waiting.len;
		buf_add(&journal->waiting, line, len);
		if (journal->waiting.len == before)
			journal->counts.lost++;
		journal->waiting.err = 0; /* full now is not full for ever */
	}
	pthread_mutex_unlock(&journal->lock);
	if (err)
		health_fail(journal->health, "cdr", err);
}

/* Somebody renamed or removed the file (logrotate): goes on in a new one. */
static void follow_path(struct journal *journal)
{
	struct stat here, there;
	int fd;

	if (journal->fd >= 0 && fstat(journal->fd, &here) == 0 &&
		lstat(journal->path, &there) == 0 && here.st_ino == there.st_ino &&
		here.st_dev == there.st_dev)
		return;
	fd = open_file(journal->path);
	if (fd < 0) {
		health_fail(journal->health, "cdr", fd);
		return;
	}
	if (journal->fd >= 0) {
		(void)!fdatasync(journal->fd);
		close(journal->fd);
	}
	journal->fd = fd;
}

/* Line by line, so that a disk with little room takes what it can. */
static void write_waiting(struct journal *journal)
{
	struct buf *waiting = &journal->waiting;
	size_t done = 0, len;
	const char *newline;
	int err = 0;

	while (done < waiting->len) {
		newline = memchr(waiting->data + done, '\n', waiting->len - done);
		len = newline ? (size_t)(newline + 1 - waiting->data) - done
			      : waiting->len - done;
		err = write_whole(journal, waiting->data + done, len);
		if (err)
			break;
		journal->counts.written++;
		journal->dirty = true;
		done += len;
	}
	if (done > 0)
		buf_consume(waiting, done);
	if (waiting->len == 0)
		buf_free(waiting);
	if (err)
		health_fail(journal->health, "cdr", err);
}

bool journal_tick(struct journal *journal)
{
	int sync_fd = -1;
	bool whole;

	pthread_mutex_lock(&journal->lock);
	follow_path(journal);
	write_waiting(journal);
	whole = journal->fd >= 0 && journal->waiting.len == 0;
	if (journal->dirty && journal->fd >= 0)
		sync_fd = fcntl(journal->fd, F_DUPFD_CLOEXEC, 0);
	journal->dirty = false;
	pthread_mutex_unlock(&journal->lock);
	/* Without the lock: a sync may take long, and the loop must not wait for it. */
	if (sync_fd >= 0) {
		(void)!fdatasync(sync_fd);
		close(sync_fd);
	}
	return whole;
}

void journal_counts(struct journal *journal, struct journal_counts *ret)
{
	pthread_mutex_lock(&journal->lock);
	*ret = journal->counts;
	ret->waiting_bytes = journal->waiting.len;
	pthread_mutex_unlock(&journal->lock);
}

void journal_free(struct journal *journal)
{
	if (!journal)
		return;
	if (journal->fd >= 0) {
		if (!journal_tick(journal))
			log_error(
				"journal", "event=lost bytes=%zu", journal->waiting.len);
		close(journal->fd);
	}
	buf_free(&journal->waiting);
	pthread_mutex_destroy(&journal->lock);
	free(journal->path);
	free(journal);
}
