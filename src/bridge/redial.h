/*
 * A connection that was lost in mid-call is made again. Meanwhile a substitute flow is used in
 * its place: legs and transactions use it like any other. Their requests wait in their
 * transactions, which begin on the new connection when that is open (txn_flow_replaced());
 * responses and ACKs, which have none, wait as they are, and are sent first. Then the legs move
 * over too, and the substitute only passes on. Requests that were sent over the lost connection
 * have failed: they may have been acted on, and are not repeated. Loop thread.
 *
 * An attempt goes through all addresses of the target. A peer that restarts refuses connections
 * for a moment, so there are REDIAL_ATTEMPTS attempts. If all are refused at once, they take less
 * than two seconds; then the flow is closed, as lost.
 */
#pragma once

#include "bridge/bridge_priv.h"
#include "trunk/target.h"

#define REDIAL_ATTEMPTS 4

struct redial_params {
	struct bridge_side *side;
	struct target *target; /* a reference is taken */
	struct flow *lost;     /* a reference is taken: records still show its TLS */
	unsigned attempt;      /* 0 is made at once, later ones after a pause */
	/* Moves a leg over: its node in the list of FLOW_LEG. */
	void (*move_h)(struct list *node, struct flow *flow);
};

/* The flow, with a reference for the caller; it ends with its last one. When no connection
 * comes about, or the one that did is lost, it is closed, and side->lost_h is told. NULL
 * without memory. */
struct flow *redial_new(const struct redial_params *params);
/* Begins. FLOW is of redial_new(). */
void redial_start(struct flow *flow);
/* Whether FLOW is of redial_new(). */
bool redial_is(const struct flow *flow);
/* The connection that FLOW stands for; FLOW itself where it is not of redial_new(). */
const struct flow *redial_lost(const struct flow *flow);

/* REAL, which the peer opened by itself, takes the place of what FLOW, of redial_new() and else left
 * alone, would make: what waits goes over it before anything else, and the legs move. */
void redial_take(struct flow *flow, struct flow *real);

/* From the transport: FLOW is open, or closed. */
void redial_opened(struct flow *flow);
void redial_closed(struct flow *flow, const char *why);
