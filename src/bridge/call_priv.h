/*
 * What the files of a call share: call.c, the events; call_setup.c, until it is answered;
 * call_capture.c, what is captured of it; call_end.c, its end; call_saved.c, what outlives the process.
 * Not for others. Loop thread.
 */
#pragma once

#include "bridge/call.h"

/* What a call ended for whose session was not refreshed (RFC 4028 10). */
#define CALL_SESSION_EXPIRED "session-expired"
/* What a call ended for one leg of which was replaced (RFC 3891). */
#define CALL_REPLACED "replaced"

uint64_t call_now_us(const struct call *call); /* monotonic */
/* One that is nowhere yet, with the bridge's configuration of now. NULL without memory. */
struct call *call_new(struct bridge *bridge);
/* The same, with nobody who hears of its legs and its offers. */
struct call *call_make(struct bridge *bridge);
/* LEG of it is one of TARGET, at HOME. */
void call_init_leg(struct call *call, struct leg *leg, struct bridge_side *home,
	struct target *target);
/* It was answered, now or before: it ends when it has lasted as long as it may. An emergency call may last
 * for ever. */
void call_limit_duration(struct call *call);
/* What LEG of it is made of, but for its target: its home is HOME. */
struct leg_params call_leg_params(
	struct call *call, const struct leg *leg, struct bridge_side *home);
/* The one setter; a move that is not legal is logged and not made. */
void call_set_state(struct call *call, enum call_state state);
/* Hands out its record now: it is over as a call, and what is left of it ends later. As call_end(). */
void call_record(struct call *call, enum call_end by, const char *cause, int status);
/* Where it is ending and both legs are over: moves it to OVER and buries it. */
void call_finish(struct call *call);

/* MESSAGE, which leg FROM got, ends the call or refuses it, if anything does: some of its headers, and its Reason, are
 * for the other leg. A reference is taken. NULL: none. */
void call_note_said(struct call *call, const struct leg *from, struct message *message);

/* Reads INVITE, makes leg a of it, lists whom to ask, opens the relay. SDP, its offer or NULL,
 * is taken. 0, or negative: the INVITE is to be refused. */
int call_prepare(struct call *call, struct bridge_side *home, struct txn_server *invite,
	struct trunk *trunk, struct sdp *sdp);

/* The same of an INVITE that replaces a leg: whoever is asked is leg b already, and what it offers is not read yet. */
int call_prepare_replacing(struct call *call, struct bridge_side *home,
	struct txn_server *invite, struct trunk *trunk);
/* It begins now, and has a number. */
void call_number(struct call *call);
/* INVITE is refused, since its call could not be prepared: ERR. */
void call_refuse_unprepared(struct txn_server *invite, int err);

/* ---- who calls whom: call_party.c ---- */

/* Reads who calls whom of INVITE, of TRUNK, and applies its rules. 0 or -ENOMEM. */
int call_read_party(struct call *call, const struct trunk *trunk, struct message *invite);
/* Writes it for the target of leg b, as its rules have it, to *RET as party_write() does. 0, -ENOMEM, or -EPERM with
 * TEXT: that target may not see it. */
int call_write_party(struct call *call, const struct party_shown *shown,
	struct party_invite *ret, struct err_text *text);
void call_party_free(struct call *call);

/* The INVITE that leg b got is to be heard of within answer-within of its target. */
void call_await(struct call *call);
/* Asks the first target; what comes of it comes as events of leg b. */
void call_hunt(struct call *call);
/* What a call ended for that its last target refused with STATUS. Static. */
const char *call_refusal_cause(int status);
/* Leg b did not take the call, for WHY: whether somebody else is asked. STATUS is its final
 * response, or 0. */
bool call_hunt_on(
	struct call *call, enum failover_cause cause, int status, const char *why);
/* Leg b answered by the 3xx RESPONSE, in words WHY: whether the call goes on, or is over, since it was redirected; else
 * it was refused. */
bool call_redirect(struct call *call, struct message *response, const char *why);
/* A call that it was asked to take failed, once a call, for WHY; NULL: it is no fault of the
 * trunk. Or it took the call. */
void call_note_failure(const struct call *call, struct trunk *trunk, const char *why);
void call_note_success(const struct call *call, struct trunk *trunk);

/* ---- the figures of the trunk that is asked; nothing happens while none is: call_figures.c ---- */

/* It rings or answers: counted once. */
void call_offer_heard(struct call *call);
/* What came of it. */
void call_offer_over(struct call *call, enum figures_outcome outcome);
/* The call ends: who gives up while it rings found the network effective. Of one that was answered the
 * time of talking is counted. */
void call_offer_end(struct call *call, enum call_end by);

/* ---- emergency calls: call_emergency.c ---- */

/* How long its far ends may be silent before it ends. An emergency call is given the time of one on hold: who
 * cannot speak must not be cut off for it. */
uint64_t call_silence_ms(const struct call *call);

/* It begins, as one whose legs and targets are known. Nothing happens of a call that is none, by this and what
 * follows. */
void call_emergency_begin(struct call *call);
/* It goes on, after it began in another process. */
void call_emergency_resumed(struct call *call);
/* It is over: its end is noted. */
void call_emergency_end(struct call *call);

/* ---- numbers of locations: call_elin.c ---- */

/* Leg b is about to be called: where it is to see the caller by a number of his location, it is CALL->elin. Empty: by
 * his own. */
struct span call_elin(struct call *call);
/* It calls back to the caller of an emergency call: the party is called who has the number now, and *RET is the server
 * or gateway that he called from, borrowed; NULL: it is not there any more. 0 or -ENOMEM. */
int call_elin_back(struct call *call, const struct trunk **ret);
/* It is over, or goes on after another process had it. */
void call_elin_end(struct call *call);
void call_elin_resumed(struct call *call);

/* ---- requests beside the session: call_passage.c ---- */

/* REQUEST of TXN, a MESSAGE or INFO, came from leg FROM: it is answered, now or when the other leg has. False: it is
 * an INFO that is no matter of packages, and nothing happened. */
bool call_pass(struct call *call, struct leg *from, struct txn_server *txn,
	struct message *request);

/* ---- what is captured: call_capture.c ---- */

/* What the rule of TARGET, whom leg b is or may be, asks for; NULL: nobody takes the call. */
enum config_audit call_capture_rule(const struct call *call, const struct target *target);
/* The call began, with CALL->capture: its first INVITE goes to the tap, where that is wanted. */
void call_capture_begin(struct call *call);
/* Leg b is about to be called: from now on the rule of its target holds. 0, or what
 * relay_set_tap() returns: the rule of before still holds. */
int call_capture_follow(struct call *call);
/* The tap is told who its parties are, where it is captured. */
void call_capture_parties(const struct call *call);
