/*
 * A verb's work that goes on between other work of the loop, or beside it, and is answered later. It is a member of what holds
 * the work, which ends in one of three ways: it answers, nobody waits for it any more, or it could not begin. Loop thread.
 */
#pragma once

#include "admin/api.h"
#include "admin/verbs.h"
#include "base/clock.h"
#include "base/timer.h"

#include <stdatomic.h>

struct aside;

typedef void job_h(void *arg);

struct job {
	struct verbs_context *context;
	enum verbs_job kind;
	struct api_call *call; /* NULL: it was not deferred yet */
	struct timer timer;
	job_h *free_h;
	void *arg;
	/* what is under way beside the loop */
	struct aside *aside; /* NULL: nothing */
	uint64_t since_us;   /* wall clock; since when it waits for the disk */
	void (*done_h)(void *arg, void *work);
};

/* So long a disk may take for what is done beside the loop at once. Shorter than a client waits. */
#define JOB_BESIDE_MS 25000

/* A part of a job that waits for a disk, as struct aside_params has it. */
struct job_work {
	const char *name; /* of the thread */
	void (*work_h)(void *work, const atomic_bool *cancelled);
	void (*free_h)(void *work);
	/* In the loop: ARG is that of the job, WORK is whose this is. */
	void (*done_h)(void *arg, void *work);
	void *work;
};

/* Whether one more of KIND may be under way; what was given up and still waits for a disk counts. False: with TEXT. */
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
/* WORK, which is taken, is done beside the loop. What cannot begin, or takes JOB_BESIDE_MS, is answered so, and ARG freed. */
void job_beside(struct job *job, const struct job_work *work);
/* What goes on elsewhere waits for the disk: when it takes JOB_BESIDE_MS, LATE_H(ARG) is called, which answers. */
void job_await_disk(struct job *job, job_h *late_h);
/* Within LATE_H: says so in the log. Returns since when, in BUF. */
const char *job_disk_silent(const struct job *job, char buf[static CLOCK_TEXT_SIZE]);
/* WORK, which a done_h had, holds files open: FREE_H frees it beside the loop. */
void job_discard(const struct job *job, void (*free_h)(void *work), void *work);
/* Frees ARG and answers. RESULT (may be NULL) is taken; TEXT is not in ARG, and may be NULL. */
void job_finish(
	struct job *job, enum api_code code, json_t *result, const struct err_text *text);
