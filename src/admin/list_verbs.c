/*
 * The index is a database on a disk, so each answer is made beside the loop, of copies of all that it needs.
 */
#include "admin/list_verbs.h"

#include "admin/list_filter.h"
#include "admin/list_row.h"
#include "admin/question.h"
#include "admin/report_filter.h"
#include "audit/index.h"
#include "base/clock.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define US_PER_S UINT64_C(1000000)

/* What is asked, and what came of it. */
struct listing {
	struct question question;
	int (*ask)(struct index_query *query, struct listing *listing);
	struct list_filter list;
	struct report_filter report;
	unsigned limit; /* of rows */
	json_t *rows;
	uint64_t next; /* where further ones begin */
	unsigned count;
	int err;
};

/* Beside the loop */

static void free_h(struct question *question)
{
	struct listing *listing = (struct listing *)question;

	list_filter_free(&listing->list);
	json_decref(listing->rows);
	free(listing);
}

/* OBJECT is taken. */
static bool add_row(struct listing *listing, json_t *object)
{
	if (!object || json_array_append_new(listing->rows, object) != 0) {
		listing->err = err_set(&listing->question.text, -ENOMEM, "out of memory");
		return false;
	}
	listing->count++;
	return true;
}

static bool list_h(void *arg, const struct index_row *row)
{
	struct listing *listing = arg;

	listing->next = row->place;
	return add_row(listing, list_row_json(row));
}

static int ask_list(struct index_query *query, struct listing *listing)
{
	return index_query_rows(
		query, &listing->list.filter, list_h, listing, &listing->question.text);
}

static bool report_h(void *arg, const struct index_report_row *row)
{
	struct listing *listing = arg;

	listing->next++;
	return add_row(listing, report_row_json(row));
}

static int ask_report(struct index_query *query, struct listing *listing)
{
	listing->next = listing->report.report.skip;
	if (listing->report.party[0])
		listing->report.report.party = listing->report.party;
	return index_report(query, &listing->report.report, report_h, listing,
		&listing->question.text);
}

static void ask_h(struct question *question, const atomic_bool *cancelled)
{
	struct listing *listing = (struct listing *)question;
	struct index_query *query;
	int err = index_query_new(
		&query, question->index_folder, cancelled, &question->text);

	if (!err) {
		listing->rows = json_array();
		err = listing->rows ? listing->ask(query, listing)
				    : err_set(&question->text, -ENOMEM, "out of memory");
		index_query_free(query);
	}
	if (!listing->err)
		listing->err = err;
}

/* The loop */

/* The rows with what there is to say of the index: records that lie there and are not in it yet are missing among them. */
static json_t *result_of(const struct verbs_context *context, struct listing *listing)
{
	const bool full = listing->count >= listing->limit;
	struct index_state state;
	json_t *result;

	index_state(context->index, &state);
	result = json_pack("{s:O, s:o, s:b}", "rows", listing->rows, "next",
		full ? json_integer((json_int_t)listing->next) : json_null(), "complete",
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

static void told_h(struct question *question, struct verbs_context *context)
{
	struct listing *listing = (struct listing *)question;

	if (!listing->err) {
		question_answer(question, result_of(context, listing));
		return;
	}
	if (listing->err == ERR_FORMAT) {
		index_damaged(context->index);
		err_set(&question->text, ERR_FORMAT,
			"the index is damaged, and is made anew: ask again later");
	} else if (listing->err == -ENOENT) {
		err_set(&question->text, -ENOENT,
			"the index is being made: ask again later");
	}
	question_fail(question, API_FAILED);
}

static const struct question_kind kind = {.job = VERBS_JOB_LIST,
	.name = "list",
	.ask_h = ask_h,
	.told_h = told_h,
	.free_h = free_h};

/* NULL with TEXT. */
static struct listing *listing_new(
	const struct verbs_context *context, struct err_text *text)
{
	if (context->index)
		return question_new(context, &kind, sizeof(struct listing), text);
	err_set(text, 0, "there is no index of records: [audit] index = no");
	return NULL;
}

static time_t now_s(void)
{
	return (time_t)(clock_real()->wall_us(clock_real()) / US_PER_S);
}

enum api_code cdr_verb_list(void *arg, const char *const *args, size_t arg_count,
	json_t **ret_result, struct err_text *text)
{
	struct listing *listing = listing_new(arg, text);
	int err;

	(void)ret_result;
	if (!listing)
		return API_FAILED;
	listing->ask = ask_list;
	err = list_filter_read(&listing->list, args, arg_count, now_s(), text);
	if (err) {
		question_free(&listing->question);
		return err == -ENOMEM ? API_FAILED : API_USAGE;
	}
	listing->limit = listing->list.filter.limit;
	return question_ask(arg, &listing->question, 0, text);
}

enum api_code cdr_verb_report(void *arg, const char *const *args, size_t arg_count,
	json_t **ret_result, struct err_text *text)
{
	struct listing *listing = listing_new(arg, text);

	(void)ret_result;
	if (!listing)
		return API_FAILED;
	listing->ask = ask_report;
	if (report_filter_read(&listing->report, args, arg_count, now_s(), text) != 0) {
		question_free(&listing->question);
		return API_USAGE;
	}
	listing->limit = listing->report.report.limit;
	return question_ask(arg, &listing->question, 0, text);
}
