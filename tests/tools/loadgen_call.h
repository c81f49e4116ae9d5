/*
 * The calls of the load generator, both of their ends: the caller's state, and answers of
 * the callee, which keeps none. Over UDP the caller repeats what is not answered, as RFC 3261 has it. One thread.
 */
#pragma once

#include "base/loop.h"
#include "loadgen_link.h"

#include <stdio.h>

struct load_params {
	struct loop *loop;
	double rate;    /* calls begun a second */
	unsigned count; /* calls in all */
	unsigned hold_ms;
	unsigned timeout_ms;     /* for each answer */
	bool srtp;               /* the caller offers it */
	const char *number;      /* of a call: this and its index */
	const char *target;      /* "sip:NUMBER@" is put before it: the request URI */
	const char *caller_host; /* address:port of the caller's Contact */
	const char *callee_host; /* the same of the callee */
	const char *caller_transport;
	const char *callee_transport;
	void (*done_h)(void *arg); /* every call has ended */
	void *arg;
};

struct load;

int load_new(struct load **ret, const struct load_params *params);
void load_free(struct load *load);
/* Calls go out by LINK too; links take turns. 0 or -1. */
int load_add_link(struct load *load, struct link *link);
void load_start(struct load *load);
/* The handler of every link, the caller's and the callee's. ARG: struct load. */
void load_message(void *arg, struct link *link, struct span message, uint64_t read_us);

struct load_delays {
	double p50_ms, p90_ms, p99_ms, max_ms;
};

#define LOAD_REASONS 700
#define LOAD_TIMEOUT 0 /* no answer */
#define LOAD_NO_LINK 1 /* no connection to call by */

struct load_result {
	unsigned begun, completed, failed;
	unsigned reasons[LOAD_REASONS]; /* failed, by status or one of the above */
	unsigned callee_invites, callee_acks, callee_byes;
	unsigned repeated;  /* requests that were sent once more, over UDP */
	unsigned peak;      /* calls at once */
	double seconds;     /* from the first call's begin to the last one's */
	double rate;        /* completed a second, without the wait for the last to end */
	unsigned meanwhile; /* completed before the last call began */
	double goodput; /* a second, of MEANWHILE: what was served later counts for nothing */
	/* What the server added: from the caller's INVITE to the callee's, and from the
	 * callee's 180 to the caller's. */
	struct load_delays delay;
};
void load_result(struct load *load, struct load_result *ret);
