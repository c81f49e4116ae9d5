/* The two sides of Tandem: whom it trusts decides on which a server or gateway is, and so are the
 * legs of its calls. */
#pragma once

#include <stdbool.h>

enum side {
	SIDE_INTERNAL, /* of the servers */
	SIDE_EXTERNAL, /* of the gateways */
};

/* "internal", "external", as logs and metrics have it. */
static inline const char *side_name(enum side side)
{
	return side == SIDE_INTERNAL ? "internal" : "external";
}

/* What a leg on SIDE is called in words, where the call's other leg is on OTHER: by its side while
 * they differ, else by whether it CALLED. */
static inline const char *side_party(enum side side, enum side other, bool called)
{
	if (side == other)
		return called ? "caller" : "callee";
	return side == SIDE_INTERNAL ? "server" : "gateway";
}
