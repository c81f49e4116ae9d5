#include "admin/lookup.h"

#include "audit/index_query.h"
#include "audit/record_find.h"
#include "evidence/records.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

static int read_line(struct buf *ret, const struct index_place *place)
{
	char *room = buf_reserve(ret, RECORDS_LINE_MAX);
	const char *end;
	ssize_t n;

	if (!room)
		return ret->err;
	n = pread(place->fd, room, RECORDS_LINE_MAX, (off_t)place->begin);
	if (n < 0)
		return -errno;
	end = memchr(room, '\n', (size_t)n);
	if (!end)
		return ERR_FORMAT;
	ret->len += (size_t)(end - room);
	return 0;
}

static int ask_index(struct buf *ret, const char *folder, const char *what,
	const atomic_bool *cancelled)
{
	struct index_query *query;
	struct index_place place;
	uint64_t number = 0;
	const bool by_number = span_uint(span_of(what), INT64_MAX, &number) == 0;
	int err = index_query_new(&query, folder, cancelled, NULL);

	if (err)
		return err;
	err = index_query_find(query, by_number ? NULL : what, number, &place, NULL);
	index_query_free(query);
	if (err)
		return err;
	err = read_line(ret, &place);
	close(place.fd);
	return err;
}

static int go_through(struct buf *ret, struct record_find *find,
	const atomic_bool *cancelled, struct err_text *text)
{
	struct span line = {NULL, 0};
	int err;

	do
		err = record_find_step(find, &line);
	while (err == -EAGAIN && !atomic_load(cancelled));
	if (err == -EAGAIN)
		return err_set(text, -ECANCELED, "nobody waits for it");
	if (err == -ENOENT)
		return err_set(text, err,
			"no such record in the files that can be read: what was "
			"compressed is not");
	if (!err) {
		buf_add_span(ret, line);
		err = ret->err;
	}
	return err ? err_set(text, err, "%s", err_str(err)) : 0;
}

int lookup_record(struct buf *ret, const char *state_dir, const char *index_folder,
	const char *what, const atomic_bool *cancelled, struct err_text *text)
{
	struct record_find *find;
	int err = record_find_new(&find, state_dir, what, text);

	if (err)
		return err;
	/* What the index says is looked at, as what anybody could have written. */
	if (!index_folder || ask_index(ret, index_folder, what, cancelled) != 0 ||
		!record_find_fits(find, buf_span(ret))) {
		buf_clear(ret);
		err = go_through(ret, find, cancelled, text);
	}
	record_find_free(find);
	return err;
}
