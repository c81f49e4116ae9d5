/*
 * Which trunk a call goes to. Loop thread.
 */
#pragma once

#include "base/span.h"
#include "trunk/trunk.h"

/* Room for the candidates of one call. */
#define PICK_MAX 8

/*
 * Candidates for a call to NUMBER in order: gateways whose prefixes fit (longest first),
 * then by priority; servers by priority, weighted draw within one. Left out: drained,
 * not enabled, full. Returns how many, at most PICK_MAX; the pointers are borrowed.
 * *ret_routed: whether an enabled trunk takes NUMBER, even if it is drained or full.
 */
unsigned pick_candidates(struct trunks *trunks, enum trunk_kind kind, struct span number,
	struct trunk *ret[static PICK_MAX], bool *ret_routed);
