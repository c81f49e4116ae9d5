/*
 * One INVITE that we received, first or further: its transaction, its reliable provisional
 * responses, and its 2xx, which is repeated until the ACK. RFC 3261 13.3.1.4, RFC 3262 3.
 *
 * Loop thread. Owned by its leg, from the INVITE to uas_free().
 */
#pragma once

#include "bridge/bridge_priv.h"
#include "sdp/sdp.h"
#include "sip/reliable.h"

struct uas;

struct uas_user {
	/* Its peer gave it up by CANCEL. */
	void (*cancelled_h)(void *arg, struct uas *uas, struct message *cancel);
	/* The 2xx was acknowledged. */
	void (*acked_h)(void *arg, struct uas *uas, struct message *ack);
	/* Before the final response: the connection is lost (503). After it: no ACK (408).
	 * Or a reliable response was never acknowledged (504). */
	void (*failed_h)(void *arg, struct uas *uas, int status, const char *why);
	void *arg;
};

/* A response as its leg gives it: UAS adds what RFC 3261 8.2.6 copies, and RSeq. */
struct uas_response {
	int status;
	const char *tag;       /* ours, of the To header */
	struct span headers;   /* whole lines: Contact, Allow, ... */
	const struct sdp *sdp; /* NULL: no body */
};

struct uas_params {
	struct bridge_side *side;
	struct txn_server *txn; /* has a request without a final response */
	uint64_t owner;         /* for the tap */
	struct uas_user user;
};

/* Attaches to the transaction. 0 with *RET, which the caller owns; -ENOMEM. */
int uas_new(struct uas **ret, const struct uas_params *params);
/* No handler is called any more, and a 2xx is no longer repeated. NULL is fine. */
void uas_free(struct uas *uas);

/* Its 2xx is repeated over FLOW from now on; a reference is taken. */
void uas_set_flow(struct uas *uas, struct flow *flow);

/* The INVITE; NULL once it has its final response. */
struct message *uas_request(const struct uas *uas);
/* It has no final response, though one may wait for a PRACK. */
bool uas_is_open(const struct uas *uas);
/* Its 2xx is repeated, and waits for the ACK. */
bool uas_awaits_ack(const struct uas *uas);

/* Sends 100. */
void uas_trying(struct uas *uas);
/* Sends a 101-199 once. 0, or negative: ERR_STATE, ERR_TRUST (see body.h), -ENOMEM. */
int uas_provision(struct uas *uas, const struct uas_response *response);
/*
 * Sends a 101-199 reliably, behind those that are not acknowledged yet: it is repeated until its
 * PRACK, for 64*T1. The same errors; ERR_LIMIT when too many wait.
 */
int uas_provision_reliably(struct uas *uas, const struct uas_response *response);
/* 200, repeated until its ACK. While a reliable response has no PRACK it is kept back
 * (RFC 3262 3). The same errors; ERR_STATE also when one is kept back already. */
int uas_answer(struct uas *uas, const struct uas_response *response);
/* A final refusal. With REFUSAL's why it is logged and counted as txn_server_refuse() does.
 * Nothing happens after a final response. */
void uas_refuse(struct uas *uas, const char *tag, const struct txn_refusal *refusal);

/* Whether ACK is for its 2xx; then acked_h was called. */
bool uas_take_ack(struct uas *uas, struct message *ack);
/* A PRACK came for it: 0; ERR_STATE when no response waits for it (481). The next response is
 * sent by uas_go_on(), which is called after the PRACK has its own response. */
int uas_take_prack(struct uas *uas, const struct reliable_ack *ack);
void uas_go_on(struct uas *uas);
/* A reliable response waits for its PRACK. */
bool uas_awaits_prack(const struct uas *uas);

/* CANCEL came for INVITE, whose user is a struct uas. */
void uas_receive_cancel(struct txn_server *invite, struct message *cancel);
