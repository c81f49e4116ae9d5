/*
 * Who may talk to us in plain: the addresses of plain gateways, found by hash. What a
 * datagram costs does not depend on how many gateways there are. Part of trunk.c. Loop
 * thread.
 *
 * Where several trunks share an address, the one with the lowest rank is found; likewise where
 * they share a host and no port fits. A warning names two of them, once.
 */
#pragma once

#include "trunk/trunk.h"

struct sources;
struct source;

int sources_new(struct sources **ret); /* 0 or -ENOMEM */
/* No trunk's addresses are in it any more. NULL is fine. */
void sources_free(struct sources *sources);

/*
 * Puts the addresses of TRUNK in, in place of those that it had there. A plain trunk that is
 * enabled is found by them. For one that is TLS today, disabled, or no longer configured, and
 * for an address that it had before, sources_allow() is true as long as it has calls. 0;
 * -ENOMEM: it has none then.
 */
int sources_put(struct sources *sources, struct trunk *trunk);
void sources_remove(struct sources *sources, struct trunk *trunk);

/* The trunk that a new call from REMOTE belongs to; NULL: none. */
struct trunk *sources_find(const struct sources *sources, enum transport_kind kind,
	const struct addr *remote);
/* Whether messages from REMOTE are accepted at all. */
bool sources_allow(const struct sources *sources, enum transport_kind kind,
	const struct addr *remote);
/* A trunk that has the host of REMOTE, whatever it may do; NULL: none that is known by address. */
struct trunk *sources_known(const struct sources *sources, const struct addr *remote);
/* Whether REMOTE is a host of TRUNK, or of its registrar. */
bool sources_has(const struct trunk *trunk, const struct addr *remote);
/* Whether the hosts A and B are of one trunk. */
bool sources_share(
	const struct sources *sources, const struct addr *a, const struct addr *b);
