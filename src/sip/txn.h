/*
 * SIP transactions: the four machines of RFC 3261 17 with RFC 6026's Accepted state, in
 * state tables (txn_client.c, txn_server.c), and their matching (RFC 3261 17.1.3, 17.2.3).
 * Loop thread. A transaction is owned by the layer and ends by itself; its user holds a
 * pointer only until the ended_h of its handlers.
 */
#pragma once

#include "base/buf.h"
#include "base/log_limit.h"
#include "base/timer.h"
#include "sip/message.h"
#include "sip/transport.h"

struct txn_layer;
struct txn_client;
struct txn_server;

struct txn_times {
	uint64_t t1_ms, t2_ms, t4_ms; /* 500, 4000, 5000: RFC 3261 appendix A */
};

#define TXN_NAME_SIZE 320

struct txn_handlers {
	/* A request that began a server transaction. Those with a fault are answered without
	 * one, where an answer is possible, and do not come here. */
	void (*request_h)(void *arg, struct txn_server *txn, struct message *request);
	/* An ACK for a 2xx (RFC 3261 13.3.1.4): it matches no transaction, or one in Accepted. */
	void (*ack_h)(void *arg, struct flow *flow, struct message *ack);
	/* A response that matches no transaction (a 2xx of a fork after Timer M, or late). */
	void (*unmatched_h)(void *arg, struct flow *flow, struct message *response);
	/* A CANCEL for INVITE, already answered 200; the INVITE still needs its 487. */
	void (*cancel_h)(void *arg, struct txn_server *invite, struct message *cancel);
	/*
	 * Whether what comes by FLOW may belong to a transaction on OTHER: whether both lead
	 * to the same peer. Branches are no secret. NULL: the same certificate over TLS,
	 * anybody in plain.
	 */
	bool (*same_h)(void *arg, const struct flow *flow, const struct flow *other);
	/* The host that names us to the other end of FLOW, as a URI has it; returns BUF. May be
	 * NULL: the address that FLOW is bound to. */
	const char *(*name_h)(
		void *arg, const struct flow *flow, char buf[static TXN_NAME_SIZE]);
	/* HOST (NULL: what name_h says) with the port where the other end of FLOW reaches us:
	 * sent-by of our Via (RFC 3261 18.1.1). May be NULL: the address that FLOW is bound to. */
	const char *(*sent_by_h)(void *arg, const struct flow *flow, const char *host,
		char buf[static TXN_NAME_SIZE]);
	void *arg;
};

int txn_layer_new(struct txn_layer **ret, struct timers *timers,
	const struct txn_times *times, const struct txn_handlers *handlers);
void txn_layer_free(struct txn_layer *layer);

/* What a transport delivers goes in here. */
void txn_receive(struct txn_layer *layer, struct flow *flow, struct message *message,
	const struct message_fault *fault);
/* A connection ended: client transactions on it fail, servers have nowhere to answer. */
void txn_flow_closed(struct txn_layer *layer, struct flow *flow);
/*
 * FLOW was made in the place of WAITING, which no longer waits: the client transactions there
 * have not begun yet. Each gets the Via that belongs to FLOW, moves there, and begins, in
 * their order. Its branch and CSeq are of no other request, and so stay.
 */
void txn_flow_replaced(struct txn_layer *layer, struct flow *waiting, struct flow *flow);
/*
 * transport_handlers.unreachable_h: client transactions whose request QUOTED is the beginning
 * of fail at once (RFC 3261 18.4). Where QUOTED ends before the branch, which nobody else
 * can know, it counts against requests alone that were sent within the last two seconds and
 * have no response at all.
 */
void txn_unreachable(
	struct txn_layer *layer, struct flow *flow, struct span quoted, int err);
/* What failed_h's ERR means says failure_of_request() (sip/failure.h). */

/* Whose the transaction is that MESSAGE belongs to; 0: nobody's. For the tap. */
uint64_t txn_owner_of(
	struct txn_layer *layer, const struct flow *flow, const struct message *message);

/* Transactions alive, for status and leak tests. */
unsigned txn_count(const struct txn_layer *layer);

/*
 * The most transactions that belong to no call: OPTIONS, what is not served, calls that were refused and wait
 * for their ACK. Each may last 32 s, so that a flood of them would fill the memory. Beyond that nothing is kept
 * of such a request once it is answered (RFC 3261 8.2.7): the same one again gets the same answer again.
 */
