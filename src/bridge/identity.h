/*
 * How we name ourselves toward a leg: Via, Contact, From and the address in SDP. Nothing
 * of one side is ever used on the other. Loop thread.
 */
#pragma once

#include "bridge/leg.h"
#include "bridge/party.h"

#define IDENTITY_SIZE 320

/*
 * HOST is the contact-host of the server or gateway at the other end of FLOW; NULL or "": it has none,
 * and the flow says it.
 */
/* "med1.example.com:5061", for Via. Returns BUF. */
const char *identity_sent_by(const struct bridge_side *side, const struct flow *flow,
	const char *host, char buf[static IDENTITY_SIZE]);
/* "<sip:med1.example.com:5061;transport=tls>". Returns BUF. */
const char *identity_contact(const struct bridge_side *side, const struct flow *flow,
	const char *host, char buf[static IDENTITY_SIZE]);
/* CONTACT, as above, becomes that which is registered at TRUNK, where it is registered with. */
void identity_register(const struct trunk *trunk, char contact[static IDENTITY_SIZE]);
/* The host that stands for us toward it: in Via, Contact, Call-ID and Warning, and, where the
 * trunk has no from-host, in From and identities. Returns BUF. */
const char *identity_host(const struct bridge_side *side, const struct flow *flow,
	const char *host, char buf[static IDENTITY_SIZE]);
/* The contact-host of whoever is at the other end of FLOW now; "" where it has none or is nobody's.
 * Borrowed of its trunk. For what belongs to no leg. */
const char *identity_of_flow(const struct bridge_side *side, const struct flow *flow);
/* The address of this machine that its media uses, port 0. */
const struct addr *identity_media(const struct leg *leg, const struct config *config);
/* What its SDP shows of that: another one where it sees us through NAT. */
const struct addr *identity_media_shown(
	const struct leg *leg, const struct config *config);

/* For bridge_names(). */
void identity_names(const struct bridge_side *side, const struct target *target,
	const char *host, const struct flow *flow, struct bridge_names *ret);

/* How a party is shown to a leg, and the texts that this needs. */
struct identity_shown {
	struct party_shown shown;
	char host[IDENTITY_SIZE], target[IDENTITY_SIZE], port[BRIDGE_PORT_SIZE],
		params[24];
};

/* For LEG, whose flow is known, and leads to HOST of its target; *RET must not move afterwards. */
void identity_shown(const struct leg *leg, const char *host, struct identity_shown *ret);
/* The same for what is sent to TARGET, which is on SIDE, over FLOW. */
void identity_shown_to(const struct bridge_side *side, const struct target *target,
	const struct flow *flow, const char *host, struct identity_shown *ret);
