/*
 * What SUBSCRIBE, NOTIFY and PUBLISH say of an event (RFC 6665 8.2): its package, and the state of a subscription
 * to it. Pure; spans borrow from the message.
 */
#pragma once

#include "sip/message.h"

struct event {
	struct span package; /* a token: "presence", "presence.winfo" */
	struct span id;      /* which of several subscriptions; empty: it has none */
};

/* What the Event header of MESSAGE says. False: it has none that names a package. Its other parameters are of the
 * package, and are not read: those of "dialog" name dialogs of one side (RFC 4235 3.2). */
bool event_read(struct event *ret, const struct message *message);

/* Of NOTIFY. */
struct event_state {
	struct span word; /* a token: "active", "pending", "terminated", or another one */
	bool is_terminated; /* the subscription is over */
	bool has_expires, has_retry_after;
	uint32_t expires_s;     /* how long it lasts without a refresh */
	uint32_t retry_after_s; /* of one that is over: when it may be tried again */
	struct span reason;     /* of one that is over: a token, or empty */
};

/* What the Subscription-State header of MESSAGE says. False: it has none, or no state in it. */
bool event_state_read(struct event_state *ret, const struct message *message);
/* Appends the line. */
void event_state_add(const struct event_state *state, struct buf *out);

/*
 * Whether a subscription, or one that is asked for, is over when a SUBSCRIBE or NOTIFY within it is refused with
 * STATUS (RFC 6665 4.1.2.2, 4.2.2; RFC 3261 12.2.1.2 of 408, which stands for no answer).
 */
bool event_is_over_by(int status);
