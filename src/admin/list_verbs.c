/*
 * The index is a database on a disk, so each answer is made beside the loop, of copies of all that it needs.
 */
#include "admin/list_verbs.h"

#include "admin/list_filter.h"
#include "admin/list_row.h"
#include "admin/verbs.h"
#include "audit/index.h"
#include "base/aside.h"
#include "base/clock.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define US_PER_S UINT64_C(1000000)

/* What is asked, and what came of it. */
struct question {
	char *folder;
	struct list_filter list;
	json_t *rows;
	uint64_t last; /* place of the last row */
	unsigned count;
	int err;
	struct err_text text;
};

/* An answer that somebody waits for. */
struct listing {
	struct verbs_context *context;
	struct api_call *call;
	struct aside *aside;
};

/* Beside the loop */

static void question_free(void *arg)
{
	struct question *question = arg;

	list_filter_free(&question->list);
	json_decref(question->rows);
	free(question->folder);
	free(question);
}

static bool row_h(void *arg, const struct index_row *row)
{
	struct question *question = arg;
	json_t *object = list_row_json(row);

	if (!object || json_array_append_new(question->rows, object) != 0) {
		question->err = err_set(&question->text, -ENOMEM, "out of memory");
		return false;
	}
	question->last = row->place;
	question->count++;
	return true;
}

static void ask(void *arg, const atomic_bool *cancelled)
{
	struct question *question = arg;
	struct index_query *query;
	int err = index_query_new(&query, question->folder, cancelled, &question->text);

	if (!err) {
		question->rows = json_array();
		err = question->rows ? index_query_rows(query, &question->list.filter,
					       row_h, question, &question->text)
				     : err_set(&question->text, -ENOMEM, "out of memory");
		index_query_free(query);
	}
	if (!question->err)
		question->err = err;
}

/* The loop */

static void listing_free(struct listing *listing)
{
	listing->context->lists--;
	free(listing);
}

static void cancel_h(void *arg)
{
	struct listing *listing = arg;

	aside_cancel(listing->aside);
	listing_free(listing);
}

/* The rows with what there is to say of the index: records that lie there and are not in it yet are missing among them. */
static json_t *result_of(const struct verbs_context *context, struct question *question)
{
	const bool full = question->count >= question->list.filter.limit;
	struct index_state state;
	json_t *result;

	index_state(context->index, &state);
	result = json_pack("{s:O, s:o, s:b}", "rows", question->rows, "next",
		full ? json_integer((json_int_t)question->last) : json_null(), "complete",
		!state.catching_up && !state.failing);
	if (result && (state.catching_up || state.failing))
		json_object_set_new(result, "warning",
			json_string(
				state.failing
					? "the index cannot be written: the latest "
					  "records are missing; see tandemctl status"
					: "the index is being made: the latest records "
					  "are missing still"));
	return result;
}

static void done_h(void *arg, void *work)
{
	struct listing *listing = arg;
	struct verbs_context *context = listing->context;
	struct question *question = work;
	struct api_call *call = listing->call;
	struct err_text text = question->text;
	json_t *result = NULL;

	listing_free(listing);
	if (!question->err)
		result = result_of(context, question);
	if (question->err == ERR_FORMAT) {
		index_damaged(context->index);
		err_set(&text, ERR_FORMAT,
			"the index is damaged, and is made anew: ask again later");
	} else if (question->err == -ENOENT) {
		err_set(&text, -ENOENT, "the index is being made: ask again later");
	}
	api_finish(call, result ? API_OK : API_FAILED, result, &text);
}

/* LIST is taken. NULL: out of memory. */
static struct question *question_new(const char *folder, struct list_filter *list)
{
	struct question *question = calloc(1, sizeof(*question));

	if (question)
		question->folder = strdup(folder);
	if (!question || !question->folder) {
		free(question);
		list_filter_free(list);
		return NULL;
	}
	question->list = *list;
	/* what it points to in itself */
	if (list->filter.number)
		question->list.filter.number = &question->list.pattern;
	return question;
}

static int start(struct listing *listing, struct list_filter *list)
{
	struct aside_params params = {.loop = listing->context->loop,
		.name = "list",
		.work_h = ask,
		.free_h = question_free,
		.done_h = done_h,
		.work = question_new(index_folder(listing->context->index), list),
		.arg = listing};
	int err = params.work ? aside_start(&listing->aside, &params) : -ENOMEM;

	if (err)
		return err;
	listing->call = api_defer(listing->context->api, cancel_h, listing);
	if (listing->call)
		return 0;
	aside_cancel(listing->aside);
	return ERR_STATE;
}

enum api_code cdr_verb_list(void *arg, const char *const *args, size_t arg_count,
	json_t **ret_result, struct err_text *text)
{
	struct verbs_context *context = arg;
	const time_t now = (time_t)(clock_real()->wall_us(clock_real()) / US_PER_S);
	struct listing *listing;
	struct list_filter list;
	int err;

	(void)ret_result;
	if (!context->index) {
		err_set(text, 0, "there is no index of records: [audit] index = no");
		return API_FAILED;
	}
	if (context->lists >= VERBS_LISTS_MAX) {
		err_set(text, 0, "%d lists are being made: ask again in a few seconds",
			VERBS_LISTS_MAX);
		return API_FAILED;
	}
	err = list_filter_read(&list, args, arg_count, now, text);
	if (err)
		return err == -ENOMEM ? API_FAILED : API_USAGE;
	listing = calloc(1, sizeof(*listing));
	if (!listing) {
		list_filter_free(&list);
		err_set(text, -ENOMEM, "out of memory");
		return API_FAILED;
	}
	listing->context = context;
	context->lists++;
	err = start(listing, &list);
	if (!err)
		return API_PENDING;
	listing_free(listing);
	err_set(text, err, "the answer cannot be made: %s", err_str(err));
	return API_FAILED;
}
