/*
 * Emergency calls, which are a class of their own: what makes a call one, and which number a service has
 * (RFC 5031, RFC 6881). Pure. Loop thread.
 */
#pragma once

#include "config/config.h"
#include "sip/phone.h"

/* Why a call is one. A value that is made where the call is admitted. */
enum emergency {
	EMERGENCY_NO,
	EMERGENCY_NUMBER,   /* a number of [emergency] was called */
	EMERGENCY_SERVICE,  /* urn:service:sos, or one below it */
	EMERGENCY_PRIORITY, /* Priority: emergency */
	EMERGENCY_CALLBACK, /* back to the caller of one: elin.h */
	EMERGENCY_DRILL,    /* a test of ours: bridge/drill.h */
	EMERGENCY_KINDS,
};

/* "number", "service" ...; "" of EMERGENCY_NO. Static. */
const char *emergency_name(enum emergency emergency);

/* What INVITE of FROM is, with CONFIG: what FROM may make an emergency call by is a setting. The number
 * is looked for in what came, and in what the rules of FROM make of it. */
enum emergency emergency_class(const struct config *config,
	const struct config_trunk *from, const struct message *invite);

/* Whether CALLED is a number of [emergency] of CONFIG. */
bool emergency_is_configured(const struct config *config, const struct phone *called);
/* The same of CALLED, which came from whom FROM is of, or of what the rules of FROM make of it. */
bool emergency_is_called(const struct config *config, const struct config_trunk *from,
	const struct phone *called);
/* Whether an INVITE to the Request-URI URI, with or without a Priority header, may be an emergency call of anybody:
 * quickly, and never wrongly no. */
bool emergency_may_be(const struct config *config, struct span uri, bool has_priority);

/* Whether NUMBER, with or without visual separators, is an emergency number: one of CONFIG's, of a service's, or 112 or
 * 911, whatever is configured. For what must never call one. */
bool emergency_is_any(const struct config *config, struct span number);

/* Whether URI is urn:service:sos (RFC 5031 4.2). *RET (NULL is fine) is what stands behind it: "" or
 * "police". */
bool emergency_service(struct span uri, struct span *ret);
/* The number that SERVICE, as emergency_service() has it, is called by: the one of its own, or of the
 * nearest above it; else the first of all; else 112, which 3GPP TS 22.101 has for all the world. It lives as
 * long as CONFIG. */
const char *emergency_service_number(const struct config *config, struct span service);
