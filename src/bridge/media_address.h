/*
 * Where media of a far end may be: the addresses in its description are checked before the relay
 * sends anything there. Loop thread.
 */
#pragma once

#include "bridge/leg.h"

/*
 * Before the first description between LEG and us is agreed, chooses the family of its media:
 * that of SAID, an address of its own description, or (NULL) that by which its signalling is
 * reached; IPv4 where neither is known. Sets leg->media_v6.
 */
void media_address_choose_family(struct leg *leg, const struct addr *said);

/*
 * Whether media of LEG may be at ADDRESS, which its description says (RFC 3264 5.1): of the family
 * that our side has, unicast, loopback only where ours is, no address of the other side, no port of
 * ours, in the trunk's `media-networks`. 0, or ERR_SUPPORT with WHY: "an IPv6 address, ...".
 */
int media_address_check(const struct leg *leg, const struct config *config,
	const struct addr *address, struct err_text *why);
