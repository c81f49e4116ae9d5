/*
 * What the files of bridge/ share: the bridge's own structs, and bridge_limits.c. Not for other folders.
 */
#pragma once

#include "base/hash.h"
#include "base/list.h"
#include "base/log_limit.h"
#include "bridge/bridge.h"
#include "sip/dialog.h"
#include "sip/nonce.h"
#include "sip/txn.h"

/* In units of T1: when a request other than INVITE is answered whatever becomes of it. What is left of its sender's
 * Timer F, 64, is time for the answer to get there (RFC 4320). */
#define BRIDGE_LATE_T1 56

/* One side: its transport, its transactions, its dialogs. They never mix. */
struct bridge_side {
	struct bridge *bridge;
	enum side which;
	struct transport *transport;
	struct txn_layer *txns;
	struct dialogs dialogs;       /* owners are struct leg */
	struct dialogs subscriptions; /* owners are struct subscription_dialog */
	/* A flow of the bridge's own is closed: redial.c. */
	void (*lost_h)(struct bridge_side *side, struct flow *flow, const char *why);
	struct list uacs; /* struct uac: those of legs, and those that outlive them */
	uint64_t attributes_said[64]; /* see attributes.c */
	uint64_t headers_said[64];    /* see crossing.c */
};

/* Who asked for how much: overload.c. */
struct overload {
	uint64_t second;      /* the present one, from 1 */
	uint64_t started;     /* calls that had been taken when it began */
	unsigned callers_now; /* trunks that made a call in it */
	unsigned callers;     /* those of the one before it */
	uint64_t taken;       /* calls that were taken in that */
};

struct bridge {
	struct bridge_side sides[2]; /* by enum side */
	struct timers *timers;
	struct config *config;
	struct trunks *trunks;
	struct relay *relay;
	struct resolver *resolver;
	const struct tap *tap;
	struct bridge_handlers handlers;
	bridge_media_keys_h *keys_h; /* NULL: nobody is told of keys */
	void *keys_arg;
	struct list calls; /* every struct call, oldest first */
	struct list inner; /* those that are part of another */
	struct hash by_number;
	struct list
		dead; /* calls that are over; the reaper, a timer of 0 ms, frees them */
	struct timer reaper;
	struct list closed; /* struct closed_flow: connections that ended in this turn */
	struct timer closed_timer;
	struct list dismissed; /* struct dismissal: see dismiss.h */
	struct list demands;   /* struct demand */
	unsigned demand_count, last_demand;
	void (*demands_changed_h)(
		struct bridge *bridge); /* calls that stand are looked at */
	struct list testcalls;          /* struct testcall */
	unsigned testcall_count;
	struct list exchanges;       /* struct exchange: requests that are no calls */
	unsigned exchange_count;     /* without subscriptions that were accepted */
	unsigned subscription_count; /* with those that are asked for */
	/* Such requests that were answered 503, as REFUSED of calls. */
	uint64_t messages_refused;
	unsigned call_count;
	unsigned answered_count;
	struct limit_use use; /* what the limits of all calls count */
	struct overload overload;
	uint64_t
		shed_until_ms; /* ACKs to what was shed, and repetitions, may come until then */
	uint64_t *shed;        /* SHED_KEPT of stateless_id(); owned; NULL: none was */
	uint64_t next_number;
	uint32_t last_party; /* for the tap */
	uint64_t started, ended, failed, refused;
	struct bridge_emergencies emergencies;
	struct elins *elins;            /* who is shown by which number of his location */
	struct log_limit refusal_limit; /* of lines about refused calls */
	struct nonces *nonces;          /* that gateways prove passwords with; owned */
	struct log_limit proof_limit;   /* of lines about wrong ones */
	uint64_t rules_said[64]; /* rules of numbers that were told of: call_party.c */
	char start_id[16];       /* makes call ids unique over restarts */
	bool draining;
};

/* The header that goes with a 503: come again after SECONDS; 0: after a while. Returns BUF. */
#define BRIDGE_RETRY_SIZE 32
const char *bridge_retry_line(unsigned seconds, char buf[static BRIDGE_RETRY_SIZE]);
