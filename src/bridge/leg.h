/*
 * A leg: one side of a call: its dialog, its INVITE transactions, its offers, and where it
 * talks to. It knows SIP; what an event means for the other leg is decided by the call.
 *
 * Loop thread. Zero-initialised by its owner, at a place that it keeps. A leg reports through
 * its handler. After LEG_EVENT_OVER nothing more is expected of its peer, and it may be freed:
 * leg_free() detaches from the transactions that still run.
 */
#pragma once

#include "bridge/bridge_priv.h"
#include "bridge/leg_refresh.h"
#include "bridge/stream.h"
#include "sdp/offer.h"
#include "sip/dialog.h"
#include "sip/txn.h"
#include "trunk/target.h"

#include <stdbool.h>

/* The most early dialogs with leg a that are kept after another branch took their place. */
#define LEG_REPLACED 8

enum leg_state {
	LEG_IDLE,     /* nothing was sent or received */
	LEG_INVITING, /* the first INVITE is under way, in or out */
	LEG_TALKING,  /* a 2xx was sent or received */
	LEG_CLOSING, /* CANCEL or BYE sent, or BYE due after an ACK; its end is awaited */
	LEG_OVER,
};

enum leg_event {
	LEG_EVENT_TRYING, /* 100 to the first INVITE */
	LEG_EVENT_ASKED_AGAIN, /* it was sent again, with the credentials that were asked for */
	LEG_EVENT_PROVISIONAL, /* 101-199 to it; with a body to a further INVITE of ours */
	LEG_EVENT_ANSWER,      /* 2xx to an INVITE of ours */
	LEG_EVENT_REFUSAL,     /* 3xx-6xx to an INVITE of ours; status */
	LEG_EVENT_ACK,         /* our 2xx was acknowledged */
	LEG_EVENT_REINVITE,    /* a further INVITE within the dialog */
	LEG_EVENT_CANCEL,      /* our peer gave up its INVITE, first or further */
	LEG_EVENT_BYE,         /* its transaction waits for leg_bye_answer() */
	LEG_EVENT_INFO,        /* or MESSAGE; the call answers its transaction */
	LEG_EVENT_UPDATE,      /* an UPDATE, with an offer or not; the call answers it */
	LEG_EVENT_PRACK,       /* for a response that waits for it; the call answers it */
	LEG_EVENT_REFER,       /* it asks for a transfer; the call answers it */
	LEG_EVENT_UPDATED,     /* our UPDATE has its final response, or none: status */
	LEG_EVENT_REFRESH,     /* its session is to be refreshed: leg_refresh.h */
	LEG_EVENT_EXPIRED,     /* its session was not refreshed; status, why */
	LEG_EVENT_FAILED,      /* the far end cannot be reached any more; status, why */
	LEG_EVENT_OVER,        /* the leg is closed */
	LEG_EVENTS,
};

struct dtmf;
struct leg;
struct notifier;
struct subscriber;
struct parts;
struct uac;
struct uas;

struct leg_report {
	enum leg_event event;
	struct message *message; /* what arrived; NULL when nothing did */
	int status;              /* of responses and failures */
	const char *
		why; /* failures: a phrase; of 401 and 407 why they were not answered; or NULL */
	struct txn_server *txn; /* of an INFO, UPDATE, PRACK or REFER */
	bool no_listener;       /* of a failure: nothing listens there, as ICMP says */
};

/* Its connection ended, for WHY. */
typedef void leg_closed_h(void *arg, struct leg *leg, const char *why);
typedef void leg_h(void *arg, struct leg *leg, const struct leg_report *report);

/* A method of requests within the dialog. A table ends with a NULL name. */
struct leg_method {
	enum message_method method;
	const char *name;
	void (*receive)(struct leg *leg, struct txn_server *txn); /* NULL: not here */
	bool (*allowed)(const struct leg *leg);                   /* NULL: always */
};
extern const struct leg_method leg_methods[];

