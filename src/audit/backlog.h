/*
 * Whether the writer keeps up. What finds a queue full is lost; from then on it is behind, until it
 * has found every queue empty and nothing more was lost for a while. Whoever offers records says so
 * without a lock or a log, in any thread; the audit thread finds out the rest, and writes one line
 * when it falls behind and one when it has caught up.
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* All zero: it keeps up. */
struct backlog {
	atomic_bool behind;        /* atomic */
	_Atomic uint64_t overruns; /* atomic; what found a queue full, since the start */
	_Atomic uint64_t times;    /* atomic; how often it fell behind */
	/* the audit thread: */
	bool told;     /* that it is behind */
	bool drained;  /* every queue was empty since the last tick */
	uint64_t seen; /* overruns at the last tick */
};

/* Any thread: something found a queue full. */
void backlog_overrun(struct backlog *backlog);
bool backlog_is_behind(const struct backlog *backlog);
/* How often it fell behind since the start. */
uint64_t backlog_times(const struct backlog *backlog);

/* Audit thread: every queue was just found empty. */
void backlog_drained(struct backlog *backlog);
/* Audit thread, a few times a second; what happens in between is one while. LOST, for the log: the
 * records that went missing since the start. */
void backlog_tick(struct backlog *backlog, uint64_t lost);
