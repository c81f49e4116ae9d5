/*
 * The connection of a binding with `outbound` is kept alive where the registrar says how often it wants to hear of it
 * (Flow-Timer, RFC 5626 4.4): a double CRLF goes over it up to a fifth sooner. One that does not answer within
 * KEEPALIVE_WITHIN_MS is cut. Loop thread.
 */
#pragma once

#include "base/timer.h"
#include "sip/transport.h"

struct register_flow {
	struct timer timer;
	struct timers *timers;
	struct flow *flow; /* borrowed; whoever keeps it stops this when it ends */
	uint64_t every_ms; /* what the registrar said */
	uint64_t sent_ms;  /* when it was asked last */
	bool asked;        /* its answer is awaited */
};

/* FLOW is kept alive each EVERY_MS, or not any more for 0. One that is kept so already goes on. */
void register_flow_keep(struct register_flow *keep, struct timers *timers,
	struct flow *flow, uint64_t every_ms);
/* Fine where nothing is kept. */
void register_flow_stop(struct register_flow *keep);
