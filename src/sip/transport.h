/*
 * Transports: listeners and connections of one side, over UDP, TCP and TLS. Bytes are
 * framed and bounded here; whole, parsed messages go up, and leave by a flow.
 *
 * Loop thread. Output of one loop turn is coalesced into as few writes as possible.
 */
#pragma once

#include "base/addr.h"
#include "base/err.h"
#include "base/list.h"
#include "base/loop.h"
#include "base/tap.h"
#include "sip/message.h"
#include "tls/cred.h"
#include "tls/explain.h"
#include "tls/peer.h"

enum transport_kind { TRANSPORT_UDP, TRANSPORT_TCP, TRANSPORT_TLS };

/*
 * A flow (the term of RFC 5626): how messages reach one far end: a connection, or a UDP
 * socket with a remote address. Reference counted; a flow whose connection ended stays
 * valid, and sending on it fails.
 */
struct flow;

/* Whether a far end that we connected to over TLS wants to know who we are. */
enum flow_asked {
	FLOW_ASKED_UNKNOWN, /* plain, or not open yet; or it connected and showed its own */
	FLOW_ASKED_NO,
	FLOW_ASKED_YES,
};

/* What a flow does; scenario tests give their own. */
struct flow_ops {
	int (*send)(struct flow *flow, const char *data, size_t len);
	void (*free)(struct flow *flow);
	/* UDP: the flow to the same host at PORT, from the same socket; owned reference, NULL
	 * without memory. Others have none. */
	struct flow *(*at_port)(struct flow *flow, uint16_t port);
};

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
	const char *exception;   /* TLS: what revocation = soft let pass; "" */
	enum flow_asked asked;   /* TLS: for our certificate */
	time_t until;            /* TLS: when what proves the peer runs out; 0: never */
	/* TLS: what ended it, when the TLS did; else NULL. Lives as long as the flow. */
	const struct explain_report *report;
	void *owner;    /* the trunk or server that the layer above found for it */
	unsigned users; /* dialogs and transactions on it: an idle one may be closed */
	bool closed;
	bool refused;      /* closed by us: judged again, it is no peer any more */
	uint64_t tap_call; /* the call number the next sent bytes belong to */
};

struct flow *flow_ref(struct flow *flow);
void flow_unref(struct flow *flow); /* NULL is fine */

/*
 * Queues one whole message. While a connection is being made it waits. CALL is for the
 * tap (0: none). 0, ERR_CLOSED, ERR_LIMIT when the far end reads too slowly (the connection is then cut), -EMSGSIZE for a
 * datagram over 65,507 bytes.
 */
int flow_send(struct flow *flow, uint64_t call, const char *data, size_t len);
/* UDP: retransmissions are ours to make. */
bool flow_is_reliable(const struct flow *flow);
const char *transport_kind_name(enum transport_kind kind);  /* "UDP", "TCP", "TLS" */
const char *transport_kind_param(enum transport_kind kind); /* "udp", "tcp", "tls" */

struct transport;

enum transport_progress {
	TRANSPORT_CONNECTED, /* the far end accepted the TCP connection */
	TRANSPORT_OPENED,    /* and, with TLS, the handshake is done: it may be used */
};

struct transport_handlers {
	/*
	 * One message. FAULT as message_parse() gave it: the layer above answers. The callee
	 * takes a reference if it keeps MESSAGE. DROPPED bytes were none.
	 */
	void (*message_h)(void *arg, struct flow *flow, struct message *message,
		const struct message_fault *fault);
	/* A connection ended, or could not be made: every transaction and dialog on it learns
	 * it here. WHY is a phrase for the log ("closed by peer", explain words, ...). */
	void (*closed_h)(void *arg, struct flow *flow, const char *why);
	/* A connection of ours got so far, on its way to being open. May be NULL. */
	void (*progress_h)(
		void *arg, struct flow *flow, enum transport_progress progress);
	/* May this source talk to us in plain (UDP, TCP)? Called before anything is parsed;
	 * false drops a datagram, closes a connection. */
	bool (*allowed_h)(void *arg, enum transport_kind kind, const struct addr *remote);
	/* For the tap: the call that a message belongs to, or 0. May be NULL. */
	uint64_t (*call_h)(
		void *arg, const struct flow *flow, const struct message *message);
	void *arg;
};

