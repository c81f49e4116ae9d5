#include "bridge/identity.h"

#include "trunk/registration.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

/* More of a host name would leave no room for the rest of a Via. */
#define IDENTITY_HOST_MAX 200

static const struct addr *listener(
	const struct bridge_side *side, const struct flow *flow)
{
	const struct config *config = side->bridge->config;

	if (side->which == SIDE_INTERNAL)
		return &config->internal.listen;
	switch (flow->kind) {
	case TRANSPORT_UDP:
		return &config->external.udp;
	case TRANSPORT_TCP:
		return &config->external.tcp;
	default:
		return &config->external.tls_listen;
	}
}

static const struct config_media *own_media(const struct leg *leg)
{
	return &leg->settings->media;
}

/* Of a pair the one of the family that is wanted, where it is there. */
static const struct addr *of_family(const struct addr pair[static 2], bool v6)
{
	return pair[1].len && addr_is_v6(&pair[1]) == v6 ? &pair[1] : &pair[0];
}

static const struct addr *side_address(
	enum side side, const struct config *config, bool v6)
{
	return of_family(
		side == SIDE_INTERNAL ? config->media.internal : config->media.external,
		v6);
}

const struct addr *identity_media(const struct leg *leg, const struct config *config)
{
	const struct config_media *own = own_media(leg);

	return own->address.len ? &own->address
				: side_address(leg->home->which, config, leg->media_v6);
}

/* What is shown of the address of a whole side. */
static const struct addr *side_shown(enum side side, const struct config *config, bool v6)
{
	const struct addr *address = side_address(side, config, v6);
	const struct addr *shown =
		of_family(side == SIDE_INTERNAL ? config->media.internal_advertise
						: config->media.external_advertise,
			addr_is_v6(address));

	return shown->len && addr_is_v6(shown) == addr_is_v6(address) ? shown : address;
}

const struct addr *identity_media_shown(
	const struct leg *leg, const struct config *config)
{
	const struct config_media *own = own_media(leg);

	if (own->advertise.len)
		return &own->advertise;
	return own->address.len ? &own->address
				: side_shown(leg->home->which, config, leg->media_v6);
}

static void put(char buf[static IDENTITY_SIZE], size_t *len, const char *text)
{
	span_append(buf, IDENTITY_SIZE, len, text);
}

const char *identity_of_flow(const struct bridge_side *side, const struct flow *flow)
{
	const enum trunk_kind kind =
		side->which == SIDE_INTERNAL ? TRUNK_SERVER : TRUNK_GATEWAY;
	const struct trunk *trunk = trunks_of_flow(side->bridge->trunks, flow, kind);

	return trunk ? trunk_settings(trunk)->contact_host : "";
}

/*
 * Over TLS we are who our certificate says. In plain a gateway need not be able to resolve
 * that name: it gets the address that it can reach, which is that of media on this side where
 * the listener is bound to all.
 */
const char *identity_host(const struct bridge_side *side, const struct flow *flow,
	const char *host, char buf[static IDENTITY_SIZE])
{
	const struct config *config = side->bridge->config;
	const struct addr *address;
	char text[ADDR_TEXT_SIZE];
	size_t len = 0;

	if (flow->kind == TRANSPORT_TLS && (!host || !host[0]))
		host = config->tandem.fqdn;
	if (host && host[0]) {
		put(buf, &len, host);
		return buf;
	}
	address = &flow->local;
	if (config->media.external_advertise[0].len || !address->len ||
		addr_is_any(address))
		address = side_shown(side->which, config, addr_is_v6(address));
	put(buf, &len, addr_uri_text(address, text));
	return buf;
}

/* ":5061"; nothing for 0. */
static void write_port(unsigned port, char buf[static BRIDGE_PORT_SIZE])
{
	char *p = buf;

	if (port)
		*p++ = ':';
	for (unsigned unit = 10000; unit; unit /= 10)
		if (port >= unit)
			*p++ = (char)('0' + port / unit % 10);
	*p = '\0';
}

