#include "bridge/identity.h"

#include <stdio.h>

static const struct addr *listener(const struct config *config, const struct leg *leg)
{
	if (leg->home->which == RELAY_INTERNAL)
		return &config->internal.listen;
	switch (leg->flow->kind) {
	case TRANSPORT_UDP:
		return &config->external.udp;
	case TRANSPORT_TCP:
		return &config->external.tcp;
	default:
		return &config->external.tls_listen;
	}
}

const struct addr *identity_media(
	const struct bridge_side *side, const struct config *config)
{
	if (side->which == RELAY_INTERNAL)
		return config->media.internal_advertise.len
			       ? &config->media.internal_advertise
			       : &config->media.internal;
	return config->media.external_advertise.len ? &config->media.external_advertise
						    : &config->media.external;
}

/*
 * Over TLS we are who our certificate says. In plain a gateway need not be able to resolve
 * that name: it gets the address that it can reach, which is the one of our media where
 * the listener is bound to all.
 */
const char *identity_host(const struct leg *leg, char buf[static IDENTITY_SIZE])
{
	const struct config *config = leg->home->bridge->config;
	const struct addr *address;
	char text[ADDR_TEXT_SIZE];

	if (leg->flow->kind == TRANSPORT_TLS) {
		snprintf(buf, IDENTITY_SIZE, "%s", config->tandem.fqdn);
		return buf;
	}
	address = &leg->flow->local;
	if (config->media.external_advertise.len || !address->len || addr_is_any(address))
		address = identity_media(leg->home, config);
	snprintf(buf, IDENTITY_SIZE, "%s", addr_uri_text(address, text));
	return buf;
}

/* ":5061" of the listener that the far end can reach, "" when there is none. */
static void write_port(const struct leg *leg, char *buf, size_t size)
{
	const struct addr *address = listener(leg->home->bridge->config, leg);

	buf[0] = '\0';
	if (address->len && addr_port(address))
		snprintf(buf, size, ":%u", addr_port(address));
}

const char *identity_via(
	const struct leg *leg, const char *branch, char buf[static IDENTITY_SIZE])
{
	char host[IDENTITY_SIZE];
	char port[8];

	write_port(leg, port, sizeof(port));
	snprintf(buf, IDENTITY_SIZE, "SIP/2.0/%s %.200s%s;branch=%s;rport",
		transport_kind_name(leg->flow->kind), identity_host(leg, host), port,
		branch);
	return buf;
}

const char *identity_contact(const struct leg *leg, char buf[static IDENTITY_SIZE])
{
	char host[IDENTITY_SIZE];
	char port[8];

	write_port(leg, port, sizeof(port));
	snprintf(buf, IDENTITY_SIZE, "<sip:%.200s%s;transport=%s>",
		identity_host(leg, host), port, transport_kind_param(leg->flow->kind));
	return buf;
}
