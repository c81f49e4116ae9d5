/*
 * What would leave of a party toward a server or gateway, without a call: by the same rules, and written by the
 * same code. Loop thread, or the one thread of a program without a loop.
 */
#pragma once

#include "bridge/party.h"
#include "trunk/trunk.h"

struct party_dry {
	char *called, *caller; /* numbers or names in Request-URI and From; owned */
	/* Request-URI, From, To and the headers of an INVITE that come of a party, as lines; owned. Our name stands for
	 * what a connection in plain has. */
	char *lines;
};

/* PARTY as TO would be shown it, by its settings; FQDN names us where these do not. RET is for party_dry_free() in any case. 0; -ENOMEM;
 * -EPERM: the call would be refused, as party_rules_out() says. */
int party_dry(struct party_dry *ret, const struct party *party, const struct trunk *to,
	const char *fqdn);
void party_dry_free(struct party_dry *dry);
