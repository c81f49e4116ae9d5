#include "audit/record_find.h"

#include "audit/cdr_read.h"
#include "audit/cdr_row.h"
#include "audit/journal.h"
#include "audit/store_name.h"
#include "base/regular.h"
#include "evidence/head.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILES 2
#define RECORD_NEEDLE_SIZE 128

struct record_find {
	int fds[FILES]; /* the latest first; -1: there is none */
	unsigned file;
	off_t end; /* of what was not looked at, where a line ends */
	bool by_number;
	uint64_t number;
	char id[STORE_ID_SIZE]; /* of the call that is wanted, unless by number */
	char needle[RECORD_NEEDLE_SIZE];
	record_find_h *h; /* NULL: is_it() alone */
	void *arg;
	char bytes[RECORD_FIND_BYTES];
};

static int open_file(int *ret, const char *state_dir, const char *suffix)
{
	char path[4200];

	snprintf(path, sizeof(path), "%s/" JOURNAL_NAME "%s", state_dir, suffix);
	*ret = regular_open(AT_FDCWD, path, NULL);
	return *ret < 0 && *ret != -ENOENT ? *ret : 0;
}

static off_t size_of(int fd)
{
	struct stat st;

	return fd >= 0 && fstat(fd, &st) == 0 ? st.st_size : 0;
}

/* FIND is taken. */
static int begin(struct record_find **ret, struct record_find *find,
	const char *state_dir, struct err_text *text)
{
	int err;

	find->fds[1] = -1;
	err = open_file(&find->fds[0], state_dir, "");
	if (!err)
		err = open_file(&find->fds[1], state_dir, ".1");
	if (err) {
		record_find_free(find);
		return err_set(text, err, "cannot read the records in %s: %s", state_dir,
			err_str(err));
	}
	find->end = size_of(find->fds[0]);
	*ret = find;
	return 0;
}

int record_find_new(struct record_find **ret, const char *state_dir, const char *what,
	struct err_text *text)
{
	struct record_find *find;

	if (!store_id_ok(what))
		return err_set(text, ERR_FORMAT,
			"%.40s: the id of a call, or the number of a record", what);
	find = calloc(1, sizeof(*find));
	if (!find)
		return err_set(text, -ENOMEM, "out of memory");
	find->by_number = span_uint(span_of(what), INT64_MAX, &find->number) == 0;
	if (find->by_number)
		snprintf(find->needle, sizeof(find->needle), "\"seq\":%" PRIu64 ",",
			find->number);
	else
		snprintf(find->needle, sizeof(find->needle), "\"id\":\"%s\"", what);
	snprintf(find->id, sizeof(find->id), "%s", what);
	return begin(ret, find, state_dir, text);
}

int record_find_where(struct record_find **ret, const char *state_dir, const char *needle,
	record_find_h *h, void *arg, struct err_text *text)
{
	struct record_find *find = calloc(1, sizeof(*find));

	if (!find)
		return err_set(text, -ENOMEM, "out of memory");
	snprintf(find->needle, sizeof(find->needle), "%s", needle);
	find->h = h;
	find->arg = arg;
	return begin(ret, find, state_dir, text);
}

void record_find_free(struct record_find *find)
{
	if (!find)
		return;
	for (unsigned i = 0; i < FILES; i++)
		if (find->fds[i] >= 0)
			close(find->fds[i]);
	free(find);
}

bool record_find_is_call(struct span line, const char *id)
{
	struct cdr_row row;
	struct cdr cdr;
	const int err = cdr_read(&cdr, line);

	if (!err)
		return span_equal_str(cdr.id, id);
	return err == -ENOMSG && cdr_row_read(&row, line) == 0 &&
	       span_equal_str(row.kind, "lost") && span_equal_str(row.id, id);
}

bool record_find_fits(const struct record_find *find, struct span line)
{
	uint64_t seq;

	if (head_read(line, &seq) != 0)
		return false;
	if (find->h)
		return find->h(find->arg, line);
	if (find->by_number)
		return seq == find->number;
	return record_find_is_call(line, find->id);
}

/* From the last line back. */
static bool look(struct record_find *find, struct span lines, struct span *ret_line)
{
	const size_t len = strlen(find->needle);
	struct span line;
	const char *begin;

	while (lines.len > 0) {
		begin = memrchr(lines.p, '\n', lines.len);
		begin = begin ? begin + 1 : lines.p;
		line = (struct span){begin, (size_t)(lines.p + lines.len - begin)};
		if (memmem(line.p, line.len, find->needle, len) &&
			record_find_fits(find, line)) {
			*ret_line = line;
			return true;
		}
		lines.len = begin > lines.p ? (size_t)(begin - lines.p) - 1 : 0;
	}
	return false;
}

int record_find_step(struct record_find *find, struct span *ret_line)
{
	const char *newline = NULL;
	struct span lines;
	off_t from;
	ssize_t n;

	if (find->end == 0) {
		if (++find->file >= FILES)
			return -ENOENT;
		find->end = size_of(find->fds[find->file]);
		return -EAGAIN;
	}
	from = find->end > (off_t)sizeof(find->bytes)
		       ? find->end - (off_t)sizeof(find->bytes)
		       : 0;
	n = pread(find->fds[find->file], find->bytes, (size_t)(find->end - from), from);
	if (n < 0)
		return -errno;
	lines = (struct span){find->bytes, (size_t)n};
	/* A line that begins before is looked at in the next step; one that is longer than all, never. */
	if (from > 0)
		newline = memchr(lines.p, '\n', lines.len);
	if (newline && newline + 1 < lines.p + lines.len) {
		lines.len -= (size_t)(newline + 1 - lines.p);
		lines.p = newline + 1;
		from += lines.p - find->bytes;
	}
	find->end = from;
	return look(find, lines, ret_line) ? 0 : -EAGAIN;
}
