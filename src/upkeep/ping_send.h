/*
 * One OPTIONS to one address: the connection for it, its text, and what comes of it. Loop thread.
 */
#pragma once

#include "trunk/health.h"
#include "trunk/target.h"
#include "upkeep/upkeep.h"

/* So long an answer may take, the making of a connection included. */
#define PING_WITHIN_MS 5000

/* What came of it. */
struct ping_outcome {
	int status;              /* of the final answer; 0: there was none */
	uint32_t retry_after_s;  /* of that answer; 0: it said nothing */
	uint64_t took_us;        /* until then */
	const char *why;         /* without an answer: a phrase; borrowed */
	enum health_layer layer; /* without an answer: that failed */
	bool at_once; /* without an answer: nothing listens there, as was known at once */
	struct flow *flow; /* that it was sent by, borrowed; NULL: there was none */
	/* Without an answer: FLOW stood when it was sent, and nothing at all came by it since. */
	bool silent;
};

typedef void ping_send_h(void *arg, const struct ping_outcome *outcome);

/* Embedded in its user, zeroed. */
struct ping_send {
	struct txn_client *txn; /* under way; NULL: none is */
	struct flow *flow;      /* a reference, while it is */
	bool stood;             /* FLOW was open before */
	struct timers *timers;
	uint64_t sent_us, sent_ms; /* monotonic, and by the timers */
	ping_send_h *h;
	void *arg;
};

struct ping_send_params {
	const struct upkeep_params *by;
	const struct target *target;
	const struct addr *address;
	const char *host; /* the name of the trunk that ADDRESS is of */
	unsigned name;    /* its index */
	enum transport_reuse reuse;
	ping_send_h *h; /* called once, perhaps before ping_send_start() returns */
	void *arg;
};

void ping_send_start(struct ping_send *send, const struct ping_send_params *params);
bool ping_send_active(const struct ping_send *send);
/* No answer came in time: it is given up, and its H called. */
void ping_send_expire(struct ping_send *send);
/* Gives it up. H is not called. One that is not under way is fine. */
void ping_send_stop(struct ping_send *send);
