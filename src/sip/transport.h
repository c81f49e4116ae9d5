/*
 * Transports: listeners and connections of one side, over UDP, TCP and TLS. Bytes are
 * framed and bounded here; whole, parsed messages go up, and leave by a flow.
 *
 * Loop thread. Output of one loop turn is coalesced into as few writes as possible.
 */
#pragma once

#include "base/err.h"
#include "base/loop.h"
#include "base/tap.h"
#include "sip/flow.h"
#include "sip/message.h"
#include "sip/strangers.h"
#include "tls/cred.h"

struct transport;

enum transport_progress {
	TRANSPORT_CONNECTED, /* the far end accepted the TCP connection */
	TRANSPORT_OPENED,    /* and, with TLS, the handshake is done: it may be used */
};

struct transport_handlers {
	/*
	 * One message. FAULT as message_parse() gave it: the layer above answers. The callee
	 * takes a reference if it keeps MESSAGE. What the framer drops does not come here.
	 */
	void (*message_h)(void *arg, struct flow *flow, struct message *message,
		const struct message_fault *fault);
	/*
	 * Whether TEXT, one whole message, needs no parsing, since all that is owed to it was done. It is not
	 * captured then. May be NULL.
	 */
	bool (*unread_h)(void *arg, struct flow *flow, struct span text);
	/* A connection ended, or could not be made: the callee has to tell each transaction and
	 * dialog on it. WHY is a phrase for the log ("closed by peer", explain words, ...). */
	void (*closed_h)(void *arg, struct flow *flow, const char *why);
	/*
	 * UDP: nothing that is sent to FLOW arrives, by an ICMP error or since there is no way
	 * there. QUOTED is the beginning of the datagram in question as the error has it,
	 * empty when it has none: anybody can forge an error, but not what we sent. ERR:
	 * -ECONNREFUSED, -EHOSTUNREACH, -ENETUNREACH. May be NULL.
	 */
	void (*unreachable_h)(void *arg, struct flow *flow, struct span quoted, int err);
	/* A connection of ours got so far, on its way to being open. May be NULL. */
	void (*progress_h)(
		void *arg, struct flow *flow, enum transport_progress progress);
	/* Whether messages from this source are accepted in plain (UDP, TCP). Called before
	 * anything is parsed; false drops a datagram, closes a connection. NULL: all are. */
	bool (*allowed_h)(void *arg, enum transport_kind kind, const struct addr *remote);
	/* Whose address REMOTE is, for what is said about those who are not allowed: fills RET,
	 * which is zeroed. May be NULL. */
	void (*owner_h)(void *arg, const struct addr *remote, struct stranger_owner *ret);
	/* For the tap: whose a message is (tap_owner()), or 0. May be NULL. */
	uint64_t (*owner_of_h)(
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

/* H gets, of each far end that was accepted over TLS, the peer and its certificate chain, leaf
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
 * A socket for transport_listen(), bound to ADDRESS with the options that all of ours share. Port 0 takes a
 * free one. Apart from listening, since ports below 1024 may need rights that are given up before all else
 * is made. The descriptor is the caller's. 0, or negative with TEXT.
 */
int transport_bind(enum transport_kind kind, const struct addr *address, int *ret_fd,
	struct err_text *text);
/*
 * Listens at FD of transport_bind(), of the same KIND, which it takes, also if it fails. Over TLS nobody
 * gets in before transport_set_tls(). *ret_bound (may be NULL) says where. 0, or negative with TEXT.
 */
int transport_listen(struct transport *transport, enum transport_kind kind, int fd,
	struct addr *ret_bound, struct err_text *text);
/*
 * What we present over TLS and who may connect, from now on; NULL: nobody. References to
 * both are taken. Connections and handshakes under way keep the set that judges them, until
 * transport_judge_again().
 */
void transport_set_tls(
	struct transport *transport, struct cred *cred, struct peer_set *peers);

/*
 * H is called for each TLS connection that we accepted, once its certificate was judged: the
 * flow's peer says who it is, or its report why it was refused. An observer only; NULL: none.
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

/* Which connection that stands may serve a target. */
enum transport_reuse {
	TRANSPORT_REUSE_PEER, /* any to the same peer; in plain, to the same address */
	TRANSPORT_REUSE_HOST, /* only one to the host of the target: for who asks that very host */
	TRANSPORT_REUSE_NONE, /* none: one is made, in place of what may be dead */
};

struct transport_target {
	enum transport_kind kind;
	struct addr remote;
	enum transport_reuse reuse;
	/* TLS: who must be there. Its set must live until transport_flow() has returned: the
	 * connection then holds a reference to it. */
	const struct peer *peer;
	const char *
		host; /* TLS: which of the peer's hosts REMOTE is of; copied; NULL: it does not matter */
	struct cred *cred; /* TLS: what we present there; NULL: that of the transport */
	/* The local address of a new connection, without a port; len 0: that of a listener.
	 * Where it cannot be bound the kernel chooses. */
	struct addr source;
};

/*
 * A flow to TARGET: an open or opening connection to the same peer (TLS: judged to be that
 * peer, and made with the same credentials) or address is reused (RFC 5923), as far as its
 * reuse allows, else one is begun. UDP flows leave by the UDP listener. *RET owns a reference. 0, or negative with
 * TEXT; a connection that fails later is told by closed_h.
 */
int transport_flow(struct transport *transport, const struct transport_target *target,
	struct flow **ret, struct err_text *text);

/* Whether an open connection serves TARGET: transport_flow() would make none. Not for UDP. */
bool transport_is_open(
	struct transport *transport, const struct transport_target *target);

/* Calls H for each open connection that could serve TARGET. H may close the one that it gets. Of UDP there
 * are none. */
void transport_each_open(struct transport *transport,
	const struct transport_target *target, void (*h)(void *arg, struct flow *flow),
	void *arg);

/* Whoever waits for a handshake that somebody else began. Zeroed before its first use. */
struct transport_wait {
	struct list node;
	void (*h)(void *arg);
	void *arg;
};
/*
 * While the host of REMOTE shakes hands with us over TLS nobody knows who it is. WAIT->h is called
 * once, when the next such handshake is over, of whatever host and however it ended. False: none of
 * that host is under way, and nothing is waited for.
 */
bool transport_await_handshake(struct transport *transport, const struct addr *remote,
	struct transport_wait *wait);
void transport_stop_waiting(
	struct transport_wait *wait); /* one that never waited is fine */

/* Closes the connection of FLOW after its queued output was written; closed_h follows. */
void transport_close_flow(struct flow *flow, const char *why);

/* The same at once: what was not written is lost. For one that is known to be dead. */
void transport_cut_flow(struct flow *flow, const char *why);

/* Calls H for each connection, but for those that are closed, those that were accepted and are
 * not open yet, and UDP flows. */
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

/* Those who were not let in, as strangers_each(). */
void transport_strangers(const struct transport *transport, strangers_h *h, void *arg);
