#include "audit/whose.h"

#include "audit/folder.h"
#include "base/buf.h"
#include "base/regular.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define DATE_LEN (STORE_DATE_SIZE - 1)
/* Of lines in memory while the disk fails; captures are lost then as well. */
#define WAITING_MAX ((size_t)1 << 20)
/* Far above what a day has; who made a larger one wants our memory. */
#define READ_MAX ((size_t)256 << 20)
#define READ_STEP 65536

struct whose {
	struct buf waiting; /* lines with their date in front */
	int fd;             /* the file of DATE; -1: none is open */
	char date[STORE_DATE_SIZE];
};

int whose_new(struct whose **ret)
{
	struct whose *whose = calloc(1, sizeof(*whose));

	if (!whose)
		return -ENOMEM;
	buf_init(&whose->waiting, WAITING_MAX);
	whose->fd = -1;
	*ret = whose;
	return 0;
}

void whose_rest(struct whose *whose)
{
	if (whose->fd >= 0)
		close(whose->fd);
	whose->fd = -1;
}

void whose_free(struct whose *whose)
{
	if (!whose)
		return;
	whose_rest(whose);
	buf_free(&whose->waiting);
	free(whose);
}

void whose_add(struct whose *whose, const char *date, const char *id, const char *trunk)
{
	const size_t before = whose->waiting.len;

	buf_add_str(&whose->waiting, date);
	buf_add_char(&whose->waiting, ' ');
	buf_add_str(&whose->waiting, id);
	buf_add_char(&whose->waiting, ' ');
	buf_add_str(&whose->waiting, trunk);
	buf_add_char(&whose->waiting, '\n');
	if (whose->waiting.err) {
		whose->waiting.err = 0;
		whose->waiting.len = before;
	}
}

/* ---- writing ---- */

static int open_file(int root_fd, const char *date)
{
	const int day_fd = folder_day(root_fd, date);
	int fd;

	if (day_fd < 0)
		return day_fd;
	fd = openat(day_fd, WHOSE_NAME,
		O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK,
		0640);
	if (fd < 0)
		fd = -errno;
	close(day_fd);
	return fd;
}

static bool is_good(int fd, struct stat *ret)
{
	return fstat(fd, ret) == 0 && S_ISREG(ret->st_mode) && ret->st_nlink == 1;
}

/* Has the file of DATE open. One that is kept may have been removed. 0 or a negated errno. */
static int take_file(struct whose *whose, int root_fd, const char *date, off_t *ret_end)
{
	struct stat st;

	if (whose->fd >= 0 &&
		(strcmp(whose->date, date) != 0 || !is_good(whose->fd, &st)))
		whose_rest(whose);
	if (whose->fd < 0) {
		whose->fd = open_file(root_fd, date);
		if (whose->fd < 0)
			return whose->fd;
		snprintf(whose->date, sizeof(whose->date), "%s", date);
		if (!is_good(whose->fd, &st)) {
			whose_rest(whose);
			return -EPERM;
		}
	}
	*ret_end = st.st_size;
	return 0;
}

/* Whole, or not at all. */
static int append(
	struct whose *whose, int root_fd, const char *date, const struct buf *lines)
{
	off_t end;
	int err = take_file(whose, root_fd, date, &end);

	if (err)
		return err;
	err = regular_write(whose->fd, buf_span(lines), NULL);
	/* half a line would spoil the next one */
	if (err)
		(void)!ftruncate(whose->fd, end);
	return err;
}

/* The lines at the front of what waits that are of one day, without it. Returns how many bytes these are of what waits. */
static size_t first_day(
	struct span waiting, char date[static STORE_DATE_SIZE], struct buf *lines)
{
	size_t at = 0;

	memcpy(date, waiting.p, DATE_LEN);
	date[DATE_LEN] = '\0';
	while (at < waiting.len && memcmp(waiting.p + at, date, DATE_LEN) == 0) {
		const char *line = waiting.p + at + DATE_LEN + 1;
		const char *end = memchr(line, '\n', waiting.len - at - DATE_LEN - 1);

		buf_add(lines, line, (size_t)(end + 1 - line));
		at = (size_t)(end + 1 - waiting.p);
	}
	return at;
}

int whose_write(struct whose *whose, int root_fd)
{
	char date[STORE_DATE_SIZE];
	struct buf lines;
	int err = 0;

	buf_init(&lines, 0);
	while (!err && whose->waiting.len > 0) {
		const size_t len = first_day(buf_span(&whose->waiting), date, &lines);

		err = lines.err ? lines.err : append(whose, root_fd, date, &lines);
		if (!err || err == -EPERM || err == -ELOOP || err == -EISDIR)
			buf_consume(&whose->waiting, len);
		buf_clear(&lines);
	}
	buf_free(&lines);
	return err;
}

/* ---- reading ---- */

static void each_line(struct span rest, whose_h *h, void *arg)
{
	struct span id, line;
	const char *end;

	while (rest.len > 0 && (end = memchr(rest.p, '\n', rest.len))) {
		line = (struct span){.p = rest.p, .len = (size_t)(end - rest.p)};
		rest.len -= line.len + 1;
		rest.p = end + 1;
		if (span_next(&line, ' ', &id) && line.len > 0)
			h(arg, id, line);
	}
}

void whose_each(int day_fd, whose_h *h, void *arg)
{
	const int fd = regular_open(day_fd, WHOSE_NAME, NULL);
	struct buf text;
	ssize_t got = 1;
	char *room;

	if (fd < 0)
		return;
	buf_init(&text, READ_MAX);
	while (got > 0 && (room = buf_reserve(&text, READ_STEP))) {
		got = read(fd, room, READ_STEP);
		if (got > 0)
			text.len += (size_t)got;
	}
	close(fd);
	each_line(buf_span(&text), h, arg);
	buf_free(&text);
}
