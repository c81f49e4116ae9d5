/*
 * Requests outside of dialogs: what RFC 3261 8.2 has refused, what a limit, draining or audit
 * forbids, and the calls that begin. Loop thread.
 */
#pragma once

#include "bridge/bridge_priv.h"
#include "trunk/obstacle.h"

/* Answers REQUEST, which has no To tag, or begins a call. */
void admit_request(
	struct bridge_side *side, struct txn_server *txn, struct message *request);
/* For bridge_add_capabilities(). */
void admit_add_capabilities(const struct config_trunk *settings, struct buf *out);
/* RFC 3261 8.2.2.3, within dialogs too. True: REQUEST requires what we do not have, and was
 * refused. */
bool admit_refuse_options(struct txn_server *txn, const struct message *request);
/* A call of TRUNK was refused with 503 for OBSTACLE, of the trunk or of all calls: counts it, and says so. */
void admit_refused(
	struct bridge *bridge, struct trunk *trunk, const struct obstacle *obstacle);
