/*
 * What the files of a leg share: leg.c, and leg_request.c, which takes requests within the
 * dialog. Not for others. Loop thread.
 */
#pragma once

#include "bridge/leg.h"

/* Appends Allow: what we do toward it; also in 405 and OPTIONS. */
void leg_add_allow(const struct leg *leg, struct buf *out);
/* Appends Contact, Allow, and PRODUCT, "Server" in responses or "User-Agent" in requests. */
void leg_add_identity(struct leg *leg, const char *product, struct buf *out);

/* Tells the call. */
void leg_report(struct leg *leg, enum leg_event event, struct message *message,
	int status, const char *why);
/* What it takes is what MESSAGE of it says in Allow; nothing changes where it says nothing. */
void leg_note_allow(struct leg *leg, const struct message *message);
/* An INVITE is the leg's to answer from now on. 0 or -ENOMEM. */
int leg_take_invite(struct leg *leg, struct txn_server *invite);
/* A BYE waits for leg_bye_answer(). */
void leg_attach_bye(struct leg *leg, struct txn_server *bye);
/* The next request within the dialog goes to its next hop (RFC 3261 12.2.1.1). */
void leg_follow_route(struct leg *leg);
/* Whether our 18x to INVITE, its first, go reliably. */
bool leg_answers_reliably(const struct leg *leg, const struct message *invite);
