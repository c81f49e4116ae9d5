/*
 * A fake wire: transport.h implemented without sockets. What Tandem sends goes to a
 * handler; what far ends send is put in here. Linked in place of src/sip/transport*.c.
 */
#pragma once

#include "bridge/side.h"
#include "sip/transport.h"

/* Tandem sent LEN bytes at DATA over FLOW, as part of call CALL (0: none). */
typedef void wire_sent_h(
	void *arg, struct flow *flow, uint64_t call, const char *data, size_t len);

/* Who hears what leaves TRANSPORT, and the addresses that it is bound to. */
void wire_listen(struct transport *transport, enum side side, const char *address,
	wire_sent_h *h, void *arg);

/* The open flow to REMOTE, made where there is none, by us; then PEER is who was judged there. With
 * a PEER only a connection to that peer is taken. */
struct flow *wire_flow(struct transport *transport, enum transport_kind kind,
	const struct addr *remote, const struct peer *peer);
/* The same, but where there is none the far end connects: over TLS as PEER. NULL: it is no peer, and
 * is refused. */
struct flow *wire_accept(struct transport *transport, enum transport_kind kind,
	const struct addr *remote, const struct peer *peer);

enum wire_reach {
	WIRE_HERE,    /* can be connected to */
	WIRE_GONE,    /* no route: trying fails at once */
	WIRE_REFUSES, /* a connection is begun, and then refused */
};
/* From now on REMOTE is to be reached so. */
void wire_reach(
	struct transport *transport, const struct addr *remote, enum wire_reach reach);
/* The hosts are for TO, new, what they were for FROM. */
void wire_inherit(struct transport *to, const struct transport *from);
/* REMOTE has begun a TLS handshake with us. */
void wire_shake(struct transport *transport, const struct addr *remote);
/* It is over, whether or not wire_accept() made a connection of it before. */
void wire_end_shaking(struct transport *transport);
/*
 * The far end of FLOW stops to read: what Tandem sends waits for it, up to BYTES and at most
 * transport_limits.queue_bytes; past them the connection is cut. 0: it reads again. Not for
 * datagrams.
 */
void wire_stall(struct flow *flow, size_t bytes);
/* What Tandem sends to keep a flow alive, and its answer. */
#define WIRE_KEEPALIVE "\r\n\r\n"
void wire_pong(struct flow *flow);
/* The connection of FLOW is dead, and nobody knows: what is sent over it is lost. The far end makes
 * another one for what it sends. */
void wire_die(struct flow *flow);
/* The connection of FLOW ends, and Tandem learns WHY at once. */
void wire_close(struct flow *flow, const char *why);
/* An ICMP error returns what Tandem sent last over FLOW. */
void wire_bounce(struct flow *flow);
/* The same, but Tandem learns it by the next wire_settle(). WHY is static. */
void wire_cut(struct flow *flow, const char *why);
/* Tells Tandem of one connection that was cut. False: there was none. */
bool wire_settle(struct transport *transport);
bool wire_stalls(const struct flow *flow);
/* How many connections to REMOTE, or from there, Tandem has open. */
unsigned wire_connections(const struct transport *transport, const struct addr *remote);
/* Whether the flow of that id is still open. */
bool wire_is_open(const struct transport *transport, uint64_t id);
/* Whether what comes over FLOW is read at all: its source may talk to us. */
bool wire_takes(const struct flow *flow);
/* False: the source was refused before anything was parsed. */
bool wire_receive(struct flow *flow, const char *data, size_t len);
/* A flow that somebody still uses or holds, for the leak check; NULL: none. */
const struct flow *wire_leak(const struct transport *transport);
