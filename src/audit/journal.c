#include "audit/journal.h"

#include "audit/entry.h"
#include "audit/spool.h"
#include "audit/unsynced.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/regular.h"
#include "base/secret.h"
#include "evidence/head.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A record of a call that was offered to everybody, with all texts as long as they may be and each byte escaped, has 70 kB. As
 * much is looked at for a torn line. */
#define LINE_MAX_BYTES 131072
/* The kind of records that are counted. */
#define CALL "call"
/* A head with the kind behind it is no longer. */
#define HEAD_MAX 128
/* Of a file that is looked through for its last number. */
#define SCAN_BYTES ((size_t)256 << 10)

struct journal {
	/* RO after start */
	char *path;
	struct health *health;
	struct journal_past past;

	pthread_mutex_t lock;
	uint64_t next;                /* LOCK: lock; the number of the next record */
	struct buf line;              /* LOCK: lock; that is being made */
	struct spool *spool;          /* LOCK: lock; what waits */
	uint64_t gap;                 /* LOCK: lock; lost, and not told yet */
	uint64_t gap_since_us;        /* LOCK: lock */
	struct journal_counts counts; /* LOCK: lock */

	/* audit thread */
	int fd;        /* -1: could not be opened again */
	uint64_t file; /* counts what was opened */
	bool torn;     /* its last line is half written, and could not be cut */
	int synced_fd; /* what the last view has; -1: none */
	struct unsynced unsynced; /* of FD's file */
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
	/* with a second name it may be somebody's who does not want to have records in it */
	if (st.st_nlink > 1)
		return -EMLINK;
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

/* What is known of a file: how its numbers end. */
struct ending {
	uint64_t next; /* behind the last line */
	bool any;      /* a line has a head */
	char last[LINE_MAX_BYTES];
	size_t last_len; /* of the last line; 0: it is empty, or too long */
};

static void take_line(struct ending *ending, struct span line)
{
	uint64_t seq;

	if (head_read(line, &seq) == 0) {
		ending->next = seq + 1;
		ending->any = true;
	} else if (!ending->any) {
		ending->next++; /* of an older version: a log begins with it */
	} else {
		return;
	}
	ending->last_len = 0;
	if (line.len <= sizeof(ending->last)) {
		memcpy(ending->last, line.p, line.len);
		ending->last_len = line.len;
	}
}

/* All lines of FD from FROM on. */
static int read_lines(int fd, off_t from, struct ending *ret)
{
	char *bytes = malloc(SCAN_BYTES);
	size_t len = 0;
	ssize_t n = 0;

	if (!bytes)
		return -ENOMEM;
	while ((n = pread(fd, bytes + len, SCAN_BYTES - len, from)) > 0) {
		struct span rest = {bytes, len + (size_t)n}, line;

		from += n;
		while (rest.p && memchr(rest.p, '\n', rest.len) &&
			span_next(&rest, '\n', &line))
			take_line(ret, line);
		len = rest.p ? rest.len : 0;
		/* A line that is longer than all is none of ours; its beginning is not looked at. */
		if (len == SCAN_BYTES)
			len = 0;
		if (len > 0)
			memmove(bytes, rest.p, len);
	}
	free(bytes);
	return n < 0 ? -errno : 0;
}

/* Mostly the last line says it. Where it has no head, as those of older versions, all are counted. */
static int read_ending(int fd, struct ending *ret)
{
	struct stat st;
	int err;

	if (fstat(fd, &st) < 0)
		return -errno;
	*ret = (struct ending){.next = 0};
	if (st.st_size > LINE_MAX_BYTES) {
		err = read_lines(fd, st.st_size - LINE_MAX_BYTES, ret);
		if (err || ret->any)
			return err;
		*ret = (struct ending){.next = 0};
	}
	return read_lines(fd, 0, ret);
}

/* The text of member NEEDLE (`"time":"`) of LINE. */
static void copy_member(struct span line, const char *needle, char *ret, size_t size)
{
	const char *found = span_find(line, span_of(needle)), *end;

	if (!found)
		return;
	found += strlen(needle);
	end = memchr(found, '"', (size_t)(line.p + line.len - found));
	if (end)
		(void)span_copy((struct span){found, (size_t)(end - found)}, ret, size);
}

static void set_past(struct journal_past *past, const struct ending *ending)
{
	const struct span line = {ending->last, ending->last_len};

	past->records = ending->next;
	past->any = ending->any;
	past->stopped = span_find(line, span_of("\"kind\":\"stop\"")) != NULL;
	copy_member(line, "\"end\":\"", past->last, sizeof(past->last));
	copy_member(line, "\"time\":\"", past->last, sizeof(past->last));
}

/*
 * Lines that a killed process had not written go on behind the file's, and stay where they wait. Those that it had, but did not
 * come to drop, are dropped; and those that do not go on: they are of another log, whose state-dir this was, or damaged.
 */
static void take_left(struct journal *journal, struct ending *ending, uint64_t size)
{
	uint64_t next = ending->next > size ? ending->next : size;
	struct span rest = spool_lines(journal->spool), line;
	size_t written = 0, left = 0;
	unsigned count = 0;
	uint64_t seq;

	while (rest.len > 0 && span_next(&rest, '\n', &line)) {
		const bool is_record = head_read(line, &seq) == 0;

		if (is_record && seq < next && count == 0) {
			written += line.len + 1;
		} else if (is_record && seq == next) {
			take_line(ending, line);
			left += line.len + 1;
			next++;
			count++;
		} else {
			log_error("journal", "event=left-foreign bytes=%zu",
				line.len + 1 + rest.len);
			break;
		}
	}
	spool_keep(journal->spool, written, left);
	if (count > 0)
		log_warning("journal", "event=left-found records=%u", count);
}

/* Finds the next number: behind the last line that has one, of this file or of the one before. Lines without any are
 * counted where a log begins, and so none was signed yet. */
static int find_past(struct journal *journal, uint64_t size)
{
	struct ending *ending = malloc(sizeof(*ending)),
		      *before = malloc(sizeof(*before));
	char *older = NULL;
	int fd = -1, err = -ENOMEM;

	if (!ending || !before || asprintf(&older, "%s.1", journal->path) < 0)
		goto out;
	err = read_ending(journal->fd, ending);
	if (!err && !ending->any)
		fd = regular_open(AT_FDCWD, older, NULL);
	if (fd >= 0) {
		err = read_ending(fd, before);
		if (!err && before->any)
			memcpy(ending, before, sizeof(*ending));
		close(fd);
	}
	if (!err && !ending->any && size > 0)
		*ending = (struct ending){.next = 0};
	if (err)
		goto out;
	take_left(journal, ending, size);
	set_past(&journal->past, ending);
out:
	free(ending);
	free(before);
	free(older);
	return err;
}

/* What waits is kept where a killed process leaves it, or else in this process: calls are served all the same. */
static int open_spool(struct journal *journal, const char *run_dir, struct err_text *text)
{
	struct err_text why = {""};

	if (run_dir && spool_new(&journal->spool, run_dir, &why) == 0)
		return 0;
	if (run_dir)
		log_error("journal", "event=waiting-unusable error=\"%s\"", why.text);
	return spool_new(&journal->spool, NULL, text);
}

int journal_new(struct journal **ret, const char *state_dir, const char *run_dir,
	uint64_t size, struct health *health, struct err_text *text)
{
	struct journal *journal = calloc(1, sizeof(*journal));
	int err;

	if (!journal)
		return err_set(text, -ENOMEM, "out of memory");
	pthread_mutex_init(&journal->lock, NULL);
	buf_init(&journal->line, 0);
	journal->health = health;
	journal->fd = journal->synced_fd = -1;
	unsynced_init(&journal->unsynced);
	journal->file = 1;
	if (asprintf(&journal->path, "%s/" JOURNAL_NAME, state_dir) < 0) {
		journal->path = NULL;
		err = err_set(text, -ENOMEM, "out of memory");
		goto out;
	}
	err = open_spool(journal, run_dir, text);
	if (err)
		goto out;
	journal->fd = open_file(journal->path);
	err = journal->fd < 0 ? journal->fd : find_past(journal, size);
	if (err) {
		/* so nothing is written behind what is not known */
		if (journal->fd >= 0)
			close(journal->fd);
		journal->fd = -1;
		err = err_set(
			text, err, "cannot open %s: %s", journal->path, err_str(err));
		goto out;
	}
	journal->next = journal->past.records > size ? journal->past.records : size;
	*ret = journal;
	return 0;
out:
	journal_free(journal);
	return err;
}

void journal_past(const struct journal *journal, struct journal_past *ret)
{
	*ret = journal->past;
}

/* The kind stands right behind the head. */
static bool is_call(const char *line, size_t len)
{
	static const char kind[] = "\"kind\":\"" CALL "\"";

	return memmem(line, len < HEAD_MAX ? len : HEAD_MAX, kind, sizeof(kind) - 1);
}

static void each_call(struct span lines, journal_call_h *h, void *arg)
{
	static const char begin[] = "\"kind\":\"" CALL "\",\"id\":\"";
	const char *id, *end;
	struct span line;

	while (lines.len > 0 && span_next(&lines, '\n', &line)) {
		id = memmem(line.p, line.len < HEAD_MAX ? line.len : HEAD_MAX, begin,
			sizeof(begin) - 1);
		if (!id)
			continue;
		id += sizeof(begin) - 1;
		end = memchr(id, '"', (size_t)(line.p + line.len - id));
		if (end)
			h(arg, (struct span){id, (size_t)(end - id)});
	}
}

void journal_each_call(struct journal *journal, size_t max, journal_call_h *h, void *arg)
{
	struct buf tail;
	struct stat st;
	char *room;
	off_t from;
	ssize_t n;

	buf_init(&tail, 0);
	if (fstat(journal->fd, &st) == 0 && st.st_size > 0) {
		from = st.st_size > (off_t)max ? st.st_size - (off_t)max : 0;
		room = buf_reserve(&tail, (size_t)(st.st_size - from));
		n = room ? pread(journal->fd, room, (size_t)(st.st_size - from), from)
			 : 0;
		tail.len = n > 0 ? (size_t)n : 0;
	}
	each_call(buf_span(&tail), h, arg);
	buf_free(&tail);
	each_call(spool_lines(journal->spool), h, arg);
	spool_drop(journal->spool, 0);
}

/* Makes the line of BODY in journal->line. */
static void make_line(
	struct journal *journal, const char *kind, const char *body, size_t len)
{
	char salt[HEAD_SALT_SIZE];

