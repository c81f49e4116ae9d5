/*
 * A flow (the term of RFC 5626): how messages reach one far end: a connection, or a UDP
 * socket with a remote address. Made by a transport; scenario tests make their own. Loop
 * thread.
 */
#pragma once

#include "base/addr.h"
#include "base/list.h"
#include "tls/explain.h"
#include "tls/peer.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

enum transport_kind { TRANSPORT_UDP, TRANSPORT_TCP, TRANSPORT_TLS };

const char *transport_kind_name(enum transport_kind kind);  /* "UDP", "TCP", "TLS" */
const char *transport_kind_param(enum transport_kind kind); /* "udp", "tcp", "tls" */

/* Whether a far end that we connected to over TLS wants to know who we are. */
enum flow_asked {
	FLOW_ASKED_UNKNOWN, /* plain, or not open yet; or it connected and showed its own */
	FLOW_ASKED_NO,
	FLOW_ASKED_YES,
};

/* What holds on to a flow. Whoever must learn that it ended finds them by kind. */
enum flow_use {
	FLOW_TXN,    /* transactions */
	FLOW_LEG,    /* what has a dialog on it */
	FLOW_REDIAL, /* what waits for it to take another one's place, or passes on to it */
	FLOW_WATCH, /* struct flow_watch: who wants it open, and to hear of its end */
	FLOW_USES,
};

struct flow;

/* Embedded in whoever holds a flow as FLOW_WATCH. */
struct flow_watch {
	struct list node;
	/* It ended, for WHY, and is to be released. Its transactions were told before. */
	void (*closed_h)(void *arg, const char *why);
	void *arg;
};

/* What a flow does. */
struct flow_ops {
	int (*send)(struct flow *flow, const char *data, size_t len);
	void (*free)(struct flow *flow);
	int (*keep_alive)(
		struct flow *flow); /* flow_keep_alive(); NULL: nothing is to be kept */
	/* UDP: the flow to the same host at PORT, from the same socket; owned reference, NULL
	 * without memory. Others have none. */
	struct flow *(*at_port)(struct flow *flow, uint16_t port);
	/* TLS: as chain_h of struct tap_message; NULL: there are none. */
	unsigned (*chain)(const void *flow, struct span *ret, unsigned max);
};

/* Reference counted; a flow whose connection ended stays valid, and sending on it fails. */
struct flow {
	const struct flow_ops *ops;
	unsigned refs;
	enum transport_kind kind;
	uint64_t id;       /* unique in this process, never reused */
	struct addr local; /* as bound; for UDP the listener's */
	struct addr remote;
	const struct peer *peer; /* TLS: who is there; else NULL */
	const char *version;     /* TLS: "TLS1.3"; "" */
	const char *cipher;      /* TLS: "AES-256-GCM"; "" */
	const char *peer_names;  /* TLS: names in its certificate; "" */
	const char
		*server_name; /* TLS: that it asked for when it connected, escaped; "" */
	const char *ours;     /* TLS: the file of the certificate that we presented; "" */
	const char *exception; /* TLS: what revocation = soft let pass; "" */
	enum flow_asked asked; /* TLS: for our certificate */
	time_t until;          /* TLS: when what proves the peer runs out; 0: never */
	/* When bytes of the far end were read last, in ms of the monotonic clock; 0: never. Not of
	 * UDP, whose flows come and go. */
	uint64_t heard_ms;
	/* TLS: what ended it, when the TLS did; else NULL. Lives as long as the flow. */
	const struct explain_report *report;
	const char *why; /* while users are told of its end: what ended it; else NULL */
	void *owner;     /* the trunk or server that the layer above found for it */
	unsigned users;  /* those that hold it, of all kinds: an idle one may be closed */
	struct list held[FLOW_USES];
	bool opened; /* what is sent leaves at once; before that it waits */
	bool closed;
	bool refused;     /* closed by us: judged again, it is no peer any more */
	bool no_listener; /* closed: nothing listens there, which was known at once */
	/* It stands for a connection that is being made: requests wait in their transactions
	 * until txn_flow_replaced(). Other messages may be sent all the same. */
	bool waiting;
	uint64_t tap_owner; /* whose the next sent bytes are */
};

/* A zeroed FLOW gets one reference; it is open and without texts. */
void flow_init(struct flow *flow, const struct flow_ops *ops, enum transport_kind kind,
	const struct addr *remote);
struct flow *flow_ref(struct flow *flow);
void flow_unref(struct flow *flow); /* NULL is fine */

/* The owner of NODE uses FLOW: takes a reference, and lists it in flow->held[USE]. */
void flow_hold(struct flow *flow, enum flow_use use, struct list *node);
/* Ends that. */
void flow_release(struct flow *flow, struct list *node);

/*
 * Queues one whole message. While a connection is being made it waits. OWNER is for the tap
 * (tap_owner(); 0: nobody). 0; ERR_CLOSED; ERR_LIMIT when the far end reads too slowly (the connection is
 * then cut); -EMSGSIZE for a datagram over 65,507 bytes; -ENOMEM.
 */
int flow_send(struct flow *flow, uint64_t owner, const char *data, size_t len);
/* Queues CRLF CRLF, which is no message: over a connection the far end answers it by a CRLF, which
 * sets heard_ms (RFC 5626 4.4.1); a datagram keeps a NAT open. 0; as flow_send(). */
int flow_keep_alive(struct flow *flow);
/* False over UDP: retransmissions are ours to make. */
bool flow_is_reliable(const struct flow *flow);
