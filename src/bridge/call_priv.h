/*
 * What the files of a call share: call.c, the events; call_setup.c, until it is answered;
 * call_end.c, its end. Not for others. Loop thread.
 */
#pragma once

#include "bridge/call.h"

uint64_t call_now_us(const struct call *call); /* monotonic */
/* The one setter; a move that is not legal is logged and not made. */
void call_set_state(struct call *call, enum call_state state);
/* Frees it, when the stack is unwound, if both legs are over. */
void call_finish(struct call *call);

/* Reads INVITE, makes leg a of it, lists whom to ask, opens the relay. SDP, its offer or NULL,
 * is taken. 0, or negative: the INVITE is to be refused. */
int call_prepare(struct call *call, struct bridge_side *home, struct txn_server *invite,
	struct trunk *trunk, struct sdp *sdp);
/* Asks the first target; what comes of it comes as events of leg b. */
void call_hunt(struct call *call);
/* Leg b did not take the call, for WHY: whether somebody else is asked. STATUS is its final
 * response, or 0. */
bool call_hunt_on(
	struct call *call, enum failover_cause cause, int status, const char *why);
/* A call that it was asked to take failed, once a call, for WHY; NULL: it is no fault of the
 * trunk. Or it took the call. */
void call_note_failure(const struct call *call, struct trunk *trunk, const char *why);
void call_note_success(const struct call *call, struct trunk *trunk);
