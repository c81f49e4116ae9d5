#include "audit/marks.h"

#include "audit/folder.h"
#include "audit/found.h"
#include "audit/repair.h"
#include "audit/store_name.h"
#include "base/err.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/regular.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_NAME "open.log"
#define NEW_NAME "open.log.new"
/* Longer than this, and than twice its open captures' lines, it is replaced. */
#define STALE_BYTES ((off_t)1 << 20)
#define LINE_BYTES (STORE_DATE_SIZE + STORE_ID_SIZE + 1)
/* Far above what a run leaves; who made a larger one wants our memory. */
#define READ_MAX ((size_t)64 << 20)

struct marks {
	int fd;
	off_t size;         /* of the file's whole lines */
	struct buf waiting; /* lines to be written */
	struct buf kept;    /* lines of captures that could not be repaired */
	uint64_t added;     /* number of the last line that opens a capture */
	uint64_t written;   /* number of the last one in the file */
	bool failing;       /* the last write did */
};

/* A capture that the file says was open; TEXT is "YYYY-MM-DD.ID". */
struct left {
	struct hash_node node;
	char text[];
};

/* Reading what was left */

static struct left *find_left(const struct hash *hash, struct span text, uint64_t value)
{
	struct hash_node *node = hash_find(hash, value);

	for (; node; node = hash_find_next(node)) {
		struct left *left = HASH_ENTRY(node, struct left, node);

		if (span_equal_str(text, left->text))
			return left;
	}
	return NULL;
}

static void take_line(struct hash *hash, struct span line)
{
	struct span text = {.p = line.p + 1, .len = line.len - 1};
	uint64_t value = hash_bytes(text.p, text.len, 0);
	struct left *left = find_left(hash, text, value);

	if (line.p[0] == '-' && left) {
		hash_remove(hash, &left->node);
		free(left);
	} else if (line.p[0] == '+' && !left) {
		left = calloc(1, sizeof(*left) + text.len + 1);
		if (!left)
			return;
		memcpy(left->text, text.p, text.len);
		hash_add(hash, &left->node, value);
	}
}

/* Whole lines alone: what a kill cut off was not relied upon. */
static void take_lines(struct hash *hash, struct span rest)
{
	const char *end;

	while (rest.len > 0 && (end = memchr(rest.p, '\n', rest.len))) {
		struct span line = {.p = rest.p, .len = (size_t)(end - rest.p)};

		if (line.len > 1 && line.len < LINE_BYTES)
			take_line(hash, line);
		rest.p = end + 1;
		rest.len -= line.len + 1;
	}
}

static void read_file(int root_fd, struct buf *out)
{
	const int fd = regular_open(root_fd, FILE_NAME, NULL);
	ssize_t got = 1;
	char *room;

	if (fd < 0)
		return;
	while (got > 0 && (room = buf_reserve(out, 65536))) {
		got = read(fd, room, 65536);
		if (got > 0)
			out->len += (size_t)got;
	}
	close(fd);
}

/* Repairs the capture that TEXT, "YYYY-MM-DD.ID", stands for. Returns whether TEXT is done with. */
static bool repair(int root_fd, const char *text, struct found *found)
{
	char date[STORE_DATE_SIZE];
	const char *id = text + STORE_DATE_SIZE;
	bool unfinished = false;
	off_t cut = 0;
	int fd, err;

	if (strlen(text) <= STORE_DATE_SIZE || text[STORE_DATE_SIZE - 1] != '.')
		return true;
	memcpy(date, text, STORE_DATE_SIZE - 1);
	date[STORE_DATE_SIZE - 1] = '\0';
	if (!store_id_ok(date) || !store_id_ok(id))
		return true;
	fd = folder_find(root_fd, date, id);
	err = fd < 0 ? fd : repair_capture(fd, &cut, &unfinished);
	if (!err && found)
		found_add(found, date, id, fd);
	if (fd >= 0)
		close(fd);
	/* Marked, but killed before the file was made, or removed since: nothing to repair. */
	if (err && err != -ENOENT) {
		log_error("marks", "event=repair call=%s error=\"%s\"", id, err_str(err));
		return false;
	}
	if (unfinished)
		log_warning("marks", "event=repair call=%s unfinished=yes", id);
	else
		log_info("marks", "event=repair call=%s cut-bytes=%lld", id,
			(long long)cut);
	return true;
}

struct repair_all {
	struct marks *marks;
	struct hash *hash;
	int root_fd;
	struct found *found;
};

