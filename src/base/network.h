/*
 * A network of addresses, "192.0.2.0/24" or "2001:db8::/32". Value type, any thread.
 */
#pragma once

#include "base/addr.h"
#include "base/span.h"

struct network {
	struct addr base; /* port 0 */
	unsigned bits;    /* of the prefix, 0 to 32 or 128 */
};

/* "ADDRESS/BITS", or an address alone, a network of one. 0, or ERR_FORMAT (also where bits
 * behind the prefix are set) with *ret untouched. */
int network_parse(struct network *ret, struct span text);
bool network_has(const struct network *network, const struct addr *addr);
