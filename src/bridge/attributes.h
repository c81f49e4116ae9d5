/*
 * Which attributes of a session description cross between the legs of a call: those of a
 * list, by their exact names (RFC 8866 5.13: they are case-sensitive). No list has an attribute
 * with a name, an address or a key of the other side, or one that controls where it sends. Loop
 * thread.
 */
#pragma once

#include "bridge/leg.h"
#include "sdp/sdp.h"

/*
 * Removes from that section of OUT, which FROM said and TO gets, all attributes that do not
 * cross: those that neither the list for this kind of line nor a trunk's `sdp-attributes` has,
 * those of formats that its m= no longer lists, and whatever has a key in it.
 */
void attributes_filter(
	struct sdp *out, int media, const struct leg *from, const struct leg *to);
