/*
 * What the files of the offer/answer share: oa.c, further offers; oa_first.c, that of the first
 * INVITE; oa_refresh.c, offers that only refresh a session; oa_join.c, legs that a transfer joins; oa_asker.c, what
 * whoever made an offer hears; oa_base.c, what all build on. Loop thread.
 */
#pragma once

#include "bridge/call.h"

/* What happened to an offer. */
struct oa_report {
	struct leg *leg;
	struct message *message; /* NULL: none */
	enum oa_carrier carrier; /* of an offer */
	struct txn_server *txn;  /* an UPDATE or PRACK; NULL: none */
	int status;              /* of a refusal */
	struct err_text *text;   /* why the call ends */
};

/* SDP, which LEG sent, becomes part of its offer state. Takes SDP in any case. */
int oa_receive(struct leg *leg, struct sdp *sdp, struct err_text *text);
/* The SDP of MESSAGE, a 2xx to a further offer, or what an 18x to that had (RFC 3261 13.2.1), as oa_read(). */
int oa_read_answer(struct call *call, struct message *message, struct sdp **ret,
	struct err_text *text);
/* What stands in the offer state of FROM as an offer, or answer, for TO. See media_sdp.h. */
int oa_make_offer(struct call *call, struct leg *from, struct leg *to, struct sdp **ret,
	struct err_text *text);
int oa_make_answer(struct call *call, struct leg *from, struct leg *to, bool final,
	struct sdp **ret, struct err_text *text);
/* The answer where TO, which made no offer, is told nothing of it. */
int oa_make_untold(struct call *call, struct leg *from, struct leg *to, struct sdp **ret,
	struct err_text *text);
/* Where both legs talk and no exchange is open, what they agreed rests: see offer_rest(). After
 * the first exchange that is with leg a's ACK. */
void oa_rest(struct call *call);
/* Before an exchange begins. 0 or -ENOMEM. */
int oa_wake(struct call *call);
/* The one setter; the timer stops. */
void oa_set_state(struct call *call, enum oa_state state);
/* What an 18x said is not the answer. */
void oa_forget_early(struct call *call);
/* Both legs agree: nothing is to be restored any more. */
void oa_agreed(struct call *call);
/* TXN, an UPDATE or PRACK, or NULL, is the asker's, until oa_release_txn() or its end. FAILED_H, with the
 * call, is that of struct txn_server_user. */
void oa_keep_txn(struct call *call, struct txn_server *txn,
	void (*failed_h)(void *arg, struct txn_server *txn));
/* Detaches from the asker's transaction and returns it. NULL: there is none. */
struct txn_server *oa_release_txn(struct call *call);
/* FROM's 2xx has the offer (our INVITE had none): it goes to the other leg in its 2xx, and
 * FROM's ACK waits for that leg's answer. SDP is taken. */
int oa_pass_delayed_offer(struct call *call, struct leg *from, struct sdp *sdp,
	struct sdp **ret, struct err_text *text);
/* Leg b's 2xx to the first INVITE; as oa_accepted(). 1: leg a was answered, and leg b is still to
 * be offered what leg a agreed to. */
int oa_accept_first(struct call *call, struct message *response, struct err_text *text);
/* Leg a answered what leg b's answer to an offer of our own became: both ends of the relay are
 * set, and leg b is told nothing. 0; negative with TEXT: it cannot be served. */
int oa_take_made(struct call *call, struct err_text *text);

/* WITH gets a new offer with the terms of before, those that the other leg agreed to last: nobody asks for it. 0;
 * negative with TEXT: it was not sent. */
int oa_offer_before(struct call *call, struct leg *with, struct err_text *text);

/* ---- refreshes of a session: oa_refresh.c ---- */

/* That of LEG is refreshed, or its leg is told to wait. True: by a re-INVITE with what it was told last. */
bool oa_offer_again(struct call *call, struct leg *leg);
/* 2xx to that re-INVITE, which is acknowledged. Where nothing is described nothing changes; where it says
 * something new, the other leg is to be offered that (oa.restoring). 0 or negative as oa_accepted(). */
int oa_take_again(struct call *call, const struct oa_report *report);

/* ---- what whoever made an offer hears: oa_asker.c ---- */

/* The answer, SDP (may be NULL). 0, or negative as leg_answer(). */
int oa_answer_asker(struct call *call, const struct sdp *sdp);
/* The other leg did not take it. Nothing where nobody asked, or it was answered. */
void oa_refuse_asker(struct call *call, int status);
/* The offer of REPORT is refused with STATUS, and that is logged: WHY is for both. */
void oa_refuse_offer(
	struct call *call, const struct oa_report *report, int status, const char *why);
/* The same for ERR, negative, with TEXT (may be empty): it cannot be served. */
void oa_refuse_for(struct call *call, const struct oa_report *report, int err,
	const struct err_text *text);
/* The same for what oa_read() returned. */
void oa_refuse_unread(struct call *call, const struct oa_report *report, int err,
	const struct err_text *text);
/* Refuses an offer whose sender has another one under way, from us or to us. False: it has none. */
bool oa_refuse_early(struct call *call, const struct oa_report *report);
/* Answers an offer, by UPDATE or PRACK, that the other leg may not be asked about yet, or refuses it.
 * False: it is not for us to answer. */
bool oa_answer_here(struct call *call, const struct oa_report *report);
/* Answers SDP, an offer of REPORT, where it is only a refresh of the session. False: it is not, and SDP is
 * the caller's still. */
bool oa_answer_refresh(
	struct call *call, const struct oa_report *report, struct sdp *sdp);
/* By which message an offer that came by CAME goes to TO. False: by none now. */
bool oa_choose_carrier(const struct leg *to, enum oa_carrier came, enum oa_carrier *ret);
