/*
 * The offer/answer of a call: one at a time for both legs together (RFC 3264, 6337). Who
 * offered, by which message the offer came and by which it went on, and what is awaited.
 * Offers come in INVITE, reliable 18x, 2xx, PRACK and UPDATE, and go on by the same message, or
 * the best that the other leg takes. Loop thread. Embedded in struct call.
 */
#pragma once

#include "base/timer.h"
#include "sip/txn.h"

#include <stdbool.h>

struct call;
struct err_text;
struct leg;
struct message;
struct sdp;

enum oa_state {
	OA_IDLE,
	OA_ASKED,     /* an offer, or a request for one, was sent to the other leg */
	OA_WITHDRAWN, /* its asker cancelled it, or it took too long; the other leg's
		       * final response is awaited */
	OA_OWED, /* the other leg's response had the offer: the asker answers it by ACK or
		       * PRACK */
	OA_STATES,
};

enum oa_carrier { OA_BY_INVITE, OA_BY_PRACK, OA_BY_UPDATE };

struct oa {
	enum oa_state state;
	struct leg
		*asker; /* ASKED, WITHDRAWN, OWED. NULL: nobody, old terms are restored */
	enum oa_carrier came, went;
	bool first;             /* it is that of the first INVITE */
	struct txn_server *txn; /* the asker's UPDATE or PRACK, to be answered */
	struct timer timer;     /* limits how long a further offer may take */
	/* It had no answer in time, and the call cannot go on. */
	void (*failed_h)(struct call *call, const char *why);
	/* It was to take the terms of before again, and had an offer of its own under way (491);
	 * NULL: none. Until both legs agree again it is offered them once more. */
	struct leg *restoring;
	unsigned restore_tries;
	/* Its session is refreshed: it was offered again what it was told last (ASKED, WITHDRAWN). NULL:
	 * none is. */
	struct leg *refreshing;
	/* What an 18x to the further INVITE that is under way said to its offer; owned; NULL: nothing. It is not said of
	 * that INVITE sent again, behind 401 or 422, which has another number. */
	struct sdp *early;
	uint32_t early_cseq;
	char *preview_tag; /* of the branch whose SDP leg a has in 18x; NULL: none */
	bool answered_a; /* leg a has the answer to its first offer, in a reliable 18x */
	bool made;       /* leg b's first offer is our own: leg a made none */
	bool preview; /* what leg a was offered of its answer is of an unreliable 18x */
	bool renew; /* leg b's 2xx said otherwise: it is to be offered what leg a takes */
	bool settled; /* both legs agreed before the 2xx, by UPDATE or PRACK */
};

/* The SDP that MESSAGE has, as its body or as a part of it. 0 with *RET NULL when there is none:
 * no body, or one that may be passed over; an answer's always may. Negative with TEXT:
 * ERR_SUPPORT where a request demands that its body is understood (415), else it cannot be
 * read (400). */
int oa_read(struct message *message, struct sdp **ret, struct err_text *text);

/* Leg b's first offer, from leg a's; *ret NULL when leg a made none. 0 or negative. */
int oa_first_offer(struct call *call, struct sdp **ret, struct err_text *text);
/* It went to leg b. */
void oa_first_sent(struct call *call);
/* Leg b did not take the call: another may be asked. */
void oa_first_lost(struct call *call);

/* 101-199 of leg b to the first INVITE goes to leg a, with what SDP may. 0; negative: the
 * call cannot go on. */
int oa_provisional(struct call *call, struct message *response, struct err_text *text);
/* 2xx of leg FROM to an INVITE of ours. 0; negative with TEXT: what it says cannot be served,
 * it was acknowledged, and the call ends. */
int oa_accepted(struct call *call, struct leg *from, struct message *response,
	struct err_text *text);
/* 101-199 of leg FROM to a re-INVITE of ours. What it says counts where the 2xx says nothing. */
void oa_early(struct call *call, struct leg *from, struct message *response);
/* 3xx to 6xx of leg FROM to a re-INVITE or UPDATE of ours, or no final response (408, 503). False:
 * the call ends, since its dialog is gone (481, 408), or what was agreed cannot be restored. */
bool oa_refused(struct call *call, struct leg *from, int status);
/* 2xx of leg FROM to an UPDATE of ours. As oa_accepted(). */
int oa_updated(struct call *call, struct leg *from, struct message *response,
	struct err_text *text);

/* A re-INVITE, with an offer or without (a request for one); an UPDATE or PRACK (TXN) with SDP.
 * It is passed on, or answered. */
void oa_reinvite(struct call *call, struct leg *from, struct message *request);
void oa_update(struct call *call, struct leg *from, struct txn_server *txn);
/* 0; negative with TEXT: the answer in it cannot be served, and the call ends. */
int oa_prack(struct call *call, struct leg *from, struct txn_server *txn,
	struct err_text *text);
/* The ACK of leg FROM for our 2xx: its answer, where one is owed. As oa_accepted(). */
int oa_ack(
	struct call *call, struct leg *from, struct message *ack, struct err_text *text);
/* FROM, a stand-in, offers what STAYS, a leg of OUTER, spoke last, in both directions. 0 or -ENOMEM. */
int oa_stand_in(struct leg *from, struct call *outer, struct leg *stays);
/* No exchange of CALL is under way, and LEG of it may be sent an INVITE. */
bool oa_may_join(const struct call *call, const struct leg *leg);
/* WITH, a leg of CALL since now, is offered what the other leg agreed to last. 0; negative with TEXT: it is not. What
 * comes of it comes as of any offer that nobody made. */
int oa_join(struct call *call, struct leg *with, struct err_text *text);
/* That came to nothing: no exchange is under way any more. */
void oa_unjoin(struct call *call, struct leg *with);
/* What the leg in place of a leg b offered to the other one came to nothing: no exchange is under way any more. */
void oa_give_back(struct call *call);
/* The offer of ASKER, which was refused to it, is taken back from the other leg too. */
void oa_withdraw(struct call *call, struct leg *asker);
/* Leg b, a stand-in, offers OFFER, and SDP, taken, which leg a sent, is its answer: *RET, owned, is that for who offered.
 * 0; negative with TEXT: it cannot be served. */
int oa_pick_up(struct call *call, const struct sdp *offer, struct sdp *sdp,
	struct sdp **ret, struct err_text *text);
/* A and B change what they agreed to, offers and streams. */
void oa_swap_media(struct leg *a, struct leg *b);
/* LEG has agreed to nothing. */
void oa_forget_media(struct leg *leg);
/* Leg FROM gave up its re-INVITE. */
void oa_cancelled(struct call *call, struct leg *from);

/* The session of LEG is to be refreshed, by us: that is done, or put off. */
void oa_refresh(struct call *call, struct leg *leg);
/* A re-INVITE that refreshes the session of LEG waits for its final response. */
bool oa_is_refreshing(const struct call *call, const struct leg *leg);
/* Its final response is STATUS, no 2xx; 408: it had none. The leg may report that its session is over. */
void oa_refresh_refused(struct call *call, struct leg *leg, int status);

/* The call ends: an offer that is not answered yet is refused. */
void oa_end(struct call *call);
