/*
 * Learning a gateway: a few short test calls to a number of its, in which it is asked what calls will ask of it one
 * day, and what follows for its file. At most LEARN_CALLS calls, one after the other, which count in its limits and
 * have records as calls have. Loop thread.
 */
#pragma once

#include "bridge/bridge.h"
#include "learn/learned.h"

/* The most calls to one number, and the longest that they all take. */
#define LEARN_CALLS 4
#define LEARN_MS UINT64_C(120000)

struct learn;

struct learn_result {
	struct learned learned;
	struct {
		char id[32];
		const char *what; /* static */
		int status;
	} calls[LEARN_CALLS]; /* that were made */
	unsigned call_count;
	bool answered; /* one was: else nothing was learnt beside refusals */
	/* Of the last one that failed: why, in words; "". */
	char why[ERR_REASON_SIZE];
};

struct learn_params {
	struct bridge *bridge;
	struct config *config; /* in force; a reference is taken */
	struct timers *timers;
	struct trunk *trunk;         /* a gateway; a reference is taken */
	const char *called, *caller; /* copied */
	/* It is over. LEARN is not to be named any more. */
	void (*over_h)(void *arg, const struct learn_result *result);
	void *arg;
};

/*
 * Begins. OVER_H comes later, after LEARN_MS at the latest, never before this returns. 0; ERR_TRUST: an emergency
 * number is not called; ERR_LIMIT: too many test calls are under way; others; with TEXT.
 */
int learn_start(
	const struct learn_params *params, struct learn **ret, struct err_text *text);
/* Hangs up, and is gone: OVER_H is not called. */
void learn_stop(struct learn *learn);
