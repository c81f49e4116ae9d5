/*
 * A request that is no call, outside of dialogs (MESSAGE, RFC 3428; PUBLISH, RFC 3903): one server transaction, and one client
 * transaction after the other, until a target takes it. It is routed, protected and recorded as a call is. Each
 * gets its final response within 64*T1, whatever its targets do (RFC 4320). Loop thread.
 */
#pragma once

#include "bridge/bridge_priv.h"

/* More of them at once are refused. */
#define EXCHANGES_MAX 5000

/* The request of TXN, of TRUNK on HOME, passed all checks: answers it from now on. */
void exchange_begin(
	struct bridge_side *home, struct txn_server *txn, struct trunk *trunk);
/* Refuses all that are open with 503, for CAUSE, static: each has its record. */
void exchanges_end(struct bridge *bridge, const char *cause);
/* The same as by a shutdown, and frees all. */
void exchanges_free(struct bridge *bridge);
