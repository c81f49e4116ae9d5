/*
 * Which programs and services may be at the far ends, and what setup knows of each. Read-only.
 */
#pragma once

#include <stdbool.h>

struct kinds_kind {
	const char *name; /* in --pbx and --trunk */
	const char *what;
	bool pbx, trunk;       /* where it may be */
	const char *profile;   /* of a gateway */
	const char *names;     /* the first of the names that the profile has, or NULL */
	const char *template;  /* its own side of the configuration, peer-NAME.conf.in */
	unsigned port;         /* where it listens */
	const char *transport; /* "tls"; "udp" or "tcp": in plain */
	bool rsa;              /* it may refuse ECDSA */
	bool own_certificates; /* a lab cannot make them */
};

/* Ends with a name of NULL. */
extern const struct kinds_kind kinds_all[];

/* NULL: there is none of this name for a PBX, or for a trunk. */
const struct kinds_kind *kinds_find(const char *name, bool trunk);
/* "asterisk, freeswitch": those of a PBX or of a trunk. Appended to OUT. */
void kinds_list(bool trunk, char *out, unsigned size);
