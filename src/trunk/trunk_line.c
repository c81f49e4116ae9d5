/* Which trunk a call is of that came to a Contact of ours, and which peers a trunk is proved by. */
#include "trunk/registration.h"
#include "trunk/sources.h"
#include "trunk/trunk.h"

bool trunk_is_peer(const struct trunk *trunk, const struct peer *peer)
{
	if (!peer)
		return false;
	return trunk_is_named(trunk, peer->id) ||
	       (trunk->peer && peer_is_alike(trunk->peer, peer));
}

/* Whether a new call over the flow at ARG may be one of TRUNK. */
static bool may_call_by(void *arg, const struct trunk *trunk)
{
	const struct flow *flow = arg;

	if (!trunk->configured || !trunk_settings(trunk)->enabled ||
		trunk_transport(trunk) != flow->kind)
		return false;
	return flow->kind == TRANSPORT_TLS ? trunk_is_peer(trunk, flow->peer)
					   : sources_has(trunk, &flow->remote);
}

struct trunk *trunks_of_line(
	const struct trunks *trunks, const struct flow *flow, struct span line)
{
	const struct registration *registration = registrations_find(
		trunks_registrations(trunks), line, may_call_by, (void *)(uintptr_t)flow);

	return registration ? registration->trunk : NULL;
}
