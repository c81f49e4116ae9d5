/*
 * What the files of transactions share. The layer, txn.c, calls the
 * two kinds of transactions, and both use the base; nothing is called the other way round.
 */
#pragma once

#include "base/hash.h"
#include "base/list.h"
#include "base/log_limit.h"
#include "sip/txn.h"

struct txn_layer {
	struct timers *timers;
	struct txn_times times;
	struct txn_handlers handlers;
	struct hash clients; /* by branch and method */
	struct hash servers; /* by branch, sent-by and method */
	struct hash merges;  /* servers without To tag, by Call-ID, From tag and CSeq */
	struct list
		dead; /* ended transactions; the reaper, a timer of 0 ms, frees them */
	struct timer reaper;
	unsigned count;
	unsigned loose;             /* servers that belong to no call */
	struct log_limit log_limit; /* of lines about refusals */
	uint64_t refused[TXN_REFUSAL_REASONS];
};

/* Counts what is refused with STATUS; 0: dropped. */
void txn_count_refusal(struct txn_layer *layer, int status);
/* The log line and the counter of what is refused or, with the status 0, dropped. MESSAGE came
 * over FLOW. */
void txn_trace(struct txn_layer *layer, const struct flow *flow,
	const struct message *message, const struct txn_refusal *refusal);
/* Appends the Warning header for who sent the refused request over FLOW. */
void txn_add_warning(const struct txn_layer *layer, const struct flow *flow,
	const struct txn_refusal *refusal, struct buf *out);

/* What both kinds have; first in each, so that the list of the dead can free either. */
struct txn_base {
	struct list dead_node;
	struct list
		closing_node; /* among those that a closed flow or an ICMP error ends */
	struct txn_layer *layer;
	struct flow *flow;     /* held */
	struct list flow_node; /* in its list of transactions */
	uint64_t owner;
	enum message_method method;
	struct timer retransmit; /* A, E, G */
	struct timer timeout;    /* B, D, F, H, I, J, K, L, M */
	uint64_t interval_ms;    /* of the running retransmit timer */
	bool ended;
	void (*free_h)(struct txn_base *base);
	void (*transport_failed_h)(struct txn_base *base);
	/* Whether QUOTED, which an ICMP error returned, is the beginning of its request and
	 * the request is unanswered. NULL: it has none. */
	bool (*quoted_h)(const struct txn_base *base, struct span quoted);
};

/* Fills BASE but for its handlers; takes a reference to FLOW. */
void txn_base_init(struct txn_base *base, struct txn_layer *layer, struct flow *flow,
	enum message_method method);
/* FLOW takes the place of the flow that it is on. */
void txn_base_move(struct txn_base *base, struct flow *flow);
/* Stops the timers, gives the flow back, and frees BASE once the stack is unwound. */
void txn_base_end(struct txn_base *base);
/* Frees those that have ended. No handler of theirs may be on the stack. */
void txn_base_free_ended(struct txn_layer *layer);
/* Where the responses to REQUEST, received on FLOW, go (RFC 3261 18.2.2, RFC 3581): the flow
 * itself, or over UDP without rport the port that the top Via names. Owned reference. */
struct flow *txn_response_flow(struct flow *flow, const struct message *request);
/* Sends on the transaction's flow; the result is flow_send()'s. */
int txn_base_send(struct txn_base *base, struct span text);

/* The response that belongs to this client transaction. */
struct txn_client *txn_client_find(
	struct txn_layer *layer, const struct message *response);
/* The one whose request QUOTED is the beginning of, by its branch: the other bytes are not compared. False: QUOTED ends
 * before that, and nobody can say. */
bool txn_client_find_quoted(
	struct txn_layer *layer, struct span quoted, struct txn_base **ret);
void txn_client_receive(struct txn_client *txn, struct message *response);
/* A client transaction that waited begins on FLOW. */
void txn_client_begin(struct txn_base *base, struct flow *flow);
/* A client transaction's request does not arrive: ERR as for txn_unreachable(). */
void txn_client_unreachable(struct txn_base *base, int err);

#define TXN_ID_MAX 1024

/* What identifies the transaction of a request, apart from its method: the same for an INVITE, its
 * CANCEL and its ACK. Bytes to compare, no text. */
struct txn_id {
	size_t len;
	char bytes[TXN_ID_MAX];
};

/* The same of a request with BRANCH, which has the magic cookie, in its top Via by HOST and PORT (0: none). */
void txn_id_make(struct txn_id *ret, const struct flow *flow, struct span branch,
	struct span host, uint16_t port);
void txn_id_read(
	struct txn_id *ret, const struct flow *flow, const struct message *request);
/* Whether FLOW leads to the peer that the transaction BASE is with. */
bool txn_base_is_with(const struct txn_base *base, const struct flow *flow);
/* The transaction of METHOD that a request with ID, from FLOW, belongs to, or NULL. METHOD is
 * INVITE for an ACK, and for what a CANCEL cancels. */
struct txn_server *txn_server_find(struct txn_layer *layer, const struct txn_id *id,
	enum message_method method, const struct flow *flow);
/* RFC 3261 8.2.2.2: the same request came by another path. */
bool txn_server_is_merged(struct txn_layer *layer, const struct message *request);
/* ID is that of REQUEST. */
int txn_server_start(struct txn_layer *layer, struct txn_server **ret, struct flow *flow,
	struct message *request, const struct txn_id *id);
/* A retransmission of its request, or its ACK. */
void txn_server_receive(struct txn_server *txn, struct message *request);
bool txn_server_has_final(const struct txn_server *txn);
struct txn_base *txn_server_base(struct txn_server *txn);
struct txn_base *txn_client_base(struct txn_client *txn);
struct txn_server *txn_server_of_node(struct hash_node *node);
struct txn_client *txn_client_of_node(struct hash_node *node);
