/*
 * Which trunk a call goes to. Loop thread.
 */
#pragma once

#include "base/span.h"
#include "trunk/trunk.h"

/* Room for the candidates of one call. */
#define PICK_MAX 8

/*
 * Candidates for a call of FROM (may be NULL) to NUMBER in order: gateways whose prefixes fit
 * (longest first), then by priority; servers by priority, weighted draw within one. Left out:
 * FROM itself, drained, not enabled, full. Returns how many, at most PICK_MAX; the pointers are
 * borrowed. *ret_routed: whether an enabled trunk but FROM takes NUMBER, even if it is drained
 * or full.
 */
unsigned pick_candidates(struct trunks *trunks, enum trunk_kind kind,
	const struct trunk *from, struct span number, struct trunk *ret[static PICK_MAX],
	bool *ret_routed);
