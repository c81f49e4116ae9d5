/*
 * A call: two legs and a relay session. What an event on one leg does to the other is one
 * table here. Loop thread. A call is freed by the bridge once both legs are over.
 */
#pragma once

#include "bridge/history.h"
#include "bridge/hunt.h"
#include "bridge/leg.h"
#include "bridge/oa.h"
#include "bridge/party.h"
#include "media/relay.h"
#include "trunk/emergency.h"

enum call_state {
	CALL_SETUP,   /* leg a's first INVITE has no final response */
	CALL_TALKING, /* answered */
	CALL_JOINING, /* it has another leg b or a than before: the one that stays is being asked */
	CALL_ASIDE, /* it does not go on for now: it waits for what comes of a transfer */
	CALL_ENDING, /* recorded; the legs are being closed */
	CALL_OVER,
	CALL_STATES,
};

/* Where its caller is, as its INVITE said. */
enum call_location {
	CALL_LOCATION_NONE,
	CALL_LOCATION_DROPPED, /* whom it was offered to last was not told */
	CALL_LOCATION_PASSED,
	CALL_LOCATIONS,
};

enum call_end { CALL_BY_TANDEM, CALL_BY_A, CALL_BY_B };

/* How the present target's part in the figures of its trunk stands. */
struct call_offer {
	bool open;         /* our INVITE left; what came of it is not known yet */
	bool heard;        /* it rang, or answered */
	bool effective;    /* what the last refusal said: not for the network */
	uint64_t since_us; /* the first INVITE, after the call's start */
};

struct redirection;
struct call;
/* CALL is about to end, with STATUS of the cause. */
typedef void call_ended_h(struct call *call, int status);

struct call {
	struct list node;      /* in bridge->calls or bridge->inner, until it is freed */
	struct list dead_node; /* in bridge->dead, once it is over */
	struct hash_node by_number;
	struct bridge *bridge;
	leg_h *leg_h;          /* hears of both legs */
	struct config *config; /* the snapshot it began with; owned reference */
	uint64_t number;
	char id[32];
	enum call_state state;
	enum emergency emergency; /* what it is of an emergency call */
	enum call_location location;
	char *elin; /* the number of its location that its caller is shown by, or that is called; owned; NULL */
	struct leg *a; /* called us; owned, as the next */
	struct leg *b; /* is called; its home is NULL between candidates */
	struct oa oa;
	struct relay_session *session;
	struct bridge_side *callee;      /* where leg b is looked for, and is */
	struct hunt *hunt;               /* for leg b, until it is answered; then NULL */
	struct redirection *redirection; /* owned; NULL: it was not redirected */
	struct target *
		asker; /* by whose routes it goes; owned reference; NULL: those of leg a */
	struct history history;
	struct call_offer offer; /* in setup */
	bool loaded; /* the present target was offered more than a description */
	bool bare;   /* it gets nothing more than that */
	bool unfit;  /* a target could not be offered what the caller offers */
	bool failed; /* another one failed otherwise */
	/* Under way. Of an inner call that which it belongs to. */
	struct transfer *transfer;
	call_ended_h *ended_h;     /* NULL: nobody else is to hear of that */
	struct referral *referral; /* a REFER that was passed on is under way */
	/* An INVITE with Replaces is under way, to take the place of a leg of this call, or as this call. */
	struct replacement *replacement;
	/* The id of the call whose place it took, or was to take, and of that which took its; "": there is none. */
	char replaces[32], replaced_by[32];
	/* It is part of another one, and not one of the bridge's calls: it looks for whom that is transferred to. It has
	 * that call's number and id, and no record; leg a is a stand-in. */
	bool inner;
	const struct leg *
		stays; /* whom its leg a stands in for, while that may change; borrowed */
	struct party *
		party; /* who calls whom; until it is answered. Of the redirection, while there is one */
	char *from,
		*to; /* users, or a service's URN, after the rules of whose call it is */
	/* The same as they came, and, where it is SHOWN, as its last target was shown them; NULL: they are the same. */
	char *from_received, *to_received, *from_sent, *to_sent;
	char *asserted,
		*asserted_sent; /* the number that is asserted of who calls; NULL: none */
	/* Who forwarded it last before it came, as its INVITE said, and why, a word of RFC 5806 or ""; owned; NULL: nobody. */
	char *diverted_by, *diverted_reason;
	unsigned max_forwards; /* for leg b */
	struct message
		*said; /* what one leg ends the other with; owned reference; NULL */
	const struct leg *said_by; /* that leg */
	char *endings
		[2]; /* of legs a and b: whole lines that they are ended with; owned */
	/* The branch of leg b that said who leg a is connected with, before it is answered; owned; NULL: none did. */
	char *connected_tag;
	bool shown; /* a target was shown who calls whom */
	bool held;
	bool recorded; /* its record was handed out, before it is over */
	bool saved;    /* it was written out: another bridge goes on with it */
	enum config_audit capture; /* what is captured of it now */
	bool invite_shown;         /* its first INVITE went to the tap */
	bool invite_tapped;        /* the same, while it was captured */
	/* By enum relay_end: where a leg's RTP comes from instead; len 0: it does not. */
	struct addr latched[2];
	uint64_t digits_until_ms; /* when the digits that wait to be played have been */
	struct timer setup_timer; /* Timer C */
	struct timer late_timer;  /* setup-within: nobody has rung yet */
	struct timer redirect_timer; /* of 0 ms: the next number is called */
	struct timer duration_timer;
	uint64_t start_wall_us, start_us;
	uint64_t ringing_us, answer_us, end_us; /* monotonic, after start; 0: not */
	int status;
	const char *cause; /* static */
	enum call_end ended_by;
	char *detail; /* a sentence where something failed; owned, NULL: none */
};

