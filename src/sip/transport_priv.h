/*
 * What the files behind transport.h share: the transport itself, its listeners, stream
 * connections (TCP and TLS are one code over two tables of byte operations) and UDP
 * sockets. Loop thread; nobody outside src/sip/transport*.c includes this.
 *
 * Each file uses those that stand before it here alone: base; udp, tcp, tls; stream; reuse;
 * judge; handshake; open; listen; transport.c, which joins them.
 */
#pragma once

#include "base/buf.h"
#include "base/hash.h"
#include "base/log_limit.h"
#include "base/timer.h"
#include "sip/framer.h"
#include "sip/transport.h"
#include "tls/channel.h"

#include <stdint.h>
#include <sys/types.h>
#include <time.h>

/* Counters of sources: crowd_source(). */
#define CROWD_SOURCES 1024

/* Handshakes under way with those who connected to us: transport_handshake.c. */
struct handshakes {
	struct list all;   /* struct stream, oldest first */
	struct list ready; /* those of them that can go on, in order */
	unsigned of_source[CROWD_SOURCES];
	struct loop_task task; /* goes on with them at the end of the turn */
	struct timer timer;    /* or in the next one */
	struct list waiting;   /* struct transport_wait: until one of them is over */
	struct loop_task told; /* calls them at the end of the turn, by */
	void (*told_h)(void *transport);
};

struct transport {
	char *name;
	struct loop *loop;
	struct transport_limits limits;
	struct transport_handlers handlers;
	const struct tap *tap; /* may be NULL */
	struct transport_witness witness;
	unsigned dscp;
	bool quiet;              /* lines about connections are for debugging */
	struct list listeners;   /* struct listener */
	struct list udp_sockets; /* struct udp_socket */
	struct list streams;     /* struct stream, each a reference of ours */
	struct hash reusable;    /* struct stream by stream_key() */
	struct hash udp_flows;   /* struct udp_flow by remote; borrowed */
	struct udp_batch *batch; /* receive memory of all UDP sockets; made when needed */
	struct cred *cred;       /* what we present; a reference; NULL until told */
	struct peer_set *peers;  /* who may connect; a reference */
	/* The number of accepted connections has changed: listeners look again. */
	void (*room_h)(struct transport *transport);
	void (*judged_h)(void *arg, const struct flow *flow); /* may be NULL */
	void *judged_arg;
	unsigned accepted;                 /* accepted connections alive */
	unsigned accepted_opening;         /* those of them not yet judged */
	unsigned of_source[CROWD_SOURCES]; /* accepted */
	struct handshakes handshakes;
	bool no_descriptors;    /* accept(2) met EMFILE: listeners rest for a moment */
	uint64_t scarce_log_ms; /* until when that is not logged again; 0: all is well */
	uint64_t rests;         /* since it was logged */
	struct timer resume;    /* listeners that rest look again */
	struct timer expiry;    /* transport_judge.c */
	uint64_t paused_log_ms; /* until when "accepting paused" is not logged again */
	struct log_limit log_limit;
	struct strangers *strangers; /* once it listens */
	struct transport_totals totals;
};

static inline struct timers *transport_timers(const struct transport *transport)
{
	return loop_timers(transport->loop);
}

/* ---- for all: transport_base.c ---- */

void transport_room_changed(struct transport *transport);

/* FLOW, an accepted connection over TLS, is open or was refused: tells who watches. */
void transport_judged(const struct transport *transport, const struct flow *flow);

/* Of the host and port. */
uint64_t transport_addr_hash(const struct addr *addr);

/* The peer of today that PEER stands for: itself or its namesake in the present set. */
const struct peer *transport_present_peer(
	const struct transport *transport, const struct peer *peer);

/* What became of a message on its way here. */
enum transport_fit {
	TRANSPORT_WHOLE,
	TRANSPORT_SHORT,   /* a datagram that ended before its Content-Length */
	TRANSPORT_TOO_BIG, /* over a limit: lines of its headers are all that is left */
};

/*
 * Parses one framed message, taps it and hands it up. A request that is SHORT or TOO_BIG goes
 * up with the fault that says so; a response is discarded (RFC 3261 18.3), which is
 * ERR_FORMAT where it is SHORT. 0; ERR_FORMAT also when it is no SIP message; -ENOMEM. The
 * callee may have closed FLOW meanwhile.
 */
int transport_deliver(struct transport *transport, struct flow *flow, struct span text,
	enum transport_fit fit);
/* TEXT are the lines that are left of a message which broke a limit for REASON: counts and
 * logs it, and has a request answered 513. As transport_deliver(). */
int transport_deliver_too_big(struct transport *transport, struct flow *flow,
	struct span text, const char *reason);
