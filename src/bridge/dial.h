/*
 * Dialling: from a target to a flow, over its addresses in order; those that rest or are down are passed over
 * (trunk/health.h). What becomes of an attempt goes back to the trunk's health: dial_heard(), dial_unheard().
 * Loop thread. Embedded in its user, zero-initialised.
 */
#pragma once

#include "bridge/bridge_priv.h"
#include "sip/message.h"
#include "trunk/target.h"

struct dial;

/* FLOW (borrowed, held by the dial until the next) may still be opening; NULL: no address is left, WHY says what failed. */
typedef void dial_h(void *arg, struct flow *flow, const char *why);

enum dial_whom {
	DIAL_USABLE, /* addresses that calls may use now */
	DIAL_TRY,    /* those first, then who is worth a try: see dial_is_worth_a_try() */
	DIAL_ALL,    /* those first, then the others: what must get through */
};

struct dial_address {
	struct addr addr;
	uint8_t name;     /* which of the target's names it is of */
	bool passed_over; /* it may not be used now */
	bool unconnected; /* then: health_is_unconnected() */
};

struct dial_params {
	struct bridge_side *side;
	struct target *target; /* a reference is taken */
	enum dial_whom whom;
	dial_h *h;
	void *arg;
};

struct dial {
	struct bridge_side *side;
	struct target *target; /* owned reference; NULL while idle */
	enum dial_whom whom;
	struct resolve *resolving;
	unsigned name;              /* the one to be resolved next, or that is */
	struct dial_address *addrs; /* owned; of the names that were resolved so far */
	unsigned count, at;
	bool last_pass; /* those that were passed over have their turn */
	unsigned
		by_flow; /* connections that it is registered over, and were handed out */
	struct flow *tried; /* the last that was handed out; owned reference */
	unsigned tried_at;  /* for which address */
	bool was_open;      /* one before it was open */
	uint64_t
		asked_us; /* when it was asked, monotonic; 0: not on an open flow, or it was heard */
	bool failed;   /* that it failed was told */
	bool answered; /* one of them gave a final response */
	struct transport_wait wait;
	uint64_t wait_until_ms; /* 0: no address is left to wait for yet */
	uint64_t
		back_ms; /* the first that was passed over may be used then, monotonic; 0: none was */
	char why[ERR_REASON_SIZE];
	dial_h *h;
	void *arg;
};

/* The connections that its target is registered over come first, where it is registered so (RFC 5626 4.3). Else, and
 * then, looks the target up and tries its first address; H may be called before this returns. */
void dial_start(struct dial *dial, const struct dial_params *params);
/*
 * The last flow failed for WHY: the next address. Where none is left and no connection to a TLS target
 * was ever open, one that its peer has made to us meanwhile will do; while a host of it shakes hands
 * with us, H waits for that, `handshake-timeout` at most. Else H is called before this returns.
 */
void dial_next(struct dial *dial, const char *why);
/* The flow that was handed out last, once more. H is called before this returns. */
void dial_again(struct dial *dial);
bool dial_active(const struct dial *dial);
/* The name that the last flow's address is of. */
const char *dial_host(const struct dial *dial);
/* How many addresses are left behind the one that is tried, as far as is known: of an active one. */
unsigned dial_left(const struct dial *dial);
/* Whether an address of TARGET that could not be connected to shakes hands with us: worth a dial, though it may not
 * be used now. */
bool dial_may_arrive(const struct bridge_side *side, const struct target *target);
/* Whether an address of TARGET refuses at once (health_is_worth_a_try()): a call that has nobody else to ask loses
 * no time there, and it may be up again. */
bool dial_is_worth_a_try(const struct target *target);

/* A request was sent by the last flow. */
void dial_asked(struct dial *dial);
/* STATUS came, in RESPONSE (NULL: it is not at hand). */
void dial_heard(struct dial *dial, int status, const struct message *response);
/* It gave a final response to a request that is no call: it is there, and what it says is of that request. */
void dial_answered(struct dial *dial);
/* The address that is tried could not be asked: ERR, of transport_flow(). */
void dial_unreached(struct dial *dial, int err, const char *why);
/* How it was that nothing came. */
enum dial_unheard {
	DIAL_SILENT,      /* not in the time that there is */
	DIAL_LOST,        /* the flow failed */
	DIAL_NO_LISTENER, /* over UDP: nothing listens there, which was known at once */
};
/* That of a leg's failure with STATUS; NO_LISTENER: ICMP said so. */
enum dial_unheard dial_how(int status, bool no_listener);
/* Nothing came, for WHY. */
void dial_unheard(struct dial *dial, enum dial_unheard how, const char *why);

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
