/*
 * The one sender of requests. A request is made of parts: what each try has anew (the method,
 * the dialog that it is sent in, or begins, and the flow that carries it, which give the
 * request line, a Via with a branch of its own, Max-Forwards, Route, From, To, Call-ID and
 * CSeq) and what stays the same however often it is tried: further headers, the body, the
 * user. RFC 3261 8.1.1, 12.2.1.1. Loop thread.
 *
 *	struct request request = {.txns = ..., .flow = ..., .method = MESSAGE_INFO};
 *
 *	request_begin(&request, dialog);
 *	compose_header_str(&request.text, "User-Agent", "Tandem");
 *	compose_body(&request.text, NULL, (struct span){0});
 *	err = request_send(&request, &user, &txn);
 */
#pragma once

#include "base/buf.h"
#include "sip/account.h"
#include "sip/dialog.h"
#include "sip/txn.h"

/* On the stack of whoever sends. */
struct request {
	struct txn_layer *txns;
	struct flow *flow; /* borrowed */
	enum message_method method;
	uint64_t owner; /* for the tap (tap_owner()); 0: nobody */
	uint32_t cseq;  /* of ACK: that of its INVITE; else request_begin() sets it */
	/* Whose credentials it may carry to where FLOW leads, for which it is sent again as often as the
	 * far end asks; borrowed. NULL: none, and a 401 or 407 is its final response. */
	struct account *account;
	/* An INVITE or UPDATE that is sent again with the Min-SE of a 422. */
	bool takes_422;
	/* From here on request_begin() sets it. */
	char host[TXN_NAME_SIZE]; /* the dialog's our_host; "": none */
	char branch[TXN_BRANCH_SIZE];
	struct dialog *dialog; /* to be set NULL where it ends before request_send() */
	struct buf text; /* begun; whole header lines and then the body are to be added */
	/* Set by request_send() of an INVITE: the credentials that its ACK has too (RFC 3261 22.1), whole
	 * lines, free() them; NULL: none. Others take its place with repeated_h. */
	char *credentials;
};

/* Composes what this try has of its own. What fails is told when it is sent. */
void request_begin(struct request *request, struct dialog *dialog);
/*
 * Sends it, complete, as a client transaction of USER (NULL: nobody learns what becomes of it).
 * 0 with *RET (may be NULL); negative, with the error of its text too, when it could not even
 * be queued: then USER hears nothing. Its text is given away in any case.
 */
int request_send(struct request *request, const struct txn_client_user *user,
	struct txn_client **ret);
/* Sends an ACK to a 2xx, which has no transaction (RFC 3261 13.2.2.4). Its text stays, for
 * whoever repeats it, and is to be freed. Returns the error of the text, or flow_send()'s. */
int request_send_ack(struct request *request);