struct leg {
	struct bridge_side *home;
	enum relay_end end; /* see leg_end() */
	bool called;        /* by us: its Call-ID is ours */
	leg_h *h;
	leg_closed_h *closed_h; /* may be NULL */
	void *arg;
	uint64_t call;    /* number, for the tap */
	uint32_t party;   /* for the tap too */
	const char *id;   /* the call's, for the log; borrowed */
	const char *name; /* "a": sent us the INVITE; "b": gets ours. For the log */
	const struct leg_method *methods; /* what it may ask of us */
	char *number; /* whom a transfer brought here; owned; NULL: see its call */
	enum leg_state state;
	/* While it is told of what another leg got, some of whose headers go on: that message, or NULL, and that leg; both
	 * borrowed. Else NULL. */
	const struct message *heard;
	const struct leg *heard_from;
	struct target *target; /* owned reference; the next four are its */
	struct trunk *trunk;   /* counts this leg in its calls */
	enum limit_way way;    /* as what the trunk counts it */
	bool early;            /* and as one that is not answered */
	const struct config_trunk *settings;
	const struct config_server *server;   /* one of these */
	const struct config_gateway *gateway; /* is set */
	struct flow *flow;                    /* held; the target takes it */
	unsigned losses;                      /* connections lost in quick succession */
	uint64_t lost_ms;                     /* when the last one was lost */
	struct list flow_node;                /* in its list of legs */
	struct dialog dialog;
	struct offer offer;
	struct stream *streams[RELAY_STREAMS]; /* owned; NULL where the line is refused */
	unsigned secured; /* lines that were agreed to be SRTP at any time, a bit each */
	unsigned tolerated; /* its deviations from an RFC, a bit each: tolerated.h */
	bool media_v6;      /* its media is IPv6, where our side has that */
	bool udptl;         /* fax in clear was agreed on at any time */

	struct uac *uac;     /* our latest INVITE; NULL: none, or it is long over */
	struct uas *uas;     /* theirs, open or not acknowledged; owned; NULL: none */
	struct uas *unacked; /* the one before it, whose ACK has not come yet; owned */
	struct txn_server *bye_in;     /* a BYE that is not answered yet */
	struct txn_client *bye_out;    /* a BYE of ours without a response */
	struct txn_client *update_out; /* an UPDATE of ours without a final response */
	struct timer last_timer;       /* CLOSING: the longest that it may last */
	unsigned allows;    /* what its Allow says, a bit for each enum message_method */
	bool reliable;      /* our 18x to its first INVITE go reliably (RFC 3262) */
	int refused;        /* what its first INVITE was refused with; 0: it was not */
	bool bye_waits;     /* our BYE goes when our 2xx has its ACK (RFC 3261 15) */
	const char *ending; /* header lines of what ends it; borrowed; NULL: none */
	uint32_t
		prack_due; /* RSeq of a reliable 18x that waits for leg_prack(); 0: none */
	/* Early dialogs under tags that leg_retag() replaced: they may still send PRACK. Owned;
	 * NULL: none; else room for LEG_REPLACED. */
	struct dialog **replaced;
	unsigned replaced_count;
	/* Whole lines that say who it is connected with; owned; NULL: it is not told. DUE: nothing that
	 * it was sent had them yet. */
	char *connected;
	/* From of its next INVITE or UPDATE, a name-addr, where that says so too; owned; NULL: as before. */
	char *connected_from;
	bool connected_due;
	/* RFC 4916: its far end takes a From that changes, and is told that it may change its own. */
	bool takes_from, may_change_from;
	/* What it said that records have: noted.h. Of the present attempt; owned. */
	struct record_words microsoft, headers;
	struct passage *passages; /* requests of the other leg that wait for it; owned */
	unsigned
		packages; /* Info Packages that its far end takes: a bit for each of its `info-packages` */
	struct dtmf *dtmf;      /* digits that wait for INFO to it; owned, may be NULL */
	struct refresh refresh; /* its session timer */
	/* A REFER of ours, of which it says what comes; owned; NULL: there is none. */
	struct subscriber *subscriber;
	/* Who sent a REFER hears of it; owned; NULL: no REFER is under way. */
	struct notifier *notifier;
	/* It is in the place of a leg of another call, and has no far end: no media goes to it or comes. */
	bool stand_in;
};

/* Its end of the call's relay. */
static inline enum relay_end leg_end(const struct leg *leg)
{
	return leg->end;
}

/* Whose its messages are, for the tap. */
static inline uint64_t leg_owner(const struct leg *leg)
{
	return tap_owner(leg->call, leg->party);
}

