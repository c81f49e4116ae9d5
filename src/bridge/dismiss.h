/*
 * Connections whose far end asked us to stay away: 503 with Retry-After to an INVITE. Such a connection is
 * closed once nobody uses it, so that the next call makes a new one, which a load balancer may lead elsewhere.
 * Calls that stand on it are never harmed: while one does it is left. Loop thread.
 */
#pragma once

#include "bridge/bridge_priv.h"
#include "sip/flow.h"

/* FLOW is closed, for WHY, as soon as nobody uses it, when that is within 64*T1; else it is left. A datagram has no
 * connection: then, and without memory, nothing is done. */
void dismiss_flow(struct bridge_side *side, struct flow *flow, const char *why);
/* Whatever still waits is left. */
void dismiss_free_all(struct bridge *bridge);
