/*
 * Whether a configuration can be served on this machine. What a start finds out for itself it finds out
 * here, by the same code, so that tandemd -t and a start do not differ: what is a mistake to the one stops
 * the other. Nothing is changed. Loop thread; names are looked up by a loop of their own.
 */
#pragma once

#include "check/findings.h"
#include "config/locate.h"
#include "media/relay.h"
#include "sip/flow.h"
#include "trunk/trunk.h"

#include <pwd.h>

/* Who asks. */
enum check_by {
	CHECK_BY_TEST,   /* tandemd -t */
	CHECK_BY_START,  /* a server that is about to start */
	CHECK_BY_SERVER, /* one that runs: tandemctl config check */
};

struct check {
	struct config *config;
	struct findings *findings;
	enum check_by by;
	/* Whom a start becomes, as he is now; NULL: it stays who we are. */
	const struct passwd *user;
	long running; /* the process that serves this configuration; 0: none */
	struct locator locator;
};

/* CONFIG, FINDINGS, USER are borrowed; ends with check_end(). */
void check_begin(struct check *check, struct config *config, struct findings *findings,
	enum check_by by);
void check_end(struct check *check);

/* With the rights of whoever starts it: addresses, ports, folders, limits. */
void check_machine(struct check *check);
/* With those of the user that it becomes: what is in the folders. */
void check_rights(struct check *check);
/* Likewise: certificates, keys, anchors and lists, each for itself. After a trunk's files were
 * refused this lists all that is wrong. */
void check_certificates(struct check *check);
/* Likewise, what stops no start: names that do not resolve, gateways that are taken for another. */
void check_advice(struct check *check);

/* How each server and gateway is protected, a sentence each with its name in front: an array of
 * {"kind", "id", "protection", "exceptions"}. NULL: out of memory. */
json_t *check_protection(const struct config *config);
void check_print_protection(const json_t *trunks, FILE *out);

/* What listens, as configured: at most CHECK_LISTENERS, those with an address alone. How many. */
#define CHECK_LISTENERS 4
struct check_listener {
	bool internal;
	enum transport_kind kind;
	const struct addr *address;
	const char *section, *key;
};
unsigned check_listeners(
	const struct config *config, struct check_listener ret[static CHECK_LISTENERS]);
/* How CONFIG wants media, its addresses apart. */
struct relay_params check_media_params(const struct config *config);
