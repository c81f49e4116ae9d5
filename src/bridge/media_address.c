#include "bridge/media_address.h"

#include "base/network.h"
#include "bridge/identity.h"

#include <stddef.h>

static const char *family_name(const struct addr *addr)
{
	return addr_is_v6(addr) ? "IPv6" : "IPv4";
}

void media_address_choose_family(struct leg *leg, const struct addr *said)
{
	if (leg->offer.complete)
		return;
	if (!said && leg->flow)
		said = &leg->flow->remote;
	else if (!said && leg->trunk && leg->trunk->addr_count)
		said = &leg->trunk->addrs[0];
	if (said && said->len)
		leg->media_v6 = addr_is_v6(said);
}

/* ---- ours ---- */

/* An address of this machine. */
struct own {
	const struct addr *addr;
	unsigned sides; /* on which it is, a bit each */
	bool listens;   /* its port is a listener's; else media has it */
};

#define ON(side) (1u << (side))

/* The addresses of whole sides. Returns how many. */
static size_t list_own(const struct config *config, struct own own[static 12])
{
	const struct own all[12] = {
		{&config->media.internal[0], ON(SIDE_INTERNAL), false},
		{&config->media.internal[1], ON(SIDE_INTERNAL), false},
		{&config->media.internal_advertise[0], ON(SIDE_INTERNAL), false},
		{&config->media.internal_advertise[1], ON(SIDE_INTERNAL), false},
		{&config->media.external[0], ON(SIDE_EXTERNAL), false},
		{&config->media.external[1], ON(SIDE_EXTERNAL), false},
		{&config->media.external_advertise[0], ON(SIDE_EXTERNAL), false},
		{&config->media.external_advertise[1], ON(SIDE_EXTERNAL), false},
		{&config->internal.listen, ON(SIDE_INTERNAL), true},
		{&config->external.udp, ON(SIDE_EXTERNAL), true},
		{&config->external.tcp, ON(SIDE_EXTERNAL), true},
		{&config->external.tls_listen, ON(SIDE_EXTERNAL), true},
	};
	size_t count = 0;

	for (size_t i = 0; i < 12; i++)
		if (all[i].addr->len)
			own[count++] = all[i];
	return count;
}

static bool is_media_port(const struct config *config, uint16_t port)
{
	/* RTCP has the odd port behind */
	return port >= config->media.port_min && port <= config->media.port_max;
}

/* Whether ADDRESS is one that a single server or gateway has on this machine. */
static bool is_of_peers(const struct config *config, const struct addr *address)
{
	for (size_t i = 0; i < config->server_count; i++)
		if (addr_equal_host(&config->servers[i].common.media.address, address))
			return true;
	for (size_t i = 0; i < config->gateway_count; i++)
		if (addr_equal_host(&config->gateways[i].common.media.address, address))
			return true;
	return false;
}

/* On which sides ADDRESS is ours; *RET_PORT: its port is taken there. */
static unsigned sides_of(
	const struct config *config, const struct addr *address, bool *ret_port)
{
	uint16_t port = addr_port(address);
	unsigned sides = 0;
	struct own own[12];
	size_t count = list_own(config, own);

	*ret_port = false;
	for (size_t i = 0; i < count; i++) {
		if (!addr_equal_host(own[i].addr, address))
			continue;
		sides |= own[i].sides;
		*ret_port = *ret_port || (own[i].listens ? port == addr_port(own[i].addr)
							 : is_media_port(config, port));
	}
	/* a listener of any address has its port on those that media has */
	for (size_t i = 0; i < count && sides; i++)
		*ret_port = *ret_port || (own[i].listens && addr_is_any(own[i].addr) &&
						 port == addr_port(own[i].addr));
	if (is_of_peers(config, address) && is_media_port(config, port))
		*ret_port = true;
	return sides;
}

/* ---- theirs ---- */

/* What kind of address no media can be sent to; NULL: it may. */
static const char *bad_kind(const struct addr *address)
{
	uint32_t v4;

	if (addr_is_v6(address)) {
		if (IN6_IS_ADDR_MULTICAST(&address->v6.sin6_addr))
			return "a multicast address";
		if (IN6_IS_ADDR_V4MAPPED(&address->v6.sin6_addr))
			return "an IPv4 address written as IPv6";
		if (IN6_IS_ADDR_LINKLOCAL(&address->v6.sin6_addr))
			return "a link-local address";
		return addr_is_any(address) ||
				       IN6_IS_ADDR_V4COMPAT(&address->v6.sin6_addr)
			       ? "a reserved address"
			       : NULL;
	}
	v4 = ntohl(address->v4.sin_addr.s_addr);
	if (v4 == 0xffffffff)
		return "the broadcast address";
	if (v4 >> 28 == 0xe)
		return "a multicast address";
	return v4 >> 28 == 0xf || v4 >> 24 == 0 ? "a reserved address" : NULL;
}

static bool is_in_networks(const struct leg *leg, const struct addr *address)
{
	const struct config_words *networks = &leg->settings->media.networks;
	struct network network;

	for (size_t i = 0; i < networks->count; i++)
		if (network_parse(&network, span_of(networks->words[i])) == 0 &&
			network_has(&network, address))
			return true;
	return networks->count == 0;
}

int media_address_check(const struct leg *leg, const struct config *config,
	const struct addr *address, struct err_text *why)
{
	const struct addr *ours = identity_media(leg, config);
	const char *kind = bad_kind(address);
	bool port;
	unsigned sides = sides_of(config, address, &port);

	if (addr_is_v6(address) != addr_is_v6(ours))
		return err_set(why, ERR_SUPPORT, "%s address, media here is %s",
			addr_is_v6(address) ? "an IPv6" : "an IPv4", family_name(ours));
	if (kind)
		return err_set(why, ERR_SUPPORT, "%s, where media needs unicast", kind);
	if (addr_is_loopback(address) && !addr_is_loopback(ours))
		return err_set(why, ERR_SUPPORT, "a loopback address");
	if (port)
		return err_set(why, ERR_SUPPORT, "an address and port of Tandem itself");
	if (sides && !(sides & ON(leg->home->which)))
		return err_set(why, ERR_SUPPORT, "an address of the other side");
	if (!is_in_networks(leg, address))
		return err_set(why, ERR_SUPPORT, "an address outside media-networks");
	return 0;
}