struct leg_params {
	struct bridge_side *home; /* whom it is trusted as */
	enum relay_end end; /* of the call's relay session, whatever side it is on */
	leg_h *h;
	/* Its connection ended; NULL: the call it is of is told. */
	leg_closed_h *closed_h;
	void *arg;
	uint64_t call;
	const char *id; /* borrowed, as long as there is the leg */
	const char *name;
	const struct leg_method *methods; /* leg_methods */
	bool called;                      /* by us */
	bool untimed;                     /* it has no session timer */
	bool stand_in;                    /* see struct leg */
	struct target *target;            /* a reference is taken */
};

void leg_init(struct leg *leg, const struct leg_params *params);
/* Detaches from everything and sends nothing; INFOs of the other leg that wait for this one are
 * refused. A zeroed leg is fine. */
void leg_free(struct leg *leg);

/* Its call was really taken, or is really offered to it: it counts for the rates. */
void leg_charge(struct leg *leg);
/* Its call is answered or ended: it counts as early no more. A zeroed leg is fine, and a second time. */
void leg_early_over(struct leg *leg);

/* ---- the leg that was called from outside (UAS) ---- */

/* Takes over the first INVITE. 0, or negative: the caller refuses it. */
int leg_accept(struct leg *leg, struct txn_server *invite);
/* An INVITE of theirs, first or further, has no final response; and the message, or NULL. */
bool leg_is_invited(const struct leg *leg);
struct message *leg_invite_in(const struct leg *leg);
/* 100 to the INVITE, first or further. */
void leg_trying(struct leg *leg);
/* 101-199 with SDP (may be NULL, borrowed) to the first INVITE; RELIABLY or once. */
int leg_provision(struct leg *leg, int status, const struct sdp *sdp, bool reliably);
/* 200 with SDP (may be NULL, borrowed) to the INVITE, first or further; repeated until ACK. */
int leg_answer(struct leg *leg, const struct sdp *sdp);
/* A final refusal of the INVITE, first or further. EXTRA: header lines or NULL. */
void leg_refuse(struct leg *leg, int status, const char *extra);
/* The same with words for the log and for its sender. */
void leg_refuse_with(struct leg *leg, const struct txn_refusal *refusal);
/* A new local tag: the answer of another fork must come from another dialog. */
void leg_retag(struct leg *leg);

/* ---- the leg that we call (UAC) ---- */

struct leg_invite {
	const char *uri;  /* Request-URI */
	const char *from; /* name-addrs without tag */
	const char *to;
	unsigned max_forwards;
	struct span headers;       /* whole lines that cross from the other leg */
	const struct parts *parts; /* that cross with the description; may be NULL */
};

/* Sends the first INVITE over FLOW (a reference is taken) with SDP (may be NULL). 0; negative
 * when it could not be sent: the leg is IDLE, and leg_invite() may be called again. */
int leg_invite(struct leg *leg, struct flow *flow, const struct leg_invite *invite,
	const struct sdp *sdp);
/* Forgets a first INVITE that failed, so that leg_invite() may be called again. One without a
 * final response is cancelled; if a 2xx comes nevertheless, that dialog is ended by BYE. */
void leg_reset(struct leg *leg);

/* An INVITE of ours, first or further, has no final response. */
bool leg_is_inviting(const struct leg *leg);

/* ---- both ---- */

/* Sends a re-INVITE with SDP (may be NULL). 0, or negative when it could not be sent. */
int leg_reinvite(struct leg *leg, const struct sdp *sdp);
/* ACK for the 2xx to our INVITE, with SDP where the 2xx had the offer. */
void leg_ack(struct leg *leg, const struct sdp *sdp);
/* Cancels our latest INVITE. */
void leg_cancel(struct leg *leg);
/* Answers the BYE that was reported. */
void leg_bye_answer(struct leg *leg);
/* Ends it as its state asks: refuses with STATUS, cancels or sends BYE; LEG_EVENT_OVER
 * follows, at once or later. HEADERS: whole lines for that message, borrowed until then, or NULL. */
void leg_close(struct leg *leg, int status, const char *headers);

/* Sends an INFO with BODY of TYPE; *RET is its transaction. 0, or negative. */
int leg_info(struct leg *leg, const char *type, struct span body,
	const struct txn_client_user *user, struct txn_client **ret);

