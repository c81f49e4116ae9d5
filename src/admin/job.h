/*
 * A verb's work that goes on between other work of the loop and is answered later. It is a member of what holds the work, which
 * ends in one of three ways: it answers, nobody waits for it any more, or it could not begin. Loop thread.
 */
#pragma once

#include "admin/api.h"
#include "admin/verbs.h"
#include "base/timer.h"

typedef void job_h(void *arg);

struct job {
	struct verbs_context *context;
	enum verbs_job kind;
	struct api_call *call; /* NULL: it was not deferred yet */
	struct timer timer;
	job_h *free_h;
	void *arg;
};

/* Whether one more of KIND may be under way. False: with TEXT. */
bool job_has_room(
	const struct verbs_context *context, enum verbs_job kind, struct err_text *text);
/* JOB is a member of ARG, which FREE_H frees with all that it has. It is under way from now on. */
void job_init(struct job *job, struct verbs_context *context, enum verbs_job kind,
	job_h *free_h, void *arg);
/* It could not begin: ARG is freed. */
void job_drop(struct job *job);
/* Within a handler, which returns what this returns: API_PENDING; or API_FAILED with TEXT, and ARG is freed. */
enum api_code job_defer(struct job *job, struct err_text *text);
/* STEP_H(ARG) is called in MS milliseconds; 0: when the loop has done its other work. */
void job_go_on(struct job *job, uint64_t ms, job_h *step_h);
/* Frees ARG and answers. RESULT (may be NULL) is taken; TEXT is not in ARG, and may be NULL. */
void job_finish(
	struct job *job, enum api_code code, json_t *result, const struct err_text *text);