/* Counts and taps a message that goes out. */
void transport_sent(
	struct transport *transport, struct flow *flow, const char *data, size_t len);
/*
 * Logs what an unknown source may cause, 20 lines a second at most. WORDS must be escaped
 * already. Further lines are counted, and the next line says how many.
 */
void transport_log_refused(
	struct transport *transport, const struct addr *remote, const char *words);
/* The same of FLOW, whose id the line has. */
void transport_log_flow_refused(
	struct transport *transport, const struct flow *flow, const char *words);

/* LEVEL, or that of a quiet transport. */
static inline enum log_level transport_level(
	const struct transport *transport, enum log_level level)
{
	return transport->quiet ? LOG_LEVEL_DEBUG : level;
}

/* ---- listeners of TCP and TLS: transport_listen.c ---- */

struct listener {
	struct list node;
	struct transport *transport;
	enum transport_kind kind;
	int fd;
	struct addr local;
	struct loop_fd watch;
};

/* Takes FD, bound to LOCAL. 0 or negative. */
int listener_open(struct transport *transport, enum transport_kind kind, int fd,
	const struct addr *local);
void listener_free(struct listener *listener);
/* Watches each listener that may accept now, and no other. */
void listener_update_all(struct transport *transport);

/* ---- stream connections: transport_stream.c ---- */

/* More than a TLS record holds, so that one read takes a whole one. */
#define STREAM_READ_BYTES (20 * 1024)

enum stream_state {
	STREAM_CONNECTING, /* the socket connects */
	STREAM_HANDSHAKE,  /* TLS: nothing is sent or believed yet */
	STREAM_OPEN,
	STREAM_DRAINING, /* closes when its output is written; reads nothing more */
	STREAM_CLOSED, /* no socket any more; closed_h is called at the end of the turn */
};

struct stream;

/* Bytes in and out of a connected socket, plain or encrypted. */
struct stream_ops {
	enum transport_kind kind;
	size_t write_max;       /* bytes worth offering in one write */
	bool short_read_drains; /* a read below the length asked for emptied the socket */
	/* TLS: makes the channel. 0 or negative with TEXT. */
	int (*start)(struct stream *stream, struct err_text *text);
	/* 0 when open; -EAGAIN; negative, final. */
	int (*handshake)(struct stream *stream);
	bool (*wants_write)(const struct stream *stream);
	/* Bytes, -EAGAIN, ERR_CLOSED at an orderly end, or negative. */
	ssize_t (*read)(struct stream *stream, void *data, size_t len);
	/* Bytes, -EAGAIN (the same bytes are to be offered again), or negative. */
	ssize_t (*write)(struct stream *stream, const void *data, size_t len);
	/* An orderly end, as far as it does not have to wait. */
	void (*close)(struct stream *stream);
	/* ERR as words for the log. */
	void (*explain)(const struct stream *stream, int err, struct buf *out);
};

extern const struct stream_ops stream_tcp_ops; /* transport_tcp.c */
extern const struct stream_ops stream_tls_ops; /* transport_tls.c */

struct stream {
	struct flow flow;
	const struct stream_ops *ops;
	struct transport *transport; /* NULL when it ended before the flow */
	struct list node;            /* in transport->streams */
	struct hash_node reuse_node;
	bool reusable; /* in transport->reusable */
	bool accepted; /* by us; else we connected */
	enum stream_state state;
	int fd;
	struct loop_fd watch;
	struct timer timer; /* opening, idle or draining: its state says which */
	uint64_t opened_ms;
	unsigned source; /* accepted: the counter that it is in */
	bool heard;      /* a whole message came */
	struct framer framer;
	struct buf in;  /* received and not yet a message; freed when empty */
	struct buf out; /* not yet written; freed when empty */
	size_t offered; /* bytes of OUT that the last write must be repeated with */
	/* While it shakes hands and we accepted it; the nodes point to themselves otherwise. */
	struct list shaking_node;
	struct list ready_node;
	void (*step_h)(struct stream *stream); /* goes on with it */
	uint64_t begun_ms;
	bool more;              /* the last turn left bytes that no poll announces */
	struct loop_task flush; /* writes OUT at the end of the turn */
	struct loop_task tell;  /* calls closed_h at the end of the turn */
	char *why;              /* for closed_h; NULL when memory ran out */
	/* TLS */
	struct channel *channel;
	struct peer_set *peers;      /* a reference: flow.peer outlives the channel */
	struct cred *cred;           /* what we present; owned reference */
	const struct peer *expected; /* whom we connected to */
	char *host;                  /* by which of its hosts; NULL: it does not matter */
	time_t worn;   /* from then on nothing new is begun on it; 0: never */
	bool outdated; /* the rules changed during the handshake: judge it again */
	/* The flow outlives the channel, so it points to copies of the channel's texts. */
	char version[16];
	char cipher[40];
	char *peer_names;
	char *server_name;
	char *exception;               /* NULL: none */
	struct explain_report *report; /* flow.report */
};