	secret_token(salt, HEAD_SALT_BYTES);
	buf_clear(&journal->line);
	head_write(&journal->line, journal->next, salt);
	buf_add_str(&journal->line, ",\"kind\":\"");
	buf_add_str(&journal->line, kind);
	buf_add_str(&journal->line, "\",");
	buf_add(&journal->line, body + 1, len - 1);
}

static void count_gap(struct journal *journal)
{
	if (journal->gap == 0)
		journal->gap_since_us = clock_real()->wall_us(clock_real());
	journal->gap++;
	journal->counts.lost++;
}

bool journal_add_numbered(struct journal *journal, const char *kind, const char *body,
	size_t len, uint64_t *ret_number)
{
	bool kept;

	pthread_mutex_lock(&journal->lock);
	make_line(journal, kind, body, len);
	kept = !journal->line.err &&
	       spool_add(journal->spool, journal->line.data, journal->line.len);
	if (kept)
		*ret_number = journal->next++;
	else
		count_gap(journal);
	pthread_mutex_unlock(&journal->lock);
	return kept;
}

bool journal_add(struct journal *journal, const char *kind, const char *body, size_t len)
{
	uint64_t number;

	return journal_add_numbered(journal, kind, body, len, &number);
}

/* What was lost is said as soon as there is room for it. */
static void tell_gap(struct journal *journal)
{
	uint64_t gap, since_us;
	char why[128];
	struct buf body;

	pthread_mutex_lock(&journal->lock);
	gap = journal->gap;
	since_us = journal->gap_since_us;
	journal->gap = 0;
	pthread_mutex_unlock(&journal->lock);
	if (gap == 0)
		return;
	health_why(journal->health, why, sizeof(why));
	buf_init(&body, 0);
	entry_gap(&body, clock_real()->wall_us(clock_real()), "records", gap, since_us,
		why);
	if (body.err || !journal_add(journal, "gap", body.data, body.len)) {
		pthread_mutex_lock(&journal->lock);
		/* It was lost as well, and counted. */
		journal->gap += gap;
		journal->gap_since_us = since_us;
		pthread_mutex_unlock(&journal->lock);
	}
	buf_free(&body);
}

/* 0 or a negated errno. */
static int sync_file(struct journal *journal)
{
	const int err = unsynced_sync(&journal->unsynced, journal->fd);

	if (err)
		health_fail(journal->health, "cdr", err);
	return err;
}

/* What is in the file that is left, once more where its disk did not take it, is on the disk; or nobody knows. */
static int leave_file(struct journal *journal)
{
	int err = sync_file(journal);

	if (err)
		err = sync_file(journal);
	unsynced_forget(&journal->unsynced);
	if (journal->fd >= 0)
		close(journal->fd);
	return err;
}

/* Somebody renamed or removed the file (logrotate): goes on in a new one. 0, or a negated errno: what it had may not be on the
 * disk. */
static int follow_path(struct journal *journal)
{
	struct stat here, there;
	int fd, err;

	if (journal->fd >= 0 && fstat(journal->fd, &here) == 0 &&
		lstat(journal->path, &there) == 0 && here.st_ino == there.st_ino &&
		here.st_dev == there.st_dev)
		return 0;
	fd = open_file(journal->path);
	if (fd < 0) {
		health_fail(journal->health, "cdr", fd);
		return 0;
	}
	err = leave_file(journal);
	journal->fd = fd;
	journal->torn = false;
	journal->file++;
	return err;
}

/* Of LINES whole ones, MAX bytes of them at most. */
static struct span first_lines(struct span lines, size_t max)
{
	const char *newline;

