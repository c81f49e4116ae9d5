/*
 * What comes within a dialog, of a call or of a subscription: whose it is, and whether its sender is that peer. Loop
 * thread.
 */
#pragma once

#include "bridge/bridge_priv.h"

struct leg;

/*
 * Whether what comes by FLOW may speak for the far end of OTHER. Over TLS certificates say so. In
 * plain the source is the same host, or another address of the same gateway. Of txn_handlers: ARG is the side.
 */
bool within_speaks_for(void *arg, const struct flow *flow, const struct flow *other);
/* The leg whose dialog MESSAGE belongs to, if FLOW is its peer's; else NULL. */
struct leg *within_leg(
	struct bridge_side *side, const struct flow *flow, const struct message *message);
/* Whose MESSAGE is, which came by FLOW of its peer, for the tap: a party of a call or of a subscription; 0: nobody's. */
uint64_t within_owner(
	struct bridge_side *side, const struct flow *flow, const struct message *message);
/* Answers REQUEST, which has a To tag. */
void within_request(
	struct bridge_side *side, struct txn_server *txn, struct message *request);
