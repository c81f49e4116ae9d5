/*
 * What is captured of what crosses between two trunks: one rule of both, and the first message, which passed the
 * transport's tap before it was known whose it is. Loop thread.
 */
#pragma once

#include "base/tap.h"
#include "bridge/bridge_priv.h"

/* [capture] belongs to gateways. Of what crosses between two of them no more is captured than either of
 * them has captured. A is whom it comes from, B whom it goes to; NULL: a server, or nobody. */
enum config_audit captured_rule(const struct config *config,
	const struct config_gateway *a, const struct config_gateway *b);
/* A number for another party. It is not used again for millions of them. */
uint32_t captured_party(struct bridge *bridge);
/* Whether the tap is told who takes part in a call of which MODE is captured, and of its first message. */
bool captured_is_watched(const struct bridge *bridge, enum config_audit mode);
/* What a call does of which MODE is captured: true when its first message is due, which *SHOWN and *TAPPED note: that it was
 * told, and that it was while captured. */
bool captured_first_is_due(
	const struct bridge *bridge, enum config_audit mode, bool *shown, bool *tapped);
/* The tap is told who a party is. */
void captured_tell(const struct bridge *bridge, const struct tap_party *party);
/* The tap gets MESSAGE, which came over FLOW at MONO_US, as the first one of OWNER. */
void captured_first(const struct bridge *bridge, uint64_t owner,
	const struct message *message, const struct flow *flow, uint64_t mono_us);