	if (lines.len <= max)
		return lines;
	newline = memrchr(lines.p, '\n', max);
	return (struct span){lines.p, newline ? (size_t)(newline + 1 - lines.p) : 0};
}

/* 0 or a negated errno. */
static int cut_torn(struct journal *journal)
{
	int err = journal->torn ? unsynced_cut(&journal->unsynced, journal->fd) : 0;

	journal->torn = err != 0;
	return err;
}

/* A disk with little room takes what it can, in whole lines. Returns how much; *RET_CALLS of it are records of calls. */
static size_t write_lines(struct journal *journal, struct span lines, uint64_t *ret_calls)
{
	struct span rest, line;
	size_t room = 0, done = 0, whole;
	int err = cut_torn(journal);

	if (!err)
		err = journal->fd < 0 ? -ENOENT
				      : unsynced_reserve(&journal->unsynced, journal->fd,
						lines.len, &room);
	if (err) {
		health_fail(journal->health, "cdr", err);
		return 0;
	}
	err = regular_write(journal->fd, first_lines(lines, room), &done);
	rest = first_lines(lines, done);
	whole = rest.len;
	unsynced_add(&journal->unsynced, rest);
	journal->torn = whole < done;
	(void)cut_torn(journal);
	while (rest.len > 0 && span_next(&rest, '\n', &line))
		*ret_calls += is_call(line.p, line.len);
	if (err)
		health_fail(journal->health, "cdr", err);
	return whole;
}

bool journal_write(struct journal *journal)
{
	struct span lines;
	uint64_t calls = 0;
	size_t done;

	pthread_mutex_lock(&journal->lock);
	lines = spool_lines(journal->spool);
	pthread_mutex_unlock(&journal->lock);
	done = lines.len > 0 ? write_lines(journal, lines, &calls) : 0;
	pthread_mutex_lock(&journal->lock);
	spool_drop(journal->spool, done);
	journal->counts.written += calls;
	pthread_mutex_unlock(&journal->lock);
	return done == lines.len;
}

bool journal_tick(struct journal *journal, struct journal_view *ret_view)
{
	struct journal_view view = {.fd = -1};
	struct stat st;
	bool whole;
	int err;

	if (journal->synced_fd >= 0)
		close(journal->synced_fd);
	err = follow_path(journal);
	whole = journal_write(journal);
	if (whole) {
		tell_gap(journal);
		whole = journal_write(journal);
	}
	if (journal->fd >= 0)
		view.fd = fcntl(journal->fd, F_DUPFD_CLOEXEC, 0);
	view.file = journal->file;
	if (view.fd >= 0 && fstat(view.fd, &st) == 0)
		view.size = st.st_size;
	if (view.fd < 0) {
		whole = false;
	} else if (sync_file(journal) != 0 || err) {
		whole = false;
		/* nothing is known to be on the disk */
		close(view.fd);
		view.fd = -1;
	}
	journal->synced_fd = view.fd;
	if (ret_view)
		*ret_view = view;
	return whole;
}

void journal_counts(struct journal *journal, struct journal_counts *ret)
{
	pthread_mutex_lock(&journal->lock);
	*ret = journal->counts;
	ret->waiting_bytes = spool_len(journal->spool);
	pthread_mutex_unlock(&journal->lock);
}

static void tell_unwritten(const struct journal *journal)
{
	const size_t len = spool_len(journal->spool);

	if (len == 0)
		return; /* it is in the file; why that is not on the disk was said */
	if (spool_is_left(journal->spool))
		log_error("journal", "event=left bytes=%zu", len);
	else
		log_error("journal", "event=lost bytes=%zu", len);
}

void journal_free(struct journal *journal)
{
	if (!journal)
		return;
	if (journal->fd >= 0) {
		if (!journal_tick(journal, NULL))
			tell_unwritten(journal);
		close(journal->fd);
	}
	if (journal->synced_fd >= 0)
		close(journal->synced_fd);
	unsynced_free(&journal->unsynced);
	spool_free(journal->spool);
	buf_free(&journal->line);
	pthread_mutex_destroy(&journal->lock);
	free(journal->path);
	free(journal);
}
