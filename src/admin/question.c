#include "admin/question.h"

#include "admin/job.h"
#include "audit/index.h"
#include "config/config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* One who waits for the answer. */
struct asking {
	struct job job;
	struct question *question; /* NULL: it is beside the loop */
};

void question_free(struct question *question)
{
	free(question->state_dir);
	free(question->index_folder);
	json_decref(question->result);
	if (question->kind->free_h)
		question->kind->free_h(question);
	else
		free(question);
}

void *question_new(const struct verbs_context *context, const struct question_kind *kind,
	size_t size, struct err_text *text)
{
	const char *state_dir = context->config_h(context->arg)->tandem.state_dir;
	struct question *question;

	if (!job_has_room(context, kind->job, text))
		return NULL;
	question = calloc(1, size);
	if (question) {
		question->kind = kind;
		question->state_dir = strdup(state_dir);
		if (context->index)
			question->index_folder = strdup(index_folder(context->index));
	}
	if (question && question->state_dir &&
		(question->index_folder || !context->index))
		return question;
	if (question)
		question_free(question);
	err_set(text, -ENOMEM, "out of memory");
	return NULL;
}

/* ---- in the thread ---- */

void question_fail(struct question *question, enum api_code code)
{
	question->code = code;
}

void question_answer(struct question *question, json_t *result)
{
	question->code = result ? API_OK : API_FAILED;
	question->result = result;
	if (!result)
		err_set(&question->text, -ENOMEM, "out of memory");
}

static void work_h(void *work, const atomic_bool *cancelled)
{
	struct question *question = work;

	question->kind->ask_h(question, cancelled);
}

static void free_work_h(void *work)
{
	question_free(work);
}

/* ---- the loop ---- */

static void free_h(void *arg)
{
	struct asking *asking = arg;

	if (asking->question)
		question_free(asking->question);
	free(asking);
}

static void done_h(void *arg, void *work)
{
	struct asking *asking = arg;
	struct question *question = work;
	json_t *result;

	if (question->kind->told_h)
		question->kind->told_h(question, asking->job.context);
	result = question->result;
	question->result = NULL;
	job_finish(&asking->job, question->code, result, &question->text);
	question_free(question);
}

static void begin_h(void *arg)
{
	struct asking *asking = arg;
	const struct job_work work = {.name = asking->question->kind->name,
		.work_h = work_h,
		.free_h = free_work_h,
		.done_h = done_h,
		.work = asking->question};

	asking->question = NULL;
	job_beside(&asking->job, &work);
}

enum api_code question_ask(struct verbs_context *context, struct question *question,
	uint64_t ms, struct err_text *text)
{
	struct asking *asking = calloc(1, sizeof(*asking));

	if (!asking) {
		question_free(question);
		err_set(text, -ENOMEM, "out of memory");
		return API_FAILED;
	}
	job_init(&asking->job, context, question->kind->job, free_h, asking);
	asking->question = question;
	if (ms > 0)
		job_go_on(&asking->job, ms, begin_h);
	else
		begin_h(asking);
	return job_defer(&asking->job, text);
}
