/*
 * The event loop: epoll, timers, and work deferred to the end of the turn. One thread
 * runs a loop and alone touches what hangs on it; only loop_wake() may be called from
 * other threads.
 */
#pragma once

#include "base/clock.h"
#include "base/list.h"
#include "base/timer.h"

#include <stdbool.h>
#include <stdint.h>

struct loop;

/* EVENTS: EPOLLIN, EPOLLOUT, EPOLLHUP, EPOLLERR as epoll_wait(2) gave them. */
typedef void loop_fd_h(void *arg, uint32_t events);

/* A watched descriptor; embedded in its user, zero-initialised. */
struct loop_fd {
	struct loop *loop; /* NULL while not watched */
	int fd;
	uint32_t events;
	loop_fd_h *h;
	void *arg;
};

/* Work for the end of the turn; embedded in its user, zero-initialised. */
struct loop_task {
	struct list node;
	bool queued;
	void (*h)(void *arg);
	void *arg;
};

/* CLOCK is borrowed. 0 or a negated errno. */
int loop_new(struct loop **ret, struct clock *clock);
void loop_free(struct loop *loop);

struct timers *loop_timers(struct loop *loop);
struct clock *loop_clock(struct loop *loop);

/* Level-triggered. 0 or a negated errno. The descriptor stays its user's. */
int loop_watch(struct loop *loop, struct loop_fd *watch, int fd, uint32_t events,
	loop_fd_h *h, void *arg);
int loop_rewatch(struct loop_fd *watch, uint32_t events);
/* No event of WATCH is delivered any more, even one that this turn already fetched. */
void loop_unwatch(struct loop_fd *watch);

/*
 * Runs TASK's handler once at the end of this turn, however often it is deferred until
 * then: output is coalesced so. A task deferred by a task runs in the same turn.
 */
void loop_defer(
	struct loop *loop, struct loop_task *task, void (*h)(void *arg), void *arg);
void loop_cancel(struct loop_task *task);
/* Whether a turn is under way: what is deferred now runs before the loop waits again. */
bool loop_is_turning(const struct loop *loop);

/*
 * One turn: waits at most TIMEOUT_MS (-1: until something happens), then descriptors,
 * timers, deferred tasks. timers_now_ms() is the same for all of them: the moment at which
 * the wait ended. 0 or a negated errno.
 */
int loop_turn(struct loop *loop, int timeout_ms);
/* Microseconds since the loop last had to wait for something to do: how far work may be
 * behind. Rises without bound only when more comes than can be done. */
uint64_t loop_busy_us(const struct loop *loop);
/* Turns since then: one that took long by itself, as a reload may, is no overload. */
unsigned loop_busy_turns(const struct loop *loop);
/* Turns until loop_stop(). */
int loop_run(struct loop *loop);
void loop_stop(struct loop *loop);
/* Makes a waiting loop take a turn. Any thread, async-signal-safe. */
void loop_wake(struct loop *loop);