static void repair_node(void *arg, struct hash_node *node)
{
	const struct repair_all *all = arg;
	struct left *left = HASH_ENTRY(node, struct left, node);

	if (!repair(all->root_fd, left->text, all->found)) {
		buf_add_char(&all->marks->kept, '+');
		buf_add_str(&all->marks->kept, left->text);
		buf_add_char(&all->marks->kept, '\n');
	}
	hash_remove(all->hash, node);
	free(left);
}

static int repair_left(struct marks *marks, int root_fd, struct found *found)
{
	struct hash hash;
	struct repair_all all = {
		.marks = marks, .hash = &hash, .root_fd = root_fd, .found = found};
	struct buf text;
	int err = hash_init(&hash);

	if (err)
		return err;
	buf_init(&text, READ_MAX);
	read_file(root_fd, &text);
	take_lines(&hash, buf_span(&text));
	buf_free(&text);
	hash_each(&hash, repair_node, &all);
	hash_free(&hash);
	return 0;
}

static void line_h(void *arg, const char *date, const char *id)
{
	marks_line(arg, date, id);
}

int marks_new(struct marks **ret, int root_fd, struct found *found)
{
	struct marks *marks = calloc(1, sizeof(*marks));
	struct buf lines;
	int err;

	if (!marks)
		return -ENOMEM;
	marks->fd = -1;
	buf_init(&marks->waiting, 0);
	buf_init(&marks->kept, 0);
	buf_init(&lines, 0);
	err = repair_left(marks, root_fd, found);
	if (!err && found)
		found_each(found, line_h, &lines);
	if (!err)
		err = marks_replace(marks, root_fd, &lines);
	buf_free(&lines);
	if (err) {
		marks_free(marks);
		return err;
	}
	*ret = marks;
	return 0;
}

void marks_free(struct marks *marks)
{
	if (!marks)
		return;
	if (marks->fd >= 0)
		close(marks->fd);
	buf_free(&marks->waiting);
	buf_free(&marks->kept);
	free(marks);
}

/* Writing */

static void add_line(struct buf *out, char sign, const char *date, const char *id)
{
	buf_add_char(out, sign);
	buf_add_str(out, date);
	buf_add_char(out, '.');
	buf_add_str(out, id);
	buf_add_char(out, '\n');
}

void marks_line(struct buf *lines, const char *date, const char *id)
{
	add_line(lines, '+', date, id);
}

int marks_add(struct marks *marks, const char *date, const char *id, uint64_t *ret_number)
{
	/* Else the lines would pile up in memory for as long as the disk fails. */
	int err = marks->failing ? marks_write(marks) : 0;

	if (err)
		return err;
	add_line(&marks->waiting, '+', date, id);
	*ret_number = ++marks->added;
	return 0;
}

void marks_remove(struct marks *marks, const char *date, const char *id)
{
	add_line(&marks->waiting, '-', date, id);
}

int marks_write(struct marks *marks)
{
	int err = marks->waiting.err;

	if (!err && marks->waiting.len == 0)
		return 0;
	if (!err)
		err = regular_write(marks->fd, buf_span(&marks->waiting), NULL);
	marks->failing = err != 0;
	if (err) {
		/* Half a line would spoil the next one. */
		(void)!ftruncate(marks->fd, marks->size);
		return err;
	}
	marks->size += (off_t)marks->waiting.len;
	marks->written = marks->added;
	buf_clear(&marks->waiting);
	return 0;
}

bool marks_reached(const struct marks *marks, uint64_t number)
{
	return number <= marks->written;
}

bool marks_are_stale(const struct marks *marks, size_t count)
{
	struct stat st;

	if (marks->waiting.err || fstat(marks->fd, &st) < 0 || st.st_nlink == 0)
		return true;
	return marks->size > STALE_BYTES &&
	       marks->size > 2 * (off_t)(count * LINE_BYTES + marks->kept.len);
}

int marks_replace(struct marks *marks, int root_fd, const struct buf *lines)
{
	int fd, err = lines->err ? lines->err : marks->kept.err;

	if (err)
		return err;
	/* What a killed process left of the same, or whatever stands there. */
	unlinkat(root_fd, NEW_NAME, 0);
	fd = openat(root_fd, NEW_NAME,
		O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	err = regular_write(fd, buf_span(&marks->kept), NULL);
	if (!err)
		err = regular_write(fd, buf_span(lines), NULL);
	if (!err && renameat(root_fd, NEW_NAME, root_fd, FILE_NAME) < 0)
		err = -errno;
	if (err) {
		close(fd);
		unlinkat(root_fd, NEW_NAME, 0);
		return err;
	}
	if (marks->fd >= 0)
		close(marks->fd);
	marks->fd = fd;
	marks->size = (off_t)(marks->kept.len + lines->len);
	marks->written = marks->added;
	marks->failing = false;
	buf_clear(&marks->waiting);
	return 0;
}
