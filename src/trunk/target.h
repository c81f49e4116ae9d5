/*
 * Whom a leg talks to, as it was when the call chose it or its INVITE was admitted: the
 * settings, the transport, and over TLS that there is a certificate to demand. Immutable,
 * reference counted, loop thread.
 *
 * A reload, a switch of TLS or the removal of the trunk changes no target: what began over
 * TLS goes on over TLS, to that peer, or ends. What may change is asked at the moment of
 * each use: target_obstacle() before a first try, target_connection() before a connection.
 */
#pragma once

#include "sip/transport.h"
#include "trunk/obstacle.h"
#include "trunk/trunk.h"

struct target {
	unsigned refs;
	struct trunk *trunk;   /* counters and live state; owned reference */
	struct config *config; /* where the settings stand; owned reference */
	const struct config_trunk *settings;
	const struct config_server *server;   /* more settings: one of these */
	const struct config_gateway *gateway; /* is set */
	enum transport_kind transport;
};

/* TRUNK with its settings of CONFIG; references to both are taken. 0; ERR_STATE when CONFIG
 * does not name it; -ENOMEM. */
int target_new(struct target **ret, struct trunk *trunk, struct config *config);
struct target *target_ref(struct target *target);
void target_unref(struct target *target); /* NULL is fine */

bool target_is_tls(const struct target *target);
const char *target_host(const struct target *target); /* the first of its names */
unsigned target_name_count(const struct target *target);
/* Its names in order; NTH is below target_name_count(). */
const char *target_name(const struct target *target, unsigned nth);
uint16_t target_port(const struct target *target); /* 0: SRV, then the default port */
/* What is in the way of a new call to it at NOW_US of the monotonic clock: see obstacle_stops(). */
enum obstacle_kind target_obstacle(const struct target *target, bool emergency,
	uint64_t now_us, struct obstacle *ret);
/* The same of a new request that is no call; SUBSCRIPTION: a SUBSCRIBE. */
enum obstacle_kind target_message_obstacle(const struct target *target, bool subscription,
	uint64_t now_us, struct obstacle *ret);

/*
 * How to connect to ADDRESS of it. Over TLS the peer is demanded as it is configured today:
 * today's anchors, lists and names judge it. 0; ERR_TRUST with TEXT when nobody there can be
 * judged any more, since the trunk left the configuration or is another host now: then
 * nothing is sent. *RET borrows from the trunk.
 */
int target_connection(const struct target *target, const struct addr *address,
	struct transport_target *ret, struct err_text *text);
/* The same of ADDRESS of NAME. Of several names the far end has to prove that very one (or one of `names`), and
 * a connection is used that leads to that address alone. */
int target_connection_to(const struct target *target, unsigned name,
	const struct addr *address, struct transport_target *ret, struct err_text *text);
/* Its NAME was resolved to ANSWER, or was not: its trunk's health knows it from now on, and in plain
 * messages from there are accepted, where the trunk still has this name, port and transport. */
void target_resolved(const struct target *target, struct trunks *trunks, unsigned name,
	const struct resolve_answer *answer);

/* ---- the health of its addresses; nothing, where the trunk has that name and port no more ---- */

/* Borrowed until the next target_resolved(). NULL: not known. */
const struct health_address *target_health(
	const struct target *target, unsigned name, const struct addr *addr);
/* The state of NAME itself, while it has no address that is known. NULL: it has. */
const struct health_record *target_name_health(
	const struct target *target, unsigned name);
/* As health_claim() and health_report(). */
void target_claim(const struct target *target, unsigned name, const struct addr *addr,
	uint64_t now_ms);
void target_report(const struct target *target, unsigned name, const struct addr *addr,
	const struct health_report *report, const struct health_time *now);

/* In plain: messages from REMOTE, where a call of it was, are accepted from now on, as if its name had
 * been resolved to that. Nothing over TLS, or where they are already. */
void target_was_at(const struct target *target, struct trunks *trunks,
	enum transport_kind kind, const struct addr *remote);
/* Whether FLOW may carry its messages. In plain: any flow that is not TLS. Over TLS: one whose
 * certificate proved that very peer, or one of ours that is still being opened. */
bool target_takes_flow(const struct target *target, const struct flow *flow);
