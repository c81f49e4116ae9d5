/*
 * Load shedding: INVITEs that come while the server has more to do than it can are refused before they are
 * parsed, so that nearly all of its time is left for the calls that it has taken. Loop thread.
 *
 * Of each only a number is kept, of the latest SHED_KEPT: a repetition that was under way when its first was refused
 * must not become a call, whose caller has gone.
 */
#pragma once

#include "bridge/bridge_priv.h"

#define SHED_KEPT 8192

/* Whether TEXT, a message that came by FLOW, was dealt with: it begins a call, and is refused; or it is the ACK
 * to such a refusal. Emergency calls, and all that belongs to calls, are not. */
bool shed_message(struct bridge_side *side, struct flow *flow, struct span text);
/* Forgets what was refused. */
void shed_free(struct bridge *bridge);
