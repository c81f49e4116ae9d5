/*
 * Whom a call goes to, in order. Loop thread.
 *
 * Of the trunks and servers that take it, the one whose prefix fits the called number best comes first, then the
 * one whose callers fit the calling number best (the longer prefix, of equally long ones that with more digits
 * written out), then the one with the lower priority; within that they are drawn by weight (RFC 2782), and
 * those of weight 0 come last, in the order of their names.
 *
 * Of an emergency call nobody is left out who may be called at all, whatever its numbers and callers, and on the
 * side where the caller's calls go whatever its sources. First comes whom it is for, then those that nothing is in the way of:
 * the trunks of [emergency] in their order, then those that take the call, then the others. Behind all of them
 * come, in the same order, those that it would not be offered to were it another call.
 */
#pragma once

#include "trunk/obstacle.h"
#include "trunk/route.h"

/* Room for the candidates of one call. */
#define PICK_MAX 8

struct pick_target {
	struct trunk *trunk; /* borrowed */
	const struct config_route
		*route; /* by which it takes the call; of its settings */
	struct route_fit fit;
};

struct pick {
	struct pick_target list[PICK_MAX];
	unsigned count;
	/* Whether one that is enabled takes the call, even if it gets none now. */
	bool routed;
	/* Whether one takes the number, and not the method of the question. */
	bool unwilling;
	/* Of those that take it and get none now, the best one; NULL: there is none. */
	struct trunk *left_out;
	struct obstacle obstacle; /* what keeps it away */
	unsigned retry_s; /* after which one that is full may have room; 0: none is */
};

/* A call that looks for somebody. */
struct pick_question {
	struct route_call call;
	const struct config *config; /* the call's: its [emergency] */
	const struct trunk
		*first; /* whom an emergency call is for; NULL: nobody special */
	bool emergency;
	unsigned method; /* a bit of enum config_method: it is no call; 0: it is */
	bool dry;        /* nobody calls: no limit that is reached is counted */
	bool settled; /* nothing is drawn: the heavier first, so that two answers can be compared */
};

/* The candidates of TRUNKS. Left out are the caller itself and whomever an obstacle stops. */
void pick_candidates(const struct trunks *trunks, const struct pick_question *question,
	struct pick *ret);

/* What a call means for one trunk or server. */
struct pick_opinion {
	bool is_caller;             /* the call is its own, and never comes back to it */
	enum route_verdict verdict; /* of the route of it that comes nearest */
	const struct config_route *route; /* that one */
	struct route_fit fit;             /* of ROUTE_FITS */
	struct obstacle obstacle; /* whatever the verdict; none: nothing is in its way */
};
void pick_judge(const struct trunks *trunks, const struct trunk *trunk,
	const struct pick_question *question, struct pick_opinion *ret);

/* A call of TRUNK from CALLER to CALLED: all of it is borrowed. */
struct route_call pick_call(
	const struct trunk *trunk, struct span called, struct span caller);
