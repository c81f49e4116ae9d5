/*
 * The index is a database on a disk, so each answer is made beside the loop, of copies of all that it needs.
 */
#include "admin/list_verbs.h"

#include "admin/job.h"
#include "admin/list_filter.h"
#include "admin/list_row.h"
#include "admin/report_filter.h"
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
	int (*ask)(struct index_query *query, struct question *question);
	struct list_filter list;
	struct report_filter report;
	unsigned limit; /* of rows */
	json_t *rows;
	uint64_t next; /* where further ones begin */
	unsigned count;
	int err;
	struct err_text text;
};

/* An answer that somebody waits for. */
struct listing {
	struct job job;
	struct aside *aside; /* NULL: it is over */
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

/* OBJECT is taken. */
static bool add_row(struct question *question, json_t *object)
{
	if (!object || json_array_append_new(question->rows, object) != 0) {
		question->err = err_set(&question->text, -ENOMEM, "out of memory");
		return false;
	}
	question->count++;
	return true;
}

static bool list_h(void *arg, const struct index_row *row)
{
	struct question *question = arg;

	question->next = row->place;
	return add_row(question, list_row_json(row));
}

static int ask_list(struct index_query *query, struct question *question)
{
	return index_query_rows(
		query, &question->list.filter, list_h, question, &question->text);
}

static bool report_h(void *arg, const struct index_report_row *row)
{
	struct question *question = arg;

	question->next++;
	return add_row(question, report_row_json(row));
}

static int ask_report(struct index_query *query, struct question *question)
{
	question->next = question->report.report.skip;
	if (question->report.party[0])
		question->report.report.party = question->report.party;
	return index_report(
		query, &question->report.report, report_h, question, &question->text);
}

static void ask(void *arg, const atomic_bool *cancelled)
{
	struct question *question = arg;
	struct index_query *query;
	int err = index_query_new(&query, question->folder, cancelled, &question->text);

	if (!err) {
		question->rows = json_array();
		err = question->rows ? question->ask(query, question)
				     : err_set(&question->text, -ENOMEM, "out of memory");
		index_query_free(query);
	}
	if (!question->err)
		question->err = err;
}

/* The loop */

static void free_h(void *arg)
{
	struct listing *listing = arg;

	if (listing->aside)
		aside_cancel(listing->aside);
	free(listing);
}

/* The rows with what there is to say of the index: records that lie there and are not in it yet are missing among them. */
static json_t *result_of(const struct verbs_context *context, struct question *question)
{
	const bool full = question->count >= question->limit;
	struct index_state state;
	json_t *result;

	index_state(context->index, &state);
	result = json_pack("{s:O, s:o, s:b}", "rows", question->rows, "next",
		full ? json_integer((json_int_t)question->next) : json_null(), "complete",
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
	struct verbs_context *context = listing->job.context;
	struct question *question = work;
	struct err_text text = question->text;
	json_t *result = NULL;

	listing->aside = NULL;
	if (!question->err)
		result = result_of(context, question);
	if (question->err == ERR_FORMAT) {
		index_damaged(context->index);
		err_set(&text, ERR_FORMAT,
			"the index is damaged, and is made anew: ask again later");
	} else if (question->err == -ENOENT) {
		err_set(&text, -ENOENT, "the index is being made: ask again later");
	}
	job_finish(&listing->job, result ? API_OK : API_FAILED, result, &text);
}

/* QUESTION is taken. */
static int start(struct listing *listing, struct question *question)
{
	struct aside_params params = {.loop = listing->job.context->loop,
		.name = "list",
		.work_h = ask,
		.free_h = question_free,
		.done_h = done_h,
		.work = question,
		.arg = listing};

	question->folder = strdup(index_folder(listing->job.context->index));
	if (!question->folder) {
		question_free(question);
		return -ENOMEM;
	}
	return aside_start(&listing->aside, &params);
}

/* QUESTION is taken. */
static enum api_code answer_later(
	struct verbs_context *context, struct question *question, struct err_text *text)
{
	struct listing *listing = calloc(1, sizeof(*listing));
	int err;

	if (!listing) {
		question_free(question);
		err_set(text, -ENOMEM, "out of memory");
		return API_FAILED;
	}
	job_init(&listing->job, context, VERBS_JOB_LIST, free_h, listing);
	err = start(listing, question);
	if (!err)
		return job_defer(&listing->job, text);
	job_drop(&listing->job);
	err_set(text, err, "the answer cannot be made: %s", err_str(err));
	return API_FAILED;
}

/* NULL with TEXT. */
static struct question *question_new(
	const struct verbs_context *context, struct err_text *text)
{
	struct question *question;

	if (!context->index) {
		err_set(text, 0, "there is no index of records: [audit] index = no");
		return NULL;
	}
	if (!job_has_room(context, VERBS_JOB_LIST, text))
		return NULL;
	question = calloc(1, sizeof(*question));
	if (!question)
		err_set(text, -ENOMEM, "out of memory");
	return question;
}

static time_t now_s(void)
{
	return (time_t)(clock_real()->wall_us(clock_real()) / US_PER_S);
}

enum api_code cdr_verb_list(void *arg, const char *const *args, size_t arg_count,
	json_t **ret_result, struct err_text *text)
{
	struct question *question = question_new(arg, text);
	int err;

	(void)ret_result;
	if (!question)
		return API_FAILED;
	question->ask = ask_list;
	err = list_filter_read(&question->list, args, arg_count, now_s(), text);
	if (err) {
		free(question);
		return err == -ENOMEM ? API_FAILED : API_USAGE;
	}
	question->limit = question->list.filter.limit;
	return answer_later(arg, question, text);
}

enum api_code cdr_verb_report(void *arg, const char *const *args, size_t arg_count,
	json_t **ret_result, struct err_text *text)
{
	struct question *question = question_new(arg, text);

	(void)ret_result;
	if (!question)
		return API_FAILED;
	question->ask = ask_report;
	if (report_filter_read(&question->report, args, arg_count, now_s(), text) != 0) {
		free(question);
		return API_USAGE;
	}
	question->limit = question->report.report.limit;
	return answer_later(arg, question, text);
}
