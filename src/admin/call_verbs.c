#include "admin/call_verbs.h"

#include "admin/call_show.h"
#include "admin/verbs.h"
#include "audit/cdr_read.h"
#include "base/buf.h"
#include "base/regular.h"
#include "base/span.h"
#include "bridge/bridge.h"
#include "config/config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define LIST_MAX 500
#define TAIL_DEFAULT 10
#define TAIL_MAX 1000
#define TAIL_BYTES_MAX ((off_t)4 << 20)
/* A CDR with long numbers is a sixth of that, one with all the attempts that it may have, each with what its far end
 * said, is as long. */
#define LINE_BYTES 16384

/* Collects the calls of a list: each costs some 30 us, and calls wait meanwhile. */
struct listing {
	const struct verbs_context *context;
	json_t *array;
};

static void add_call(void *arg, const struct record *record, const char *state)
{
	static const char *const names[] = {"id", "state", "inbound", "emergency", "from",
		"to", "start", "duration_us", "talk_us"};
	static const char *const leg_names[] = {
		"party", "transport", "tls_version", "media", "codec"};
	struct listing *listing = arg;
	json_t *whole, *object, *leg;

	if (json_array_size(listing->array) >= LIST_MAX)
		return;
	whole = call_show_json(listing->context, record, state);
	object = json_object();
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		json_object_set(object, names[i], json_object_get(whole, names[i]));
	for (unsigned i = 0; i < 2; i++) {
		const char *name = record_leg_name(record, i);

		leg = json_object();
		for (size_t j = 0; j < sizeof(leg_names) / sizeof(leg_names[0]); j++)
			json_object_set(leg, leg_names[j],
				json_object_get(
					json_object_get(whole, name), leg_names[j]));
		json_object_set_new(object, name, leg);
	}
	json_decref(whole);
	json_array_append_new(listing->array, object);
}

enum api_code call_verb_list(void *arg, const char *const *args, size_t arg_count,
	json_t **ret_result, struct err_text *text)
{
	const struct verbs_context *context = arg;
	struct listing listing = {.context = context, .array = json_array()};

	(void)args;
	(void)arg_count;
	(void)text;
	bridge_each_call(context->bridge, add_call, &listing);
	*ret_result = json_pack("{s:I, s:o}", "total",
		(json_int_t)bridge_call_count(context->bridge), "calls", listing.array);
	return API_OK;
}

enum api_code call_verb_hangup(void *arg, const char *const *args, size_t arg_count,
	json_t **ret_result, struct err_text *text)
{
	const struct verbs_context *context = arg;
	int err = bridge_hangup(context->bridge, args[0]);

	(void)arg_count;
	(void)ret_result;
	if (err == -ENOENT) {
		err_set(text, 0, "no such call: %.100s", args[0]);
		return API_NOT_FOUND;
	}
	if (err) {
		err_set(text, 0, "call %.100s: %s", args[0], err_str(err));
		return API_FAILED;
	}
	return API_OK;
}

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

enum api_code cdr_verb_tail(void *arg, const char *const *args, size_t arg_count,
	json_t **ret_result, struct err_text *text)
{
	const struct verbs_context *context = arg;
	uint64_t count = TAIL_DEFAULT;
	struct buf end;
	char *path;
	int fd, err;

	if (arg_count > 0 && span_uint(span_of(args[0]), TAIL_MAX, &count) != 0) {
		err_set(text, 0, "%.20s: a number of records, %d at most", args[0],
			TAIL_MAX);
		return API_USAGE;
	}
	if (asprintf(&path, "%s/cdr.jsonl",
		    context->config_h(context->arg)->tandem.state_dir) < 0)
		return API_FAILED;
	buf_init(&end, 0);
	fd = regular_open(AT_FDCWD, path, NULL);
	err = fd < 0 ? fd : read_end(fd, (size_t)count, &end);
	if (fd >= 0)
		close(fd);
	if (err)
		err_set(text, err, "cannot read %s: %s", path, err_str(err));
	else
		*ret_result = last_lines(buf_span(&end), (size_t)count);
	free(path);
	buf_free(&end);
	return err ? API_FAILED : API_OK;
}
