#include "audit/log_lines.h"

#include "evidence/head.h"
#include "evidence/records.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Of lines that are read at once; a longest one fits behind. */
#define BLOCK ((size_t)256 << 10)

int log_lines_init(struct log_lines *lines)
{
	*lines = (struct log_lines){.fd = -1, .bytes = malloc(BLOCK + RECORDS_LINE_MAX)};
	return lines->bytes ? 0 : -ENOMEM;
}

void log_lines_free(struct log_lines *lines)
{
	if (lines->fd >= 0)
		close(lines->fd);
	free(lines->bytes);
}

bool log_lines_next(struct log_lines *lines, struct span *ret)
{
	const char *from = lines->bytes + lines->begin;
	const char *newline = memchr(from, '\n', lines->end - lines->begin);

	if (!newline)
		return false;
	*ret = (struct span){from, (size_t)(newline - from)};
	return true;
}

ssize_t log_lines_fill(struct log_lines *lines, off_t limit)
{
	size_t len = BLOCK;
	ssize_t n;

	if (lines->begin > 0)
		memmove(lines->bytes, lines->bytes + lines->begin,
			lines->end - lines->begin);
	lines->end -= lines->begin;
	lines->begin = 0;
	if (limit - lines->at < (off_t)len)
		len = limit > lines->at ? (size_t)(limit - lines->at) : 0;
	if (len > BLOCK + RECORDS_LINE_MAX - lines->end)
		return -EFBIG;
	n = pread(lines->fd, lines->bytes + lines->end, len, lines->at);
	if (n < 0)
		return -errno;
	lines->at += n;
	lines->end += (size_t)n;
	return n;
}

static void rewind_lines(struct log_lines *lines)
{
	lines->at = 0;
	lines->begin = lines->end = 0;
}

void log_lines_take(struct log_lines *lines, int fd)
{
	if (lines->fd >= 0)
		close(lines->fd);
	lines->fd = fd;
	rewind_lines(lines);
}

int log_lines_find_head(
	struct log_lines *lines, off_t limit, uint64_t *ret_before, uint64_t *ret_seq)
{
	uint64_t before = 0;
	struct span line;
	bool found = false;
	ssize_t n = 1;

	rewind_lines(lines);
	while (!found && n > 0) {
		while (!found && log_lines_next(lines, &line)) {
			found = head_read(line, ret_seq) == 0;
			before += !found;
			lines->begin += line.len + 1;
		}
		if (!found)
			n = log_lines_fill(lines, limit);
	}
	rewind_lines(lines);
	if (n < 0)
		return (int)n;
	*ret_before = before;
	return found;
}
