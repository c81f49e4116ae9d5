/* The two sides of Tandem: whom it trusts decides on which a server or gateway is, and so are the
 * legs of its calls. */
#pragma once

enum side {
	SIDE_INTERNAL, /* of the servers */
	SIDE_EXTERNAL, /* of the gateways */
};

/* "internal", "external", as logs and metrics have it. */
static inline const char *side_name(enum side side)
{
	return side == SIDE_INTERNAL ? "internal" : "external";
}
