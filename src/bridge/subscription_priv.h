/*
 * What the files of a subscription share, each built on those before it: subscription_half.c, one dialog and its
 * connection; subscription_end.c; subscription_pass.c, requests within it; subscription.c. Loop thread.
 */
#pragma once

#include "base/tap.h"
#include "bridge/subscription.h"
#include "sip/event.h"
#include "sip/request.h"

struct subscription_dialog {
	struct subscription *subscription;
	enum subscription_half half;
	struct bridge_side *side;
	struct target *target; /* owned reference; NULL: nobody is asked */
	struct dialog dialog;
	bool known;        /* its far end has the dialog too */
	struct flow *flow; /* held; NULL: it was lost */
	struct flow *real; /* the last connection proper; owned reference */
	struct flow_watch watch;
};

struct subscription {
	struct bridge *bridge;
	uint64_t number;
	uint32_t parties[2]; /* for the tap; by enum subscription_half */
	const char *id;      /* borrowed */
	void (*over_h)(void *arg, const struct subscription_end *end);
	void *arg;
	struct subscription_dialog halves[2]; /* by enum subscription_half */
	char *package;                        /* owned, as ID */
	char *event_id;                       /* of whoever subscribed; NULL: none */
	char *accept; /* of whoever subscribed, as it goes on; NULL: none */
	bool has_expires;
	uint32_t expires_s; /* asked for, or granted */
	uint64_t until_ms;  /* monotonic; it lasts so long */
	bool accepted;      /* a 2xx came to its SUBSCRIBE */
	bool notified;      /* a NOTIFY came */
	bool leaving;       /* whoever subscribed wants it no more, and was heard */
	bool terminated;    /* its last NOTIFY came */
	bool settled;       /* its SUBSCRIBE was answered */
	bool ended;         /* as END says, but its SUBSCRIBE is not answered yet */
	struct subscription_end end;
	unsigned told; /* bits of SUBSCRIPTION_TELL: those know that it is over */
	bool over;
	struct timer timer;
	struct list passes; /* struct subscription_pass */
	unsigned pass_count;
};

/* For the tap. */
static inline uint64_t subscription_half_owner(const struct subscription_dialog *half)
{
	const struct subscription *subscription = half->subscription;

	return tap_owner(subscription->number, subscription->parties[half->half]);
}

struct subscription_pass {
	struct list node;
	struct subscription *subscription;
	enum subscription_half to;
	enum message_method method;
	struct txn_server *in;  /* NULL: it was answered, or its sender is lost */
	struct txn_client *out; /* NULL: it has its final response */
	uint32_t expires_s;     /* of SUBSCRIBE */
	bool has_expires;
	bool last; /* the NOTIFY that ends it */
	struct timer late;
};

/* ---- subscription_half.c ---- */

/* FLOW carries it from now on; NULL: none does. */
void subscription_half_use(struct subscription_dialog *half, struct flow *flow);
/* Something of it came over FLOW. */
void subscription_half_heard(struct subscription_dialog *half, struct flow *flow);
/* What is sent next has a connection, that is being made where there is none. */
void subscription_half_ready(struct subscription_dialog *half);
/* Begins a request of METHOD within it, over its connection: with Contact and Event. 0, or -ENOMEM. */
int subscription_half_begin(struct subscription_dialog *half, enum message_method method,
	struct request *ret);
/* Appends Contact. */
void subscription_half_add_contact(
	const struct subscription_dialog *half, struct buf *out);
/* The settings that hold now; those that it began with are the target's. */
const struct config_messages *subscription_half_messages(
	const struct subscription_dialog *half);
/* Its far end, if it has one, counts it no more, and the dialog is gone. */
void subscription_half_drop(struct subscription_dialog *half);

/* ---- subscription_end.c ---- */

/* It is over for END, when its SUBSCRIBE is answered: what waits is refused, who does not know is told where TELL has
 * his bit, and over_h is called. */
void subscription_over(struct subscription *subscription,
	const struct subscription_end *end, unsigned tell);
#define SUBSCRIPTION_TELL(half) (1U << (half))
#define SUBSCRIPTION_TELL_BOTH                                                           \
	(SUBSCRIPTION_TELL(SUBSCRIPTION_SUBSCRIBER) |                                    \
		SUBSCRIPTION_TELL(SUBSCRIPTION_NOTIFIER))
/* Starts its timer anew, by what is known of how long it lasts. */
void subscription_time(struct subscription *subscription);
/* Its connection ended. */
void subscription_closed_h(void *arg, const char *why);
/* PASS is over: its sender gets STATUS, with EXTRA, whole lines or NULL. */
void subscription_finish(struct subscription_pass *pass, int status, const char *extra);
/* Why it may not go on now; false: it may. BY_RELOAD: a drain does not count. */
bool subscription_is_hindered(const struct subscription *subscription, bool by_reload,
	enum subscription_cause *ret);

/* ---- subscription_pass.c ---- */

void subscription_notify(struct subscription *subscription, struct txn_server *txn,
	struct message *request);
void subscription_refresh(struct subscription *subscription, struct txn_server *txn,
	struct message *request);