/* Leg a's first INVITE passed all checks: begins the call and answers it from now on.
 * TRUNK is where it came from, SDP its offer or NULL (taken). */
void call_begin(struct bridge_side *home, struct txn_server *invite, struct trunk *trunk,
	struct sdp *sdp, enum emergency emergency);

/* Ends it: the record is handed out first, then the legs are closed; leg a is refused with
 * STATUS while unanswered. CAUSE is static text; DETAIL may be NULL. */
void call_end(struct call *call, enum call_end by, const char *cause, int status,
	const char *detail);

/* The connection of LEG, one of the call's, ended. */
void call_flow_closed(struct call *call, struct leg *leg, const char *why);
void call_media_timeout(struct call *call, enum relay_end end);
void call_latched(struct call *call, const struct relay_latched *latched);
/* It is talking, and nothing of it waits for a message. */
bool call_is_quiet(const struct call *call);
/* Writes a quiet call, keys sealed. 0, -ENOMEM, or what the sealer returns. */
int call_save(const struct call *call, struct saved to);
/* A call that was written goes on in BRIDGE. False: it does not. Both far ends were told as far as that
 * can be, and its record was handed out. */
bool call_load(struct bridge *bridge, struct saved from);
/* Frees it; nothing is sent and no handler is called. */
void call_free(struct call *call);

/* "passed", "dropped", or "" where it had none. Static. */
const char *call_location_name(const struct call *call);
const char *call_state_name(const struct call *call); /* "trying", "ringing", ... */
static inline struct leg *call_other(struct call *call, const struct leg *leg)
{
	return leg == call->a ? call->b : call->a;
}
/* Whether LEG has a dialog, early or not, that its far end knows of too. */
static inline bool call_reaches(const struct call *call, const struct leg *leg)
{
	if (leg->state == LEG_TALKING)
		return true;
	return leg->state == LEG_INVITING && call->ringing_us && leg->dialog.remote_tag &&
	       leg->dialog.remote_tag[0];
}
/* The leg whose end of the relay is END. */
static inline struct leg *call_leg(struct call *call, enum relay_end end)
{
	return leg_end(call->a) == end ? call->a : call->b;
}
/* It is over. A timer of 0 ms frees it, so that no handler returns into freed memory, and who walks the bridge's calls
 * may end any of them. */
void call_bury(struct call *call);
