/*
 * One binding of a trunk at its registrar, from the first REGISTER to the last: what the table of
 * register_machine.h says is done here. Loop thread.
 */
#pragma once

#include "upkeep/gate.h"
#include "upkeep/register_answer.h"
#include "upkeep/register_flow.h"
#include "upkeep/register_machine.h"
#include "upkeep/register_place.h"
#include "upkeep/register_send.h"

/* Without an answer for so long the next address is asked, where there is one. */
#define REGISTER_PATIENCE_MS 8000
/* A removal takes no longer. */
#define REGISTER_LEAVE_MS 4000

struct register_client;

/* Who keeps clients. */
struct register_client_handlers {
	/* Addresses of the registrar: messages from there are of this trunk. */
	void (*found_h)(void *arg, const struct resolve_answer *answer);
	/* It has ended: the callee frees it when the stack is unwound. */
	void (*ended_h)(void *arg, struct register_client *client);
	void *arg;
};

struct register_client_params {
	const struct upkeep_params *by;
	struct gate *gate;                       /* places for requests */
	struct trunk *trunk;                     /* a reference is taken */
	const struct registration *registration; /* of it */
	struct register_client_handlers handlers;
};

struct register_client {
	struct list node;                     /* of whoever keeps it */
	struct register_client_params params; /* all borrowed but the trunk */
	struct register_plan plan;            /* owned */
	struct binding binding;               /* what is published */
	enum register_state state;
	bool wanted;           /* the settings of now have it */
	struct dialog dialog;  /* of all its requests: Call-ID and CSeq; it makes none */
	struct gate_user user; /* of the places for requests */
	struct register_place place;
	struct timer due;      /* the next REGISTER; or what is told soon */
	struct timer expiry;   /* what was granted is over */
	struct timer patience; /* for the answer to the present one */
	/* the present round, and how far it has come */
	struct target *target; /* a reference; NULL: none */
	struct register_send send;
	struct addr address;      /* that is asked */
	unsigned raised;          /* times that it was sent again after 423 */
	uint64_t granted_ms;      /* by the last 2xx */
	enum register_event soon; /* what DUE tells, when it is no time of a REGISTER */
	bool soon_set;
	/* what is known from before */
	uint64_t
		expires_ms; /* to ask for: the plan's, or more after 423; 0: the plan's */
	uint64_t after_ms;  /* the longest Retry-After of this round */
	uint64_t bound_at_ms;      /* by the timers */
	unsigned companions;       /* it began as one of so many */
	bool lost;                 /* its connection ended since it was bound */
	unsigned losses;           /* so many that ended soon, one after the other */
	int said_status;           /* what the log said last of a failure */
	struct flow_watch watch;   /* of binding.flow, which it holds */
	struct register_flow keep; /* of that */
	char *routes;              /* Service-Route; NULL: none */
};

/* All of PARAMS must outlive it; PLAN is taken over, also on failure. 0 or -ENOMEM. */
int register_client_new(struct register_client **ret,
	const struct register_client_params *params, struct register_plan *plan);
/* Without a word to the registrar. */
void register_client_free(struct register_client *client);

/* It begins as one of COUNT; or goes on, where it was just being removed. */
void register_client_start(struct register_client *client, unsigned count);
/* PLAN, taken over, is the same binding by other settings; or its credentials are others. */
void register_client_change(struct register_client *client, struct register_plan *plan);
/* It is not wanted any more: it removes its binding, and ends. */
void register_client_stop(struct register_client *client);
