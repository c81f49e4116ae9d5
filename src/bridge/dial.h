/*
 * Dialling: from a target to a flow, over its addresses in order. Loop thread. Embedded in
 * its user, zero-initialised.
 */
#pragma once

#include "bridge/bridge_priv.h"
#include "trunk/target.h"

struct dial;

/* FLOW (borrowed, held by the dial until the next) may still be opening; NULL: no address is left, WHY says what failed. */
typedef void dial_h(void *arg, struct flow *flow, const char *why);

struct dial {
	struct bridge_side *side;
	struct target *target; /* owned reference; NULL while idle */
	struct resolve *resolving;
	struct addr *addrs; /* owned; as resolved */
	unsigned count, at;
	struct flow *tried; /* the last that was handed out; owned reference */
	bool was_open;      /* one before it was open */
	struct transport_wait wait;
	uint64_t wait_until_ms; /* 0: no address is left to wait for yet */
	char why[ERR_REASON_SIZE];
	dial_h *h;
	void *arg;
};

/* Looks TARGET up and tries its first address; H may be called before this returns. */
void dial_start(struct dial *dial, struct bridge_side *side, struct target *target,
	dial_h *h, void *arg);
/*
 * The last flow failed for WHY: the next address. Where none is left and no connection to a TLS target
 * was ever open, one that its peer has made to us meanwhile will do; while a host of it shakes hands
 * with us, H waits for that, `handshake-timeout` at most. Else H is called before this returns.
 */
void dial_next(struct dial *dial, const char *why);
bool dial_active(const struct dial *dial);
/* Forgets it; H is not called any more. */
void dial_stop(struct dial *dial);

/*
 * The flow for a request within a dialog whose next hop is URI, where that is another one than
 * NOW. Only in plain, where URI is numeric, is an address of a configured gateway (requests from
 * others are not accepted, so none are sent to them), and does not ask for another transport,
 * whose port would be taken for one of this transport. A TCP connection to the same host is kept,
 * whatever the port of its far end. Over TLS a peer is reached by its own connection alone.
 * Returns a reference; NULL: NOW is to be used.
 */
struct flow *dial_hop(struct bridge_side *side, const struct flow *now, const char *uri);
