/*
 * What is captured of what crosses between two trunks: one rule of both, and the first message, which passed the
 * transport's tap before it was known whose it is. Loop thread.
 */
#pragma once

#include "bridge/bridge_priv.h"

/* [capture] belongs to gateways. Of what crosses between two of them no more is captured than either of
 * them has captured. A is whom it comes from, B whom it goes to; NULL: a server, or nobody. */
enum config_audit captured_rule(const struct config *config,
	const struct config_gateway *a, const struct config_gateway *b);
/* The tap gets MESSAGE, which came over FLOW at WALL_US, as the first one of CALL. */
void captured_first(const struct bridge *bridge, uint64_t call,
	const struct message *message, const struct flow *flow, uint64_t wall_us);
