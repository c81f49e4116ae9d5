/*
 * The session timer of a leg (RFC 4028): what its messages say of one, the refreshes that are ours to
 * send, and the end of a session that nobody refreshed. What is agreed on, and when, is decided in
 * sip/session_timer.h. A leg knows nothing of the other one's timer. Loop thread.
 *
 * The leg reports LEG_EVENT_REFRESH when a refresh is to be sent, and is told by leg_refresh_update(),
 * leg_refresh_failed() or leg_refresh_wait() what came of that; and LEG_EVENT_EXPIRED when its session is over.
 */
#pragma once

#include "base/timer.h"
#include "sip/session_timer.h"
#include "sip/txn.h"

struct leg;

/* Embedded in its leg, zeroed. */
struct refresh {
	struct session_timer session;
	struct session_terms next;   /* what our 2xx that is about to leave agrees on */
	bool answering;              /* it has not left yet */
	struct session_terms agreed; /* what the last 2xx agreed on, for those who ask */
	struct timer timer;
	struct txn_client *out; /* an UPDATE of ours that refreshes */
	bool off; /* the leg has no session timer, whatever its trunk's settings say */
};

/* ---- what its messages say ---- */

/* Adds Supported, which every request of ours has: "timer" where the leg has session timers, "replaces" where its
 * INVITEs may have that, and "from-change" where its From may change, behind OTHERS, a list or NULL. */
void leg_refresh_add_supported(
	const struct leg *leg, const char *others, struct buf *out);
/* Adds what an INVITE or UPDATE of ours asks for. FIRST: the INVITE that begins the dialog. */
void leg_refresh_add_to_request(const struct leg *leg, bool first, struct buf *out);
/* A request of ours may be repeated with what a 422 asks for. */
bool leg_refresh_takes_422(const struct leg *leg);
/* It was, with MIN_S of Min-SE; 0: for another reason. */
void leg_refresh_repeated(struct leg *leg, uint32_t min_s);
/* A 2xx to an INVITE or UPDATE of ours came. */
void leg_refresh_heed(struct leg *leg, const struct message *response);

/* REQUEST, an INVITE or UPDATE of theirs within the dialog, is refused for what it says of session
 * timers: 420, 422. False: it is not. */
bool leg_refresh_refuse(struct leg *leg, struct txn_server *txn);
/* The same of the INVITE that would begin a dialog with a far end of SETTINGS. */
bool leg_refresh_refuse_first(
	const struct config_trunk *settings, struct txn_server *txn);
/* Adds what our 2xx to REQUEST says; leg_refresh_answered() tells that it left. */
void leg_refresh_add_to_answer(
	struct leg *leg, const struct message *request, struct buf *out);
void leg_refresh_answered(struct leg *leg);

/* ---- refreshes of ours ---- */

/* It is sent by UPDATE, which needs no offer. */
bool leg_refresh_by_update(const struct leg *leg);
/* Sends that. What comes of it is heeded here. */
void leg_refresh_update(struct leg *leg);
/* A refresh by re-INVITE was answered STATUS, other than 2xx; 408: not at all. PAUSE_US: after
 * a 491. */
void leg_refresh_failed(struct leg *leg, int status, uint64_t pause_us);
/* It cannot be sent now. */
void leg_refresh_wait(struct leg *leg);

/* The dialog is over, or begins anew. */
void leg_refresh_stop(struct leg *leg);
/* The session was read back. */
void leg_refresh_resume(struct leg *leg);
