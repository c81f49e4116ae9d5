/*
 * Timers in a hierarchical wheel: start, restart and stop cost O(1), at any number of
 * timers. Resolution 1 ms. A timer never fires early. Owned by one thread.
 */
#pragma once

#include "base/clock.h"
#include "base/list.h"

#include <stdbool.h>

struct timers;
struct timer;

typedef void timer_h(void *arg);

/* Embedded in its user and zero-initialised before its first start. */
struct timer {
	struct list node;
	struct timers *owner; /* NULL while not running */
	uint64_t expiry_ms;
	timer_h *h;
	void *arg;
};

/* CLOCK is borrowed and must outlive the timers. 0 or -ENOMEM. */
int timers_new(struct timers **ret, struct clock *clock);
/* Running timers are forgotten, not fired; they are written to, so whoever goes first stops
 * his timers before. NULL is fine. */
void timers_free(struct timers *timers);

/*
 * Now, in milliseconds of the monotonic clock. During a turn it is the moment at which the
 * turn began, one and the same for all that the turn does; between turns the clock is read.
 */
uint64_t timers_now_ms(const struct timers *timers);
struct clock *timers_clock(const struct timers *timers);

/*
 * Fires H(ARG) once, DELAY_MS from now at the earliest. A running timer is restarted. With a
 * DELAY_MS of 0 it fires in the present turn still, unless it has fired in that turn already.
 */
void timer_start(struct timers *timers, struct timer *timer, uint64_t delay_ms,
	timer_h *h, void *arg);
/* Does nothing when it does not run. */
void timer_stop(struct timer *timer);
bool timer_running(const struct timer *timer);

/* Milliseconds until the next timer may expire (a lower bound), or -1 for none. */
int64_t timers_next_ms(const struct timers *timers);
/*
 * A turn: timers_begin_turn() reads the clock, and until timers_end_turn() that is now.
 * Returns the microseconds that it read. The loop calls it as soon as it has waited, so
 * that no handler takes the time before the wait for the present.
 */
uint64_t timers_begin_turn(struct timers *timers);
/* Fires what was due when the turn began, in order of expiry. Returns how many fired. */
unsigned timers_fire(struct timers *timers);
void timers_end_turn(struct timers *timers);
/* A whole turn of nothing but timers. Returns how many fired. */
unsigned timers_run(struct timers *timers);
