/*
 * Requests of a gateway with auth = digest: each has to prove that its sender knows the password
 * (RFC 3261 22, RFC 7616, RFC 8760). Who does not is asked, and nothing else comes of his request: no call, no
 * record. ACK and CANCEL cannot be asked for (RFC 3261 22.1). Loop thread.
 */
#pragma once

#include "bridge/bridge_priv.h"

/* So many wrong passwords in a row; then those of that trunk are not looked at for so long. */
#define PROOF_WRONG_MAX 10
#define PROOF_PAUSE_MS 60000

/* True: REQUEST, of TRUNK with SETTINGS, may be served; false: TXN was answered. */
bool proof_given(struct bridge *bridge, struct trunk *trunk,
	const struct config_trunk *settings, struct txn_server *txn);