/* How long after a 491 to a request of ours it may get another (RFC 3261 14.1). */
uint64_t leg_glare_ms(const struct leg *leg);
/* Whether it takes METHOD, by its Allow. */
bool leg_allows(const struct leg *leg, enum message_method method);
/* Acknowledges the reliable 18x that is due, with SDP (may be NULL). */
void leg_prack(struct leg *leg, const struct sdp *sdp);
/* LINES, whole header lines (taken; NULL: none), say who it is connected with, in responses and further requests to it
 * from now on; FROM (likewise) is From of its next INVITE or UPDATE. DUE: it does not know that yet. */
void leg_tell(struct leg *leg, char *lines, char *from, bool due);
/* Sends an UPDATE with SDP (may be NULL); LEG_EVENT_UPDATED follows. 0, or negative. */
int leg_update(struct leg *leg, const struct sdp *sdp);
/* 202 to TXN, a REFER of it. SILENT: it wants no NOTIFY, and gets none (RFC 4488). */
void leg_accept_refer(struct leg *leg, struct txn_server *txn, bool silent);
/* 200 with SDP (may be NULL) to TXN, an UPDATE or PRACK of it. */
void leg_reply(struct leg *leg, struct txn_server *txn, const struct sdp *sdp);
/* Sends what waited for a PRACK. Called after leg_reply() to that PRACK. */
void leg_go_on(struct leg *leg);

/* STATUS, of a request within its dialog, says that its far end has lost that: LEG_EVENT_FAILED. WHY
 * is static. */
void leg_fail(struct leg *leg, int status, const char *why);
/* Sends MESSAGE, or an INFO of a package, as REQUEST of the other leg has it; *RET is its transaction. 0;
 * ERR_SUPPORT: it is too large for UDP; ERR_TRUST: a key was to leave in plain; or another negative. */
int leg_pass(struct leg *leg, const struct message *request,
	const struct txn_client_user *user, struct txn_client **ret);
/* Sends a REFER with LINES, whole ones; *RET is its transaction. 0, or negative. */
int leg_refer(struct leg *leg, struct span lines, const struct txn_client_user *user,
	struct txn_client **ret);
/* Refuses what waits for its answer: bridge/passage.h. */
void leg_drop_passages(struct leg *leg);

/* Gives up digits that wait for INFO. */
void leg_drop_digits(struct leg *leg);

/* A request within DIALOG, one of the leg's, INVITE included. */
void leg_request(struct leg *leg, struct dialog *dialog, struct txn_server *txn,
	struct message *request);
/* An ACK without a transaction. */
void leg_receive_ack(struct leg *leg, struct message *ack);
/* From now on the leg sends over FLOW; NULL: it has no flow. A reference is taken. A flow that
 * the leg's target does not take is refused and logged: what began over TLS stays on TLS. */
void leg_set_flow(struct leg *leg, struct flow *flow);

/* The connection LOST, which carried the leg, is made again; what it sends meanwhile waits. False: that
 * is being done already, or was done too often, or there is no memory. */
bool leg_redial(struct leg *leg, struct flow *lost);

/* ---- what outlives the process: leg_saved.c ---- */

/* It talks, and no request of either side waits for a response, nor a 2xx for its ACK. */
bool leg_is_quiet(const struct leg *leg);
/* Writes a quiet leg, keys sealed. 0, -ENOMEM, or what the sealer returns. */
int leg_save(const struct leg *leg, struct saved to);
/*
 * LEG becomes what was written: a leg of PARAMS, whose target is not read, with its trunk as it is
 * configured in CONFIG. Over TCP and TLS its connection is made again. What began over TLS is not
 * continued in plain, nor the reverse. 0; ERR_TRUST or ERR_STATE with ERROR: its trunk is not
 * configured any more, or not so; ERR_FORMAT or ERR_AUTH with ERROR; -ENOMEM. After an error there is
 * no leg.
 */
int leg_load(struct leg *leg, const struct leg_params *params, struct config *config,
	struct saved from, struct err_text *error);
/* Whom a leg that was written talks to, as trunk_name() has it; "" where that cannot be read. */
void leg_saved_party(struct saved from, char ret[static 80]);
/* Frees a leg that was read back, and whose call cannot go on: its far end gets a BYE, whose
 * response nobody waits for. */
void leg_abandon(struct leg *leg);

const char *leg_state_name(enum leg_state state);
