/*
 * Why a far end was not reached, and what to do about it: for a call's reason, a trunk's last error and the
 * log. The cause comes first, and no address is so long that the remedy is cut. Loop thread.
 */
#pragma once

#include "base/addr.h"
#include "base/err.h"
#include "sip/flow.h"

/* What was being done. */
enum failure_phase {
	FAILURE_CONNECT,   /* the connection was being made */
	FAILURE_HANDSHAKE, /* TLS was to begin */
	FAILURE_REQUEST,   /* a request was sent, and nothing came back */
};

/*
 * What to do where PHASE came to ERR, negative, at REMOTE over KIND: "nothing listens at 192.0.2.1:5060 UDP; is
 * it up, and is `port` right?". "": nothing that is known here.
 */
#define FAILURE_REMEDY_SIZE 200
const char *failure_remedy(enum failure_phase phase, int err, enum transport_kind kind,
	const struct addr *remote, char buf[static FAILURE_REMEDY_SIZE]);

/* A request that went to REMOTE over KIND failed with ERR, of txn_client's failed_h: "port unreachable: nothing
 * listens at ...". */
const char *failure_of_request(int err, enum transport_kind kind,
	const struct addr *remote, char buf[static ERR_REASON_SIZE]);
