/*
 * Hunting (serial forking): the targets of a call in order, each over its addresses, one at a
 * time, until one accepts the call. Whether a target may get calls is checked before each. Loop
 * thread.
 */
#pragma once

#include "bridge/dial.h"
#include "trunk/failover.h"
#include "trunk/pick.h"

struct hunt_handlers {
	/* The next target; NULL: the one before it is given up. */
	void (*target_h)(void *arg, struct target *target);
	/* FLOW, borrowed, leads to an address of it: the call may be offered there. */
	void (*flow_h)(void *arg, struct flow *flow);
	/* It was skipped: WHY says why it may not get calls now. */
	void (*passed_over_h)(void *arg, struct target *target, const char *why);
	/* All its addresses failed. */
	void (*failed_h)(void *arg, struct target *target, const char *why);
	/* No target is left: STATUS refuses the caller. WHY says what failed last. */
	void (*exhausted_h)(void *arg, int status, const char *why);
	void *arg;
};

struct hunt {
	struct bridge *bridge;
	/* Owned references: those of the question, then those of the last pass once more. */
	struct target *targets[2 * PICK_MAX];
	unsigned count, at;             /* at: behind the one that is tried */
	bool passed_over[2 * PICK_MAX]; /* it rested or was down at its turn */
	bool last_pass;       /* those of them have their turn that are worth a try */
	bool answered;        /* somebody gave a final response */
	bool routed;          /* a trunk takes the call, available or not */
	unsigned retry_s;     /* see hunt_retry_s() */
	bool emergency;       /* an emergency call */
	bool message;         /* a request that is no call: bridge/exchange.h */
	bool subscription;    /* then: a SUBSCRIBE */
	bool unwilling;       /* whoever takes the number does not take its method */
	struct dial dial;     /* to the one that is tried */
	struct timer silence; /* no response has come yet */
	/* Monotonic; 0: no limit. When somebody must ring or answer, and when the share in that of the one that is
	 * tried is over. */
	uint64_t until_ms, share_until_ms;
	bool cut; /* the share was shorter than answer-within */
	const struct hunt_handlers *handlers; /* static */
	void *arg;
	int status; /* the final response of the last one that was tried; 0: none */
	char why[ERR_REASON_SIZE]; /* what failed last */
};

/* Whoever may be asked for the call of QUESTION, with their settings of CONFIG, which is the question's too.
 * Nothing begins yet. 0 or -ENOMEM. */
int hunt_new(struct hunt **ret, struct bridge *bridge, struct config *config,
	const struct pick_question *question);
/* The same for TRUNK alone; as an EMERGENCY call nothing but its removal or enabled = no keeps it away. */
int hunt_new_to(struct hunt **ret, struct bridge *bridge, struct config *config,
	struct trunk *trunk, bool emergency);
/* Where TARGET is. */
struct bridge_side *hunt_side(const struct hunt *hunt, const struct target *target);
/*
 * The first target. When nobody is left, and nobody has answered, those that were passed over since they refuse at
 * once are tried (dial_is_worth_a_try()). Handlers may be called before this returns, as by all below. WITHIN_MS,
 * which the caller has for it, is shared out among the targets, and of each among its addresses, as long as others
 * could use the rest; 0: no limit.
 */
void hunt_begin(struct hunt *hunt, uint64_t within_ms,
	const struct hunt_handlers *handlers, void *arg);
/* What is left of WITHIN_MS, at least 1; 0: there is no limit. */
uint64_t hunt_left_ms(const struct hunt *hunt);
/* The request was sent: a response must come within the target's answer-within, or its share where that is
 * shorter, else H is called. With answer-within = 0, and without a share, nothing happens. A request that is
 * no call has its share alone: nothing says that it came before its final response does. */
void hunt_await(struct hunt *hunt, timer_h *h);
/* Whether it was its share that was over when H was called. */
bool hunt_was_cut(const struct hunt *hunt);
/* STATUS came, in RESPONSE (may be NULL). */
void hunt_heard(struct hunt *hunt, int status, const struct message *response);
/* Nothing came, for WHY. */
void hunt_unheard(struct hunt *hunt, enum dial_unheard how, const char *why);
/* The one that was tried did not take the call, for WHY (copied); STATUS is its final
 * response, or 0. STEP is FAILOVER_ADDRESS or FAILOVER_TARGET. */
void hunt_next(struct hunt *hunt, enum failover_step step, int status, const char *why);
/* The address that was tried is asked anew, by another INVITE: flow_h. */
void hunt_again(struct hunt *hunt);
/* The call was accepted or given up. No handler is called any more. */
void hunt_stop(struct hunt *hunt);
/* Where nobody was asked since all are full, rest or are down, or all rest since they were: the seconds after which
 * one may take the call. Else 0. HUNT may be NULL. */
unsigned hunt_retry_s(const struct hunt *hunt);
void hunt_free(struct hunt *hunt); /* NULL is fine */
