/*
 * Whether audit can write. Who writes sets it, anybody may read it. One log line is written
 * when writing begins to fail, and one when it works again. Any thread.
 *
 * A disk that does not answer fails nothing: who waits for it cannot say so. So the audit thread says when a turn begins and
 * ends, and others see by the clock that it is held up.
 */
#pragma once

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct health {
	atomic_bool failing; /* atomic */
	pthread_mutex_t lock;
	char why[128]; /* LOCK: lock */
	/* atomic, monotonic; of the audit thread: since when its turn lasts, 0: it waits for work */
	_Atomic uint64_t turn_us;
	/* atomic; as seen by the loop */
	atomic_bool stalled;
	uint64_t stalled_us; /* loop thread; when that was seen last */
};

/* So long a turn is told of. */
#define HEALTH_STALLED_US UINT64_C(600000)
/* A disk is taken to be stalled for so long behind a turn that was. */
#define HEALTH_REST_US UINT64_C(2000000)

void health_init(struct health *health);
void health_free(struct health *health);

/* WHAT ("capture", "cdr") failed with the negated errno ERR. */
void health_fail(struct health *health, const char *what, int err);
/* Writing works again; LOST records went missing since the start. */
void health_recover(struct health *health, uint64_t lost);
bool health_is_failing(const struct health *health);
/* Copies why it fails, or last failed; "" when it never did. */
void health_why(struct health *health, char *ret_why, size_t size);

/* Audit thread: what it does from now on may be held up by the disk, until it waits for work again. */
void health_turn_begins(struct health *health, uint64_t mono_us);
void health_turn_ends(struct health *health);
/* Loop thread, a few times a second: says once in the log that the disk does not answer, and once that it does again. */
void health_look(struct health *health, uint64_t mono_us);
/* As it was seen then. */
bool health_is_stalled(const struct health *health);
