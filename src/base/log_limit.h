/*
 * Lines that others can cause at will: so many a second are written, and the rest is counted. The
 * next line of their kind says how many; when none follows, one of its own does.
 *
 * Loop thread. Embedded in its user, zero-initialised.
 */
#pragma once

#include "base/log.h"
#include "base/timer.h"

struct log_limit {
	struct timers *timers;
	const char *module;   /* static */
	enum log_level level; /* of the line that says what a burst hid */
	unsigned a_second;    /* lines that may be written */
	uint64_t second;
	unsigned written;
	unsigned hidden;    /* not reported yet */
	struct timer timer; /* runs while HIDDEN is not 0 */
};

/* How many a second where nothing speaks for another number. */
#define LOG_LINES_A_SECOND 20

void log_limit_init(struct log_limit *limit, struct timers *timers, const char *module,
	enum log_level level, unsigned a_second);
/* Whether one more line may be written now. Then *RET_HIDDEN lines before it were not, and it says
 * so: suppressed=N. */
bool log_limit_pass(struct log_limit *limit, unsigned *ret_hidden);
/* Reports what is hidden, and stops the timer. One that was never initialised is fine. */
void log_limit_end(struct log_limit *limit);

/* The suppressed lines of each module since the start, by NTH. False: there is no further module. */
bool log_suppressed(unsigned nth, const char **ret_module, uint64_t *ret_count);
