/*
 * A subscription (RFC 6665) that crosses: two dialogs. In one of them we notify whoever subscribed, in the other one we
 * are subscribed at whoever notifies; what comes within one goes on within the other. It begins as an exchange
 * (exchange.h), which owns it, and ends with the last NOTIFY, when it is not refreshed in time, when one of its far ends
 * has it no more, or when it may not go on. Loop thread.
 */
#pragma once

#include "bridge/bridge_priv.h"
#include "trunk/target.h"

/* More of them at once are refused. */
#define SUBSCRIPTIONS_MAX 20000
/* Requests within one of them that wait for an answer; further ones are refused. */
#define SUBSCRIPTION_PASSES_MAX 8

struct subscription;

enum subscription_half { SUBSCRIPTION_SUBSCRIBER, SUBSCRIPTION_NOTIFIER };

/* Why one is over: what its record says, and what those of its far ends are told who do not know. */
enum subscription_cause {
	SUBSCRIPTION_TERMINATED,   /* whoever notifies ended it */
	SUBSCRIPTION_UNSUBSCRIBED, /* whoever subscribed did */
	SUBSCRIPTION_EXPIRED,      /* it was not refreshed */
	SUBSCRIPTION_GONE,         /* a far end does not have it any more */
	SUBSCRIPTION_TIMEOUT,      /* or does not answer */
	SUBSCRIPTION_PEER_LOST,    /* or is not reached */
	SUBSCRIPTION_PEER_REFUSED, /* or was judged again, and is no peer any more */
	SUBSCRIPTION_SILENT,       /* no NOTIFY came at all */
	SUBSCRIPTION_DRAINED,      /* a far end is drained, or the server */
	SUBSCRIPTION_RECONFIGURED, /* a reload does not allow it any more */
	SUBSCRIPTION_FAILED, /* no memory, or its SUBSCRIBE was refused in the end */
	SUBSCRIPTION_SHUTDOWN,
	SUBSCRIPTION_HANGUP,
	SUBSCRIPTION_CAUSES,
};
const char *subscription_cause_name(enum subscription_cause cause); /* static */

/* How one ended. */
struct subscription_end {
	enum subscription_cause cause;
	bool by_peer; /* by the far end WHO; else by us */
	enum subscription_half who;
	int status; /* with which a far end refused what was within it; 0: none did */
	const char *why; /* static, or NULL */
};

struct subscription_params {
	struct bridge_side *home; /* where whoever subscribes is */
	struct target *source;    /* whoever does; a reference is taken */
	struct flow *flow;        /* his SUBSCRIBE came over it */
	struct message *request;  /* that; read once */
	uint64_t number;          /* for the tap, as is: */
	uint32_t party;           /* whoever subscribes */
	const char *id;           /* for the log; borrowed */
	/* It is over, once; it is still to be freed, but not at once. */
	void (*over_h)(void *arg, const struct subscription_end *end);
	void *arg;
};

/* 0; ERR_FORMAT: SUBSCRIBE has no Contact that could be used; ERR_SUPPORT: none of the types of its Accept may be brought to
 * whoever sent it; -ENOMEM. */
int subscription_new(struct subscription **ret, const struct subscription_params *params);
void subscription_free(struct subscription *subscription); /* NULL is fine */

/* ---- its beginning ---- */

/* TARGET, on SIDE, is asked over FLOW, in place of whom was asked before: the dialog, zeroed, that its SUBSCRIBE is to begin. He is PARTY for the tap. */
struct dialog *subscription_ask(struct subscription *subscription,
	struct bridge_side *side, struct target *target, struct flow *flow,
	uint32_t party);
/* That dialog is whole, and its SUBSCRIBE is about to be sent: a NOTIFY may come. */
void subscription_asked(struct subscription *subscription);
/* Nobody is asked any more. */
void subscription_unask(struct subscription *subscription);
/* Appends what its SUBSCRIBE says of it: Contact, Event, Accept, Expires. */
void subscription_add_request(struct subscription *subscription, struct buf *out);
/* Whether a NOTIFY came of it: nobody else is asked any more. */
bool subscription_is_notified(const struct subscription *subscription);
/* RESPONSE, a 2xx, came to its SUBSCRIBE. 0; or -ENOMEM or ERR_FORMAT: it cannot be served. */
int subscription_accept(
	struct subscription *subscription, const struct message *response);
/* The To tag of what answers the SUBSCRIBE that came. */
const char *subscription_tag(const struct subscription *subscription);
/* Appends what a 2xx to that says: Contact, Expires. */
void subscription_add_answer(const struct subscription *subscription, struct buf *out);
/* That was sent: it goes on, or is over where its last NOTIFY came before. */
void subscription_settle(struct subscription *subscription);

/* ---- its end ---- */

/* It ends, for CAUSE: whoever does not know is told. over_h is not called. */
void subscription_leave(struct subscription *subscription, enum subscription_cause cause);
/* The configuration is another one: it ends where that does not allow it any more, and else goes on with the settings of
 * today. Its SUBSCRIBE was answered, and it is not over. */
void subscription_review(struct subscription *subscription);
/* The seconds that are left of it. */
unsigned subscription_left_s(const struct subscription *subscription);
/* Its package. */
const char *subscription_package(const struct subscription *subscription);

/* ---- what comes within it ---- */

struct subscription_dialog;

/* The dialog of one that MESSAGE, on SIDE, is within; NULL: there is none. */
struct subscription_dialog *subscription_find(
	struct bridge_side *side, const struct message *message);
/* Who is at its other end. */
const struct target *subscription_target(const struct subscription_dialog *dialog);
const struct flow *subscription_flow(const struct subscription_dialog *dialog);
uint64_t subscription_owner(const struct subscription_dialog *dialog); /* for the tap */
const char *subscription_id(const struct subscription_dialog *dialog);
/* "a": who subscribed is at its other end, "b": who notifies. */
const char *subscription_leg(const struct subscription_dialog *dialog);
/* Its peer sent REQUEST: answers TXN, now or later. */
void subscription_request(struct subscription_dialog *dialog, struct txn_server *txn,
	struct message *request);