#define TXN_LOOSE_MAX 20000
unsigned txn_loose(const struct txn_layer *layer);

/* How many kinds of refusals are counted apart. */
#define TXN_REFUSAL_REASONS 17

/* Messages refused or dropped since the start, by reason ("malformed", "extension", ...; "dropped":
 * nothing was answered). False: there is no NTH reason. */
bool txn_refused(const struct txn_layer *layer, unsigned nth, const char **ret_reason,
	uint64_t *ret_count);

/* ---- without a transaction: txn_stateless.c ---- */

struct stateless;
/* Whether an INVITE from FLOW is one that a transaction has already: then it is no new call. */
bool txn_has_invite(
	struct txn_layer *layer, const struct flow *flow, const struct stateless *invite);
/* Refuses an INVITE that was not parsed; EXTRA is whole header lines. Counted, as by txn_server_refuse(), but not
 * logged. */
void txn_refuse_unread(struct txn_layer *layer, struct flow *flow,
	const struct stateless *invite, int status, const char *extra);

/* ---- server ---- */

struct txn_server_user {
	/* The transport failed before a final response, or, for INVITE, a final response other
	 * than 2xx had no ACK (Timer H, or the transport failed). The transaction ends next. */
	void (*failed_h)(void *arg, struct txn_server *txn);
	/* The transaction is gone: forget the pointer. */
	void (*ended_h)(void *arg, struct txn_server *txn);
	void *arg;
};

/* USER's handlers are called for TXN from now on, in place of those of a user before. */
void txn_server_attach(struct txn_server *txn, const struct txn_server_user *user);
/* The arg of the user that is attached (for every INVITE of a call: its struct uas), or NULL. */
void *txn_server_user_arg(const struct txn_server *txn);
/* The request, borrowed; NULL once a final response was sent (a held INVITE is large). */
struct message *txn_server_request(const struct txn_server *txn);
struct flow *txn_server_flow(const struct txn_server *txn);
/* Whose it is what this transaction sends, for the tap (tap_owner()). */
void txn_server_set_owner(struct txn_server *txn, uint64_t owner);
/*
 * Sends a response (whole text) and keeps it for retransmission, except a 2xx to INVITE, which
 * its user repeats (in Accepted: RFC 6026 8.7). 0; ERR_STATE after a final response; -ENOMEM, or
 * what flow_send() returns.
 */
int txn_server_respond(struct txn_server *txn, int status, const char *data, size_t len);
/* Composes and sends a bodiless response; EXTRA is whole header lines or NULL. A to-tag is
 * made unless the request has one or TO_TAG is given. A status from 400 on is logged and counted
 * as txn_server_refuse() does, where the transaction belongs to no call. */
int txn_server_reply(struct txn_server *txn, int status, const char *reason,
	const char *to_tag, const char *extra);

/* Why we refuse a request. Texts are borrowed. */
struct txn_refusal {
	int status;         /* 400-699 */
	const char *phrase; /* reason phrase; NULL: the standard one */
	const char *where;  /* the header at fault; NULL: none */
	const char *why; /* for the log and the far end, a few words; NULL: the phrase */
	const char *extra; /* whole header lines for the answer; NULL: none */
};

/* Refuses, and leaves a trace of it: a line in the log (info for INVITE, else debug; 20 a second
 * at most), a counter, and for INVITE a Warning header. TO_TAG, and result, as of
 * txn_server_reply(). */
int txn_server_refuse(
	struct txn_server *txn, const char *to_tag, const struct txn_refusal *refusal);

/* ---- client ---- */

/* A request that was sent again. */
struct txn_client_request {
	char *text; /* of malloc(); taken */
	size_t text_len;
	const char *branch; /* in its top Via */
	uint32_t cseq;
	char *credentials; /* whole lines, of malloc(); taken. NULL: none */
	uint32_t
		min_se_s; /* what a 422 asked for (RFC 4028 7.3); 0: it is sent again for another reason */
};

