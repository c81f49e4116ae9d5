#include "admin/lookup.h"

#include "admin/verbs.h"
#include "audit/index.h"
#include "audit/index_query.h"
#include "audit/record_find.h"
#include "base/aside.h"
#include "base/buf.h"
#include "base/loop.h"
#include "config/config.h"
#include "evidence/records.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct lookup {
	struct loop *loop;
	struct record_find *find;
	struct aside *aside; /* NULL: the index was asked, or there is none */
	struct timer timer;
	lookup_h *h;
	void *arg;
};

/* Beside the loop */

struct question {
	char *folder;
	char *id; /* NULL: by its number */
	uint64_t number;
	int err;
	struct buf line;
};

static void question_free(void *arg)
{
	struct question *question = arg;

	buf_free(&question->line);
	free(question->folder);
	free(question->id);
	free(question);
}

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

static void ask(void *arg, const atomic_bool *cancelled)
{
	struct question *question = arg;
	struct index_query *query;
	struct index_place place;

	question->err = index_query_new(&query, question->folder, cancelled, NULL);
	if (question->err)
		return;
	question->err =
		index_query_find(query, question->id, question->number, &place, NULL);
	index_query_free(query);
	if (question->err)
		return;
	question->err = read_line(&question->line, &place);
	close(place.fd);
}

/* The loop */

static void lookup_free(struct lookup *lookup)
{
	timer_stop(&lookup->timer);
	record_find_free(lookup->find);
	free(lookup);
}

static void finish(struct lookup *lookup, int err, struct span line, const char *why)
{
	struct err_text text = {""};

	if (err)
		err_set(&text, err, "%s", why);
	lookup->h(lookup->arg, err, line, &text);
	lookup_free(lookup);
}

static void step_h(void *arg)
{
	struct lookup *lookup = arg;
	struct span line = {NULL, 0};
	int err = record_find_step(lookup->find, &line);

	/* By a timer: what is deferred would run in this same turn. */
	if (err == -EAGAIN)
		timer_start(loop_timers(lookup->loop), &lookup->timer, 0, step_h, lookup);
	else if (err == -ENOENT)
		finish(lookup, err, line,
			"no such record in the files that can be read: what was "
			"compressed is "
			"not");
	else
		finish(lookup, err, line, err ? err_str(err) : "");
}

/* What the index says is looked at, as what anybody could have written. */
static void asked_h(void *arg, void *work)
{
	struct lookup *lookup = arg;
	struct question *question = work;
	const struct span line = buf_span(&question->line);

	lookup->aside = NULL;
	if (!question->err && record_find_fits(lookup->find, line))
		finish(lookup, 0, line, "");
	else
		timer_start(loop_timers(lookup->loop), &lookup->timer, 0, step_h, lookup);
}

static int ask_index(struct lookup *lookup, const struct index *index, const char *what)
{
	struct question *question = calloc(1, sizeof(*question));
	const struct aside_params params = {.loop = lookup->loop,
		.name = "lookup",
		.work_h = ask,
		.free_h = question_free,
		.done_h = asked_h,
		.work = question,
		.arg = lookup};

	if (!question)
		return -ENOMEM;
	buf_init(&question->line, 0);
	question->folder = strdup(index_folder(index));
	if (span_uint(span_of(what), INT64_MAX, &question->number) != 0)
		question->id = strdup(what);
	return aside_start(&lookup->aside, &params);
}

int lookup_start(struct lookup **ret, const struct verbs_context *context,
	const char *what, lookup_h *h, void *arg, struct err_text *text)
{
	struct lookup *lookup = calloc(1, sizeof(*lookup));
	int err;

	if (!lookup)
		return err_set(text, -ENOMEM, "out of memory");
	lookup->loop = context->loop;
	lookup->h = h;
	lookup->arg = arg;
	err = record_find_new(&lookup->find,
		context->config_h(context->arg)->tandem.state_dir, what, text);
	if (err) {
		free(lookup);
		return err;
	}
	if (!context->index || ask_index(lookup, context->index, what) != 0)
		timer_start(loop_timers(lookup->loop), &lookup->timer, 0, step_h, lookup);
	*ret = lookup;
	return 0;
}

void lookup_cancel(struct lookup *lookup)
{
	if (!lookup)
		return;
	if (lookup->aside)
		aside_cancel(lookup->aside);
	lookup_free(lookup);
}