/* Host, and ":5061" of the listener that the far end can reach, if there is one. */
static void put_host(const struct bridge_side *side, const struct flow *flow,
	const char *host, char buf[static IDENTITY_SIZE], size_t *len)
{
	const struct addr *address = listener(side, flow);
	char name[IDENTITY_SIZE], port[BRIDGE_PORT_SIZE];

	identity_host(side, flow, host, name);
	name[IDENTITY_HOST_MAX] = '\0';
	put(buf, len, name);
	write_port(address->len ? addr_port(address) : 0, port);
	put(buf, len, port);
}

const char *identity_sent_by(const struct bridge_side *side, const struct flow *flow,
	const char *host, char buf[static IDENTITY_SIZE])
{
	size_t len = 0;

	put_host(side, flow, host, buf, &len);
	return buf;
}

const char *identity_contact(const struct bridge_side *side, const struct flow *flow,
	const char *host, char buf[static IDENTITY_SIZE])
{
	size_t len = 0;

	put(buf, &len, "<sip:");
	put_host(side, flow, host, buf, &len);
	put(buf, &len, ";transport=");
	put(buf, &len, transport_kind_param(flow->kind));
	put(buf, &len, ">");
	return buf;
}

void identity_register(const struct trunk *trunk, char contact[static IDENTITY_SIZE])
{
	const struct registration *registration = trunk->registration;
	char place[IDENTITY_SIZE];

	if (!registration || span_copy((struct span){contact + strlen("<sip:"),
					       strlen(contact) - strlen("<sip:>")},
				     place, sizeof(place)))
		return;
	snprintf(contact, IDENTITY_SIZE, "<sip:%s%s%.220s;line=%s>", registration->user,
		registration->user[0] ? "@" : "", place, registration->line);
}

/* HOST as a URI has it: an IPv6 address in brackets. */
static void put_far_host(const char *host, char buf[static IDENTITY_SIZE])
{
	bool v6 = strchr(host, ':') != NULL && host[0] != '[';
	size_t len = 0;

	put(buf, &len, v6 ? "[" : "");
	put(buf, &len, host);
	put(buf, &len, v6 ? "]" : "");
}

/* The host in From and identities toward it. */
static void put_from(const struct bridge_side *side, const struct target *target,
	const struct flow *flow, char buf[static IDENTITY_SIZE])
{
	const struct registration *registration = target->trunk->registration;
	size_t len = 0;

	if (target->gateway && target->gateway->from_host[0])
		put(buf, &len, target->gateway->from_host);
	else if (registration && registration->domain)
		put(buf, &len, registration->domain);
	else
		identity_host(side, flow, target->settings->contact_host, buf);
}

static void put_params(const struct flow *flow, char buf[static 24])
{
	buf[0] = '\0';
	if (flow->kind != TRANSPORT_UDP)
		snprintf(buf, 24, ";transport=%s", transport_kind_param(flow->kind));
}

void identity_names(const struct bridge_side *side, const struct target *target,
	const char *host, const struct flow *flow, struct bridge_names *ret)
{
	static_assert(BRIDGE_NAME_SIZE >= IDENTITY_SIZE, "a name of ours fits");
	identity_host(side, flow, target->settings->contact_host, ret->host);
	put_from(side, target, flow, ret->from);
	identity_contact(side, flow, target->settings->contact_host, ret->contact);
	identity_register(target->trunk, ret->contact);
	put_far_host(host, ret->target);
	write_port(target_port(target), ret->port);
	put_params(flow, ret->params);
}

void identity_shown_to(const struct bridge_side *side, const struct target *target,
	const struct flow *flow, const char *host, struct identity_shown *ret)
{
	const struct config_gateway *gateway = target->gateway;

	put_from(side, target, flow, ret->host);
	put_far_host(host, ret->target);
	write_port(target_port(target), ret->port);
	put_params(flow, ret->params);
	ret->shown = (struct party_shown){.host = ret->host,
		.target = ret->target,
		.port = ret->port,
		.params = ret->params,
		.user_phone = gateway && gateway->user_phone};
}

void identity_shown(const struct leg *leg, const char *host, struct identity_shown *ret)
{
	identity_shown_to(leg->home, leg->target, leg->flow, host, ret);
}