struct txn_client_user {
	/* Its request was sent again, with what the far end asked for, as REQUEST: TXN takes the place of
	 * the transaction before. May be NULL. */
	void (*repeated_h)(void *arg, struct txn_client *txn,
		const struct txn_client_request *request);
	/* Each provisional and final response, retransmissions absorbed; after a 2xx to INVITE
	 * further 2xx (forks, retransmissions) come too until Timer M (RFC 6026 8.4). */
	void (*response_h)(void *arg, struct txn_client *txn, struct message *response);
	/* No final response: ERR is -ETIMEDOUT (Timer B or F, like 408), ERR_CLOSED (the
	 * connection ended, or was not made in that time, like 503), or what
	 * txn_unreachable() was told (like 503). The transaction ends next. */
	void (*failed_h)(void *arg, struct txn_client *txn, int err);
	void (*ended_h)(void *arg, struct txn_client *txn);
	void *arg;
};

/*
 * What stands between a client transaction and its user: it may send the request again, by
 * txn_client_send_again(), in the place of telling the final response. Owned by the transaction.
 */
struct txn_again {
	/* The first final response, but not after a CANCEL; TEXT is the request. True: it was sent again. */
	bool (*response_h)(struct txn_again *again, struct txn_client *txn,
		const struct message *response, struct span text);
	void (*free_h)(struct txn_again *again);
	const char *why; /* it was asked for, and not done; static. NULL: not asked for */
};

#define TXN_BRANCH_SIZE 40
/* A new branch with the magic cookie (RFC 3261 8.1.1.7). */
void txn_branch(char out[static TXN_BRANCH_SIZE]);

#define TXN_VIA_SIZE (TXN_NAME_SIZE + 80)
/* The value of the topmost Via of a request over FLOW, by HOST as sent_by_h gets it:
 * "SIP/2.0/TLS med1.example.com:5061;branch=...;rport". Returns BUF. */
const char *txn_via(const struct txn_layer *layer, const struct flow *flow,
	const char *host, const char *branch, char buf[static TXN_VIA_SIZE]);

struct txn_client_params {
	struct flow *flow; /* a reference is taken */
	enum message_method method;
	const char *branch; /* in the top Via of the request */
	const char *host;   /* the same, as txn_via() got it; copied; NULL: none */
	/* The whole text, of malloc(); taken in any case. NULL: there was no memory for it. */
	char *request;
	size_t request_len;
	uint64_t owner;                     /* for the tap (tap_owner()); 0: nobody */
	const struct txn_client_user *user; /* NULL: nobody learns about it */
	struct txn_again *again; /* taken in any case; NULL: its request is sent once */
};

/*
 * Sends a request and begins its client transaction; on a flow that is waiting both come
 * later, and it fails after 64*T1 of waiting too. ACK is never sent so. 0 with *RET (may
 * be NULL); negative when it could not even be queued: then no handler is called.
 */
int txn_client_start(struct txn_layer *layer, const struct txn_client_params *params,
	struct txn_client **ret);

/*
 * Cancels an INVITE (RFC 3261 9.1): the CANCEL goes out when a provisional response has
 * come, once, with HEADERS, whole lines or NULL. If no final response follows in 64*T1, failed_h
 * with -ETIMEDOUT. 0; ERR_STATE (final response was there); -ENOMEM: no CANCEL goes out, but
 * the INVITE ends as if one had.
 */
int txn_client_cancel(struct txn_client *txn, const char *headers);

/* Of lines about what far ends refuse or send wrong. */
struct log_limit *txn_client_log_limit(const struct txn_client *txn);
struct flow *txn_client_flow(const struct txn_client *txn);
/* The value of the topmost Via of another request in the place of TXN's. Returns BUF. */
const char *txn_client_via(
	const struct txn_client *txn, const char *branch, char buf[static TXN_VIA_SIZE]);
/*
 * Of txn_again's response_h: sends REQUEST in the place of that of TXN, over its flow and for its user, who is
 * told so. 0; negative when it could not be queued: then the user is to be told the response.
 */
int txn_client_send_again(struct txn_client *txn, struct txn_client_request *request);
/* Why its request was not sent again though that was asked for; static. NULL: it was not asked for. */
const char *txn_client_why(const struct txn_client *txn);
/* From now on its user is told whatever comes, until Timer B or F: its request is not sent again, with what a
 * response asks for or as it was (Timers A and E). */
void txn_client_settle(struct txn_client *txn);

/* The user is no longer interested: no handler is called any more. */
void txn_client_detach(struct txn_client *txn);
/* The same, and it ends now: its request is not repeated, and an answer finds nobody. Not for INVITE,
 * whose answer must be acknowledged. */
void txn_client_abandon(struct txn_client *txn);
void txn_server_detach(struct txn_server *txn);
