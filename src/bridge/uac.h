/*
 * One INVITE of ours, first or further: its transaction, its CSeq, and the ACK of each 2xx.
 * RFC 3261 13.2.2.4 and 14.1, RFC 6026 8.
 *
 * It lives until 64*T1 after its 2xx, also when its leg has begun another INVITE or is gone:
 * each 2xx is acknowledged however late and often it comes, and a branch that nobody wants is
 * ended by BYE, once. Loop thread. It ends by itself, with its transaction.
 */
#pragma once

#include "bridge/bridge_priv.h"
#include "sdp/sdp.h"
#include "sip/request.h"

struct uac;

struct uac_user {
	/* It was sent again as another INVITE, REQUEST. May be NULL. */
	void (*repeated_h)(void *arg, const struct txn_client_request *request);
	void (*provisional_h)(void *arg, struct message *response); /* 100-199 */
	/* The first 2xx: uac_ack() is owed, now or later. */
	void (*accepted_h)(void *arg, struct message *response);
	void (*refused_h)(void *arg, struct message *response); /* 300-699 */
	/* No final response: -ETIMEDOUT or ERR_CLOSED. */
	void (*failed_h)(void *arg, int err);
	/* It is gone: forget the pointer. Behind each of the two above too. */
	void (*ended_h)(void *arg);
	void *arg;
};

struct uac_params {
	struct bridge_side *side;
	struct dialog *dialog; /* its user's; borrowed until uac_release() */
	struct trunk *
		trunk; /* whose credentials it may carry; a reference is taken. NULL: none */
	bool first;    /* it begins the dialog, and may fork */
	struct uac_user user;
};

/* Sends INVITE, complete but for its user. 0 with *RET; negative when it could not even be
 * queued. Its text is given away in any case. */
int uac_start(struct uac **ret, struct request *invite, const struct uac_params *params);

/* No final response has come. */
bool uac_is_open(const struct uac *uac);
/* A 2xx has come, and waits for uac_ack(). */
bool uac_owes_ack(const struct uac *uac);

/* Its CSeq number. */
uint32_t uac_cseq(const struct uac *uac);
/* A reliable 18x with RSEQ came from the branch TAG. True: it is the next one of that branch, and is to
 * be acknowledged by PRACK; false: a repetition, or one before it is missing (RFC 3262 4). */
bool uac_take_reliable(struct uac *uac, struct span tag, uint32_t rseq);

/* Acknowledges the 2xx over FLOW, with SDP (may be NULL). Nothing when no ACK is owed. */
void uac_ack(struct uac *uac, struct flow *flow, const struct sdp *sdp);
/* Why what it was refused with, 401 or 407, was not answered; static. NULL: it could not be, or it was
 * refused otherwise. */
const char *uac_why(const struct uac *uac);
/* Sends CANCEL, as soon as that is allowed (RFC 3261 9.1), with HEADERS, whole lines or
 * NULL. 0; ERR_STATE when it has its final response. */
int uac_cancel(struct uac *uac, const char *headers);

/* Its user wants nothing more of it: the dialog is copied, an owed ACK is sent, and from now on
 * it is not repeated, and a first 2xx is acknowledged and, where it began a dialog, ended by BYE. NULL is
 * fine. */
void uac_release(struct uac *uac);

/* It has its 2xx, and the ACK was sent: writes that. Nothing of others. 0, -ENOMEM, or what the sealer
 * returns. */
int uac_save(const struct uac *uac, struct saved to);
/*
 * One that was written: for another 64*T1 a repeated 2xx, which belongs to no transaction any more, gets
 * its ACK by uac_ack_again(). PARAMS need no user but ended_h; CALL is for the tap. 0 with *RET;
 * ERR_FORMAT or ERR_AUTH with ERROR; -ENOMEM.
 */
int uac_load(struct uac **ret, struct saved from, const struct uac_params *params,
	uint64_t owner, struct err_text *error);
/* RESPONSE, a 2xx that came by FLOW, is one that it acknowledged: it does so again. False: it is not. */
bool uac_ack_again(struct uac *uac, struct flow *flow, const struct message *response);

/* Frees all of SIDE without a word. */
void uac_free_all(struct bridge_side *side);
