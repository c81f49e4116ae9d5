/* Who is who: trunks by id, by their certificate, by their address. */
#include "trunk/trunk_priv.h"

#include <string.h>

struct cred *trunks_cred(const struct trunks *trunks, enum trunk_kind kind)
{
	return trunks->sides[kind].cred;
}

const struct cred *trunks_presented(
	const struct trunks *trunks, const struct trunk *trunk)
{
	return trunk->cred ? trunk->cred : trunks->sides[trunk->kind].cred;
}

struct peer_set *trunks_peers(const struct trunks *trunks, enum trunk_kind kind)
{
	return trunks->sides[kind].peers;
}

const struct routes *trunks_routes(const struct trunks *trunks)
{
	return trunks->routes;
}

struct trunk *trunks_find(
	const struct trunks *trunks, enum trunk_kind kind, const char *id)
{
	return side_find(&trunks->sides[kind], id);
}

time_t trunks_wall(const struct trunks *trunks)
{
	struct clock *clock = loop_clock(trunks->loop);

	return (time_t)(clock->wall_us(clock) / 1000000);
}

uint64_t trunks_now_us(const struct trunks *trunks)
{
	struct clock *clock = loop_clock(trunks->loop);

	return clock->mono_us(clock);
}

struct trunk *trunks_at(const struct trunks *trunks, enum trunk_kind kind, unsigned index)
{
	const struct trunk_side *side = &trunks->sides[kind];

	return index < side->count ? side->trunks[index] : NULL;
}

static struct trunk *find_judged(const struct trunk_side *side, const struct peer *judged)
{
	if (judged->set == side->peers)
		return judged->owner;
	/* judged before a reload: the same id and name are the same peer */
	for (unsigned i = 0; i < side->count; i++) {
		const struct peer *peer = side->trunks[i]->peer;

		if (peer && peer_is_same(peer, judged))
			return side->trunks[i];
	}
	return NULL;
}

struct trunk *trunks_of_flow(
	const struct trunks *trunks, const struct flow *flow, enum trunk_kind side)
{
	if (flow->kind == TRANSPORT_TLS) {
		struct trunk *trunk =
			flow->peer ? find_judged(&trunks->sides[side], flow->peer) : NULL;

		return trunk && trunk_is_tls(trunk) ? trunk : NULL;
	}
	return side == TRUNK_GATEWAY
		       ? sources_find(trunks->sources, flow->kind, &flow->remote)
		       : NULL;
}

struct registrations *trunks_registrations(const struct trunks *trunks)
{
	return trunks->registrations;
}

bool trunks_share_plain(
	const struct trunks *trunks, const struct addr *a, const struct addr *b)
{
	return sources_share(trunks->sources, a, b);
}

bool trunks_allow_plain(
	const struct trunks *trunks, enum transport_kind kind, const struct addr *remote)
{
	return sources_allow(trunks->sources, kind, remote);
}

/* A host name is no address: of TLS peers none is known before they are called. */
static bool is_set_to(const struct trunk *trunk, const struct addr *remote)
{
	for (unsigned i = 0; i < trunk->health.name_count; i++) {
		const char *host = trunk_host_at(trunk, i);
		struct addr addr;

		if (addr_parse_host(&addr, host, strlen(host), 0) == 0 &&
			addr_equal_host(&addr, remote))
			return true;
	}
	return false;
}

const struct trunk *trunks_at_address(
	const struct trunks *trunks, const struct addr *remote)
{
	const struct trunk *known = sources_known(trunks->sources, remote);

	if (known)
		return known;
	for (unsigned kind = TRUNK_GATEWAY + 1; kind-- > TRUNK_SERVER;) {
		const struct trunk_side *side = &trunks->sides[kind];

		for (unsigned i = 0; i < side->count; i++) {
			if (is_set_to(side->trunks[i], remote))
				return side->trunks[i];
		}
	}
	return NULL;
}