extern const struct flow_ops stream_flow_ops;

/* Adds STEP (1, -1) to what the transport counts of streams in the present state. */
void stream_count(const struct stream *stream, int step);
/* The one way to another state: refuses moves that are not in its table. */
void stream_set_state(struct stream *stream, enum stream_state next);
/* Its handshake, if others began it, is over, well or not. Any stream will do. */
void stream_stop_shaking(struct stream *stream);
/* Watches for EVENTS; cuts the stream when that fails. */
void stream_want(struct stream *stream, uint32_t events);
/* Reads, frames and hands up; the stream may be closed afterwards. */
void stream_receive(struct stream *stream);
/* Writes what is queued, and ends a draining stream. A loop task. */
void stream_flush(void *arg);
/* Writes what is queued, says goodbye, closes. */
void stream_close(struct stream *stream, const char *why);
/* Closes at once. LEVEL is that of the log line. */
void stream_cut(struct stream *stream, enum log_level level, const char *why);
/* Closes at once and leaves the log to the caller. */
void stream_end(struct stream *stream, const char *why);
/*
 * Closes because of ERR, which came from the stream's bytes: explained in words that become
 * the log line and the reason for those who wait. One that was not judged yet counts as
 * refused.
 */
void stream_fail(struct stream *stream, int err);
/* The transport ends: closes without telling anybody. */
void stream_abandon(struct stream *stream);

/* ---- finding them again: transport_reuse.c ---- */

/* The open or opening connection that TARGET may use, or NULL. */
struct stream *stream_find(
	struct transport *transport, const struct transport_target *target);
/* transport_each_open(). */
void stream_each_open(struct transport *transport, const struct transport_target *target,
	void (*h)(void *arg, struct flow *flow), void *arg);
/* Files the stream under its peer or address for stream_find(), anew if it was. */
void stream_make_reusable(struct stream *stream, const struct transport_target *target);

/* ---- their opening: transport_open.c ---- */

/* Takes FD, which is connected to REMOTE. Logs what fails. */
void stream_accept(struct listener *listener, int fd, const struct addr *remote);
/* Begins a connection. *RET is borrowed. */
int stream_connect(struct transport *transport, const struct transport_target *target,
	struct stream **ret, struct err_text *text);
/* ---- handshakes that others begin: transport_handshake.c ---- */

/* STEP_H goes on with it as far as it comes. */
void handshake_begin(struct stream *stream, void (*step_h)(struct stream *stream));
/* Its socket is ready: it goes on once all else of this turn is done, and in its order. */
void handshake_ready(struct stream *stream);
/* How long until one more connection of KIND may be accepted; 0: now, and then the place is
 * taken from a handshake, or from one of a crowd, where none is free; UINT64_MAX: when another has ended. */
uint64_t handshake_room_ms(const struct transport *transport, enum transport_kind kind);
void handshake_make_room(struct transport *transport, enum transport_kind kind);
/* One is over: calls those who wait for that. ARG is the transport. */
void handshake_tell(void *arg);
/* They are not called any more. */
void handshake_forget_waiting(struct handshakes *handshakes);

/* ---- those of whom one has very many: transport_crowd.c ---- */

/* The counter of REMOTE. Who shares an address, or with IPv6 the network of a host, shares it; so may two
 * far ends, by a hash that nobody can foresee. */
unsigned crowd_source(const struct addr *remote);
/* How long until an open connection can give way to another; 0: now; UINT64_MAX: none will. */
uint64_t crowd_room_ms(const struct transport *transport);
/* The one that can is closed. */
void crowd_make_room(struct transport *transport);

/* ---- expiry: transport_judge.c ---- */

/* A stream opened or was judged: the transport wakes up when its UNTIL comes. */
void judge_schedule(struct transport *transport, time_t until);
/* Takes over until when the judgement of the stream's peer holds. */
void stream_take_dates(struct stream *stream);
/* Takes over and logs what was let pass when the stream's peer was judged. */
void stream_note_exception(struct stream *stream);
/* Judges a stream by the rules of now, or once its handshake is over; may close it. */
void stream_judge_again(struct stream *stream);

/* ---- UDP: transport_udp.c ---- */

/* Takes FD, bound to LOCAL. 0 or negative. */
int udp_listen(struct transport *transport, int fd, const struct addr *local);
/* A flow from a listener to REMOTE; *RET owns a reference. */
int udp_flow_to(struct transport *transport, const struct addr *remote, struct flow **ret,
	struct err_text *text);
/* Closes the sockets; flows stay, closed. */
void udp_free(struct transport *transport);
