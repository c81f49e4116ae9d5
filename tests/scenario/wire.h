/*
 * A fake wire: transport.h implemented without sockets. What Tandem sends goes to a
 * handler; what far ends send is put in here. Linked in place of src/sip/transport*.c.
 */
#pragma once

#include "media/relay.h"
#include "sip/transport.h"

/* Tandem sent LEN bytes at DATA over FLOW, as part of call CALL (0: none). */
typedef void wire_sent_h(
	void *arg, struct flow *flow, uint64_t call, const char *data, size_t len);

/* Who hears what leaves TRANSPORT, and the addresses that it is bound to. */
void wire_listen(struct transport *transport, enum relay_side side, const char *address,
	wire_sent_h *h, void *arg);

/* The open flow to REMOTE, made where there is none; then PEER is who was judged there. */
struct flow *wire_flow(struct transport *transport, enum transport_kind kind,
	const struct addr *remote, const struct peer *peer);
/* From now on REMOTE can (not) be connected to. */
void wire_reach(struct transport *transport, const struct addr *remote, bool reachable);
/* The connection of FLOW ends, and Tandem learns WHY. */
void wire_close(struct flow *flow, const char *why);
/* An ICMP error returns what Tandem sent last over FLOW. */
void wire_bounce(struct flow *flow);
/* False: the source was refused before anything was parsed. */
bool wire_receive(struct flow *flow, const char *data, size_t len);
/* A flow that somebody still uses or holds, for the leak check; NULL: none. */
const struct flow *wire_leak(const struct transport *transport);
