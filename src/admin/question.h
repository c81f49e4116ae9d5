/*
 * A question that files answer, such as records and captures. It is a copy of all that is asked: it goes to a thread beside the loop, and
 * comes back with the answer; so no call waits for the disk. It is the first member of what else is asked.
 */
#pragma once

#include "admin/verbs.h"
#include "base/err.h"

#include <jansson.h>
#include <stdatomic.h>
#include <stdint.h>

struct question;

struct question_kind {
	enum verbs_job job;
	const char *name; /* of the thread */
	/* In the thread: sets CODE, and RESULT or TEXT. CANCELLED becomes true when nobody waits any more. */
	void (*ask_h)(struct question *question, const atomic_bool *cancelled);
	/* In the loop, before the answer is given; NULL: nothing is to be done. */
	void (*told_h)(struct question *question, struct verbs_context *context);
	/* Any thread: frees what QUESTION is a member of. NULL: free() does. */
	void (*free_h)(struct question *question);
};

struct question {
	const struct question_kind *kind;
	char *state_dir;
	char *index_folder; /* NULL: there is no index of records */
	/* the answer */
	enum api_code code;
	json_t *result;
	struct err_text text;
};

/* SIZE bytes of zeros, which begin with a question of KIND; what is added is freed by its free_h. NULL with TEXT: there is no
 * memory, or too much is under way. */
void *question_new(const struct verbs_context *context, const struct question_kind *kind,
	size_t size, struct err_text *text);
void question_free(struct question *question); /* that was not asked */

/* Within a handler, which returns what this returns. QUESTION is taken; it is asked in MS milliseconds. */
enum api_code question_ask(struct verbs_context *context, struct question *question,
	uint64_t ms, struct err_text *text);

/* ---- in the thread ---- */

/* QUESTION failed: CODE, with its TEXT set. */
void question_fail(struct question *question, enum api_code code);
/* The answer is RESULT, which is taken; NULL: there was no memory for it. */
void question_answer(struct question *question, json_t *result);
