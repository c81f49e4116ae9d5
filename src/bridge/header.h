/*
 * What crosses from leg a's INVITE into leg b's: numbers, names, and an allow-list of
 * headers; every host in them is ours or the trunk's. Loop thread.
 */
#pragma once

#include "bridge/call.h"

/* What leg_invite() needs; owned texts. */
struct header_invite {
	struct buf uri, from, to, headers;
};

/* From the first INVITE of CALL's leg a, for leg b over FLOW. 0 or -ENOMEM; free it in any
 * case. */
int header_cross(struct call *call, struct flow *flow, struct header_invite *ret);
void header_free(struct header_invite *invite);