/* 0: no limit. */
struct transport_limits {
	unsigned max_connections; /* accepted */
	unsigned max_handshakes;  /* accepted and not yet judged */
	uint64_t handshake_ms;
	uint64_t idle_ms;     /* without users and without a byte read */
	unsigned queue_bytes; /* unsent output of one connection */
};

/* Told what each far end over TLS was let in with: the peer that it is, and its chain, leaf
 * first, valid during the call. */
struct transport_witness {
	void (*h)(void *arg, const struct peer *peer, const gnutls_datum_t *chain,
		unsigned count);
	void *arg;
};

struct transport_params {
	const char *name; /* "internal", "external": for the log */
	struct loop *loop;
	struct transport_limits limits;
	struct transport_handlers handlers;
	const struct tap *tap;            /* may be NULL */
	struct transport_witness witness; /* h may be NULL */
	unsigned dscp;                    /* of what it sends; 0: not marked */
	bool quiet; /* what becomes of its connections is logged at debug: whoever uses it
		     * says it himself */
};

int transport_new(struct transport **ret, const struct transport_params *params);
/* Closes everything; closed_h is not called. Flows that others hold stay valid, closed. */
void transport_free(struct transport *transport);

/*
 * Listens. For TLS, CRED is what we present and PEERS who may connect; both may be replaced
 * later with transport_set_tls() (reload) without touching connections that stand. Port 0
 * takes a free one; *ret_bound (may be NULL) says which. 0, or negative with TEXT.
 */
int transport_listen(struct transport *transport, enum transport_kind kind,
	const struct addr *address, struct addr *ret_bound, struct err_text *text);
/*
 * References to both are taken (cred_ref(), peer_set_ref()): a connection and a handshake
 * under way keep the set that judges them through peer_set_ref(), and a connecting one
 * that of its target through peer->set. No further bookkeeping of sets is needed here.
 */
void transport_set_tls(
	struct transport *transport, struct cred *cred, struct peer_set *peers);

/*
 * H is told of each TLS connection that was accepted and then judged: the flow's peer says
 * who it is, or its report why it was refused. For whoever only watches; NULL: nobody.
 */
void transport_watch_judged(struct transport *transport,
	void (*h)(void *arg, const struct flow *flow), void *arg);

/*
 * Judges every open TLS connection anew, by today's date and the peers that
 * transport_set_tls() gave last: for after a reload, or new CRLs. Who is refused is closed,
 * and closed_h says why; of the others flow->peer is then of the present set. A connection
 * whose certificate or CRL runs out is judged anew by itself, within a second.
 */
void transport_judge_again(struct transport *transport);

struct transport_target {
	enum transport_kind kind;
	struct addr remote;
	const struct peer *peer; /* TLS: who must be there */
	struct cred *cred; /* TLS: what we present there; NULL: that of the transport */
	/* The address that a connection leaves from, its port apart; len 0: that of a
	 * listener. Only a wish, as everywhere. */
	struct addr source;
};

/*
 * A flow to TARGET: an open or opening connection to the same peer (TLS: judged to be that
 * peer, and made with the same credentials) or address is reused (RFC 5923), else one is
 * begun. UDP flows leave by the UDP listener. *RET owns a reference. 0, or negative with
 * TEXT; a connection that fails later is told by closed_h.
 */
int transport_flow(struct transport *transport, const struct transport_target *target,
	struct flow **ret, struct err_text *text);

/* Closes the connection of FLOW after its queued output was written; closed_h follows. */
void transport_close_flow(struct flow *flow, const char *why);
/* Closes every connection that belongs to PEER (it left the configuration, was revoked). */
void transport_close_peer(
	struct transport *transport, const struct peer *peer, const char *why);

/* Calls H for each connection (not for UDP flows). */
void transport_each(
	struct transport *transport, void (*h)(void *arg, struct flow *flow), void *arg);

struct transport_totals {
	unsigned connections;       /* open and judged */
	unsigned handshakes;        /* under way */
	uint64_t accepted, refused; /* since start */
	uint64_t messages_in, messages_out;
	uint64_t broken;  /* connections closed and datagrams dropped by the framer */
	uint64_t too_big; /* messages over a limit that were read past */
	uint64_t stray;   /* datagrams and connections from unknown sources */
};
void transport_totals(const struct transport *transport, struct transport_totals *ret);
