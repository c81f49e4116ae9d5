/* Whom a call of a trunk that we registered with is for. Loop thread. */
#pragma once

#include "bridge/party.h"
#include "trunk/trunk.h"

/* PARTY, read from INVITE of TRUNK, gets the called number from where [register] called-number says that it
 * is: the Request-URI is our Contact, which need not have it. */
void called_find(
	struct party *party, const struct trunk *trunk, const struct message *invite);
/* The same by RULE, where USER is that of our Contact. */
void called_find_by(struct party *party, enum config_called rule, struct span user,
	const struct message *invite);
