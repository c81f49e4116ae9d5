/*
 * Work that may wait for a disk, done by a thread of its own beside the loop. It belongs to one of the two at a time: what the thread
 * has touches nothing else, and a loop that does not want the result any more goes on at once, whatever the disk does. Loop thread,
 * but for what says otherwise.
 */
#pragma once

#include "base/loop.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>

struct aside;

/* Counts what was given up and is not over: a thread that a disk holds up stays until that answers. Static: so it may outlive who
 * began it. Any thread. */
struct aside_group {
	pthread_mutex_t lock;
	/* LOCK: lock */
	unsigned given_up;
	uint64_t since_us; /* wall clock; when the first of them began */
};
#define ASIDE_GROUP_INIT                                                                 \
	{                                                                                \
		.lock = PTHREAD_MUTEX_INITIALIZER                                        \
	}

struct aside_params {
	struct loop *loop;
	const char *name; /* of the thread */
	struct aside_group *group;
	/* In the thread: WORK is its own until it returns. It looks at CANCELLED now and then, and ends soon when that is true. */
	void (*work_h)(void *work, const atomic_bool *cancelled);
	/* Nobody wants it any more: frees WORK. Any thread. */
	void (*free_h)(void *work);
	/* In the loop, once, unless aside_cancel() came before: the aside is over, and WORK is whose this is. */
	void (*done_h)(void *arg, void *work);
	void *work;
	void *arg;
};

/* Begins. 0; or negative: WORK was freed. */
int aside_start(struct aside **ret, const struct aside_params *params);
/* Nobody wants it any more: done_h is not called, and free_h when the thread is done. ASIDE is invalid afterwards. */
void aside_cancel(struct aside *aside);
/* WORK holds files open, and to close them may wait for the disk too: free_h frees it beside the loop. */
void aside_discard(struct aside_group *group, void (*free_h)(void *work), void *work);

/* How many of GROUP were given up and are not over; *RET_SINCE_US, where there are any: when the first of them began, wall clock.
 * Any thread. */
unsigned aside_given_up(struct aside_group *group, uint64_t *ret_since_us);
