/*
 * A configuration that is in force on trial: the one before it comes back by itself unless somebody
 * confirms in time (`config reload --confirm`). The one before is kept in memory, so nothing that
 * happens to the files matters. Loop thread.
 */
#pragma once

#include "base/err.h"
#include "base/timer.h"

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

struct config;

/* While the configuration of before cannot be put back (a certificate file that it names is gone), so
 * often it is tried again. */
#define TRIAL_RETRY_MS 10000

enum trial_state {
	TRIAL_NONE,     /* what is in force was taken for good */
	TRIAL_WAITING,  /* for a confirmation */
	TRIAL_RETURNED, /* nobody confirmed: the files are not what is in force */
};

struct trial {
	struct timers *timers; /* borrowed */
	struct timer timer;
	/* Puts BEFORE in force again. 0, or negative with TEXT: what is in force stays. */
	int (*return_h)(void *arg, struct config *before, struct err_text *text);
	void *arg;
	enum trial_state state;
	struct config *
		before; /* the last one that was taken for good; owned; NULL: not waiting */
	time_t taken_at;    /* what is in force was taken into use */
	time_t until;       /* WAITING: of the time to confirm */
	time_t returned_at; /* RETURNED */
	bool stuck;         /* the time is over, and the return failed so far */
};

void trial_init(struct trial *trial, struct timers *timers,
	int (*return_h)(void *arg, struct config *before, struct err_text *text),
	void *arg);
void trial_free(struct trial *trial);

/*
 * A configuration was taken into use in the place of OLD (NULL: at the start). WAIT_MS: it is on trial
 * for so long; 0: for good, but where one is on trial already this is a part of it, as nobody has
 * confirmed yet: the time goes on, and what comes back is what was confirmed last.
 */
void trial_taken(struct trial *trial, struct config *old, uint64_t wait_ms);
/* What is in force is taken for good. False: nothing was on trial. */
bool trial_confirm(struct trial *trial);
const char *trial_state_name(enum trial_state state);
