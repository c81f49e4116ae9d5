/*
 * What the files of a leg share: leg.c, and leg_request.c, which takes requests within the
 * dialog. Not for others. Loop thread.
 */
#pragma once

#include "bridge/leg.h"

/* What we do; also in 405 and OPTIONS. */
const char *leg_allow(const struct leg *leg);

/* Tells the call. */
void leg_report(struct leg *leg, enum leg_event event, struct message *message,
	int status, const char *why);
/* The leg learns of the end of TXN, and that nobody acknowledged it. */
void leg_attach(struct leg *leg, struct txn_server *txn);
/* The next request within the dialog goes to its next hop (RFC 3261 12.2.1.1). */
void leg_follow_route(struct leg *leg);
