/*
 * A tandemd as a process of its own, with a folder of its own for what it keeps: started, asked as
 * tandemctl asks, its records read, ended.
 */
#pragma once

#include "base/buf.h"
#include "base/err.h"

#include <jansson.h>
#include <stdbool.h>
#include <sys/types.h>

/* An answer that takes longer is a fault. */
#define LIVE_ANSWER_MS 5000

struct live_daemon {
	const char *program; /* borrowed */
	char folder[64];     /* tandem.conf, gateways.d, state, run, log, sanitizer.PID */
	pid_t pid;           /* 0: it does not run */
	long journal_at;     /* bytes of its records that were read */
	struct err_text fault; /* it ended, was too slow, or its sanitizer spoke */
};

/* Makes the folder. Aborts where it cannot. */
void live_daemon_init(struct live_daemon *daemon, const char *program);
/* Ends it, at once if need be, and removes the folder. */
void live_daemon_free(struct live_daemon *daemon);

/* Starts it by the configuration in the folder. 0 or negative with TEXT. It answers later. */
int live_daemon_start(struct live_daemon *daemon, struct err_text *text);
bool live_daemon_answers(struct live_daemon *daemon);
/* A process that dies takes so long to write why. */
#define LIVE_DEATH_MS 10000
/* False: it has ended, or does within the time, or its sanitizer spoke; the fault says so. */
bool live_daemon_is_well(struct live_daemon *daemon, int timeout_ms);

/* Asks for NOUN VERB [ARG] (NULL: none); *ret_result (may be NULL) owns what it said. 0, or negative
 * with TEXT; no answer in time is a fault besides. */
int live_daemon_ask(struct live_daemon *daemon, const char *noun, const char *verb,
	const char *arg, json_t **ret_result, struct err_text *text);
/* The next record that it wrote; NULL: none yet. Owned by the caller. */
json_t *live_daemon_record(struct live_daemon *daemon);
/* Tells it to end, and waits for that. 0, or negative with TEXT: it does not, or not well. */
int live_daemon_stop(struct live_daemon *daemon, struct err_text *text);
/* What it logged and what its sanitizer wrote, the last BYTES of each. OUT is appended to. */
void live_daemon_print(const struct live_daemon *daemon, size_t bytes, struct buf *out);
