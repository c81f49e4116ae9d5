#include "admin/tail_verbs.h"

#include "admin/question.h"
#include "audit/cdr_read.h"
#include "base/buf.h"
#include "base/regular.h"
#include "base/span.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define TAIL_DEFAULT 10
#define TAIL_MAX 1000
#define TAIL_BYTES_MAX ((off_t)4 << 20)
/* A CDR with long numbers is a sixth of that, one with all the attempts that it may have, each with what its far end
 * said, is as long. */
#define LINE_BYTES 16384

struct tail {
	struct question question;
	uint64_t count;
};

/* Beside the loop */

/* Reads the end of FD: room for COUNT lines, and for a line cut at its start. */
static int read_end(int fd, size_t count, struct buf *out)
{
	off_t len = (off_t)(count + 1) * LINE_BYTES;
	struct stat st;
	char *room;
	ssize_t n;

	if (fstat(fd, &st) < 0)
		return -errno;
	if (len > TAIL_BYTES_MAX)
		len = TAIL_BYTES_MAX;
	if (len > st.st_size)
		len = st.st_size;
	room = buf_reserve(out, (size_t)len);
	if (!room)
		return -ENOMEM;
	n = pread(fd, room, (size_t)len, st.st_size - len);
	if (n < 0)
		return -errno;
	out->len = (size_t)n;
	/* A line that began before what was read is none. */
	if (len < st.st_size) {
		const char *newline = memchr(out->data, '\n', out->len);

		buf_consume(out, newline ? (size_t)(newline + 1 - out->data) : out->len);
	}
	return 0;
}

/* Of calls, and not of what else is in the log. */
static bool is_call(struct span line)
{
	struct cdr cdr;

	return line.len > 0 && cdr_read(&cdr, line) == 0;
}

/* The last COUNT records of TEXT that are of calls, oldest first. */
static json_t *last_lines(struct span text, size_t count)
{
	struct span rest = text, line;
	json_t *array = json_array(), *object;
	size_t total = 0;

	while (span_next(&rest, '\n', &line))
		total += is_call(line);
	rest = text;
	while (span_next(&rest, '\n', &line)) {
		if (!is_call(line) || total-- > count)
			continue;
		object = json_loadb(line.p, line.len, 0, NULL);
		if (object)
			json_array_append_new(array, object);
	}
	return array;
}

static void ask_h(struct question *question, const atomic_bool *cancelled)
{
	struct tail *tail = (struct tail *)question;
	struct buf end;
	char *path;
	int fd, err;

	(void)cancelled;
	if (asprintf(&path, "%s/cdr.jsonl", question->state_dir) < 0) {
		question_answer(question, NULL);
		return;
	}
	buf_init(&end, 0);
	fd = regular_open(AT_FDCWD, path, NULL);
	err = fd < 0 ? fd : read_end(fd, (size_t)tail->count, &end);
	if (fd >= 0)
		close(fd);
	if (err) {
		err_set(&question->text, err, "cannot read %s: %s", path, err_str(err));
		question_fail(question, API_FAILED);
	} else {
		question_answer(
			question, last_lines(buf_span(&end), (size_t)tail->count));
	}
	free(path);
	buf_free(&end);
}

/* The loop */

static const struct question_kind kind = {
	.job = VERBS_JOB_LIST, .name = "tail", .ask_h = ask_h};

enum api_code cdr_verb_tail(void *arg, const char *const *args, size_t arg_count,
	json_t **ret_result, struct err_text *text)
{
	uint64_t count = TAIL_DEFAULT;
	struct tail *tail;

	(void)ret_result;
	if (arg_count > 0 && span_uint(span_of(args[0]), TAIL_MAX, &count) != 0) {
		err_set(text, 0, "%.20s: a number of records, %d at most", args[0],
			TAIL_MAX);
		return API_USAGE;
	}
	tail = question_new(arg, &kind, sizeof(*tail), text);
	if (!tail)
		return API_FAILED;
	tail->count = count;
	return question_ask(arg, &tail->question, 0, text);
}
