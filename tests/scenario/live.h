/*
 * The stage with a tandemd that runs: real sockets in a network of its own, real time. One a process,
 * since the network is the process's.
 *
 * Time runs LIVE_SCALE times faster than it says: T1, T2, T4 and the limits of a call are that much
 * shorter in the configuration, and the stage's clock shows the time that it would be. Nothing
 * sleeps: a step is over when Tandem, asked by its control socket, has nothing to say any more.
 */
#pragma once

#include "outside.h"

#define LIVE_SCALE 10

struct live;

/* PROGRAM: the tandemd to run. ABRUPT: where an operator ends all calls, the server is shut down with
 * them, and the flow is over. After stage_prepare() and live_net_enter(). Aborts where something
 * cannot be made. */
struct live *live_new(const char *program, bool abrupt);
void live_free(struct live *live);
struct outside *live_outside(struct live *live);
/* What the judge was not told, since nothing can be played any more; "": nothing. */
const char *live_fault(const struct live *live);
/* How many calls were begun, and how many packets of media the relay took. */
unsigned live_begun(const struct live *live);
unsigned live_packets(const struct live *live);
/* The end of the daemon's log and the sanitizer's report. OUT is appended to. */
void live_print(const struct live *live, struct buf *out);
