/*
 * Work that may wait for a disk, done by a thread of its own beside the loop. Whoever of the two is done last frees what they
 * share: a loop that does not want the result any more goes on at once, whatever the disk does. Loop thread, but for work_h.
 */
#pragma once

#include "base/loop.h"

#include <stdatomic.h>

struct aside;

struct aside_params {
	struct loop *loop;
	const char *name; /* of the thread */
	/* In the thread: WORK is its own until it returns. It looks at CANCELLED now and then, and ends soon when that is true. */
	void (*work_h)(void *work, const atomic_bool *cancelled);
	/* Whoever is last: frees WORK. Any thread. */
	void (*free_h)(void *work);
	/* In the loop, once, unless aside_cancel() came before: WORK is done, and the loop's until this returns; then it and ASIDE
	 * are freed. */
	void (*done_h)(void *arg, void *work);
	void *work;
	void *arg;
};

/* Begins. 0; or negative: WORK was freed. */
int aside_start(struct aside **ret, const struct aside_params *params);
/* Nobody wants it any more: done_h is not called. ASIDE is invalid afterwards. Not within done_h. */
void aside_cancel(struct aside *aside);
