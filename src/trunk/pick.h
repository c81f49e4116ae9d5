/*
 * Which trunk a call goes to. Loop thread.
 */
#pragma once

#include "base/span.h"
#include "trunk/trunk.h"

/* Room for the candidates of one call. */
#define PICK_MAX 8

/* A call that looks for somebody. */
struct pick_question {
	struct trunks *trunks;
	const struct config *config; /* the call's: its [emergency] */
	enum trunk_kind kind;        /* who may take it */
	const struct trunk *from;    /* whose call it is; NULL: nobody's */
	struct span number;
	bool emergency;
};

/* What was left out. */
struct pick_left {
	bool routed; /* somebody but FROM takes the number, even if not now */
	unsigned
		retry_s; /* after which one of them that is full may have room; 0: none is */
};

/*
 * Candidates in order: gateways whose prefixes fit (longest first), then by priority; servers by
 * priority, weighted draw within one. Left out: FROM itself, and who may get no call now; a limit that is
 * reached counts there.
 *
 * Of an emergency call nobody is left out who may be called at all. First come those that nothing is in the
 * way of: the trunks of [emergency] in their order, then those whose prefixes fit, then the others.
 * Behind all of them come, in the same order, those that it would not be offered to were it another call.
 *
 * Returns how many, at most PICK_MAX; the pointers are borrowed.
 */
unsigned pick_candidates(const struct pick_question *question,
	struct trunk *ret[static PICK_MAX], struct pick_left *ret_left);
