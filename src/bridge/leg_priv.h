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
/* An INVITE is the leg's to answer from now on. 0 or -ENOMEM. */
int leg_take_invite(struct leg *leg, struct txn_server *invite);
/* A BYE waits for leg_bye_answer(). */
void leg_attach_bye(struct leg *leg, struct txn_server *bye);
/* The next request within the dialog goes to its next hop (RFC 3261 12.2.1.1). */
void leg_follow_route(struct leg *leg);
