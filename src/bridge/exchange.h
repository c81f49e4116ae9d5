/*
 * A request that is no call, outside of dialogs (MESSAGE, RFC 3428; PUBLISH, RFC 3903; SUBSCRIBE and NOTIFY, RFC 6665): one
 * server transaction, and one client transaction after the other, until a target takes it. It is routed, protected and
 * recorded as a call is. Each gets its final response within 64*T1, whatever its targets do (RFC 4320). With a SUBSCRIBE
 * that was taken it lasts as long as the subscription (subscription.h), and has its record then. Loop thread.
 */
#pragma once

#include "bridge/bridge_priv.h"

/* More of them at once are refused. */
#define EXCHANGES_MAX 5000

/* The request of TXN, of TRUNK on HOME, passed all checks: answers it from now on. */
void exchange_begin(
	struct bridge_side *home, struct txn_server *txn, struct trunk *trunk);
/* H is told of each subscription that stands. */
void exchanges_each(struct bridge *bridge,
	void (*h)(void *arg, const struct bridge_subscription *subscription), void *arg);
/* Ends the one with ID: 0 or -ENOENT. */
int exchange_end_subscription(struct bridge *bridge, const char *id);
/* The configuration of BRIDGE is another one: subscriptions that it does not allow any more end. */
void exchanges_review(struct bridge *bridge);
/* Refuses all that are open with 503, for CAUSE, static: each has its record. */
void exchanges_end(struct bridge *bridge, const char *cause);
/* The same as by a shutdown, and frees all. */
void exchanges_free(struct bridge *bridge);
