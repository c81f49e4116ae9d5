/*
 * The network of a Tandem that runs: a network namespace with nothing but a loopback, which has the
 * addresses of Tandem and of all parties; the parties' listeners and connections; and a DNS server.
 */
#pragma once

#include "live_link.h"
#include "live_name.h"

#include "../unit/tls/lab.h"

#define LIVE_DNS "127.0.0.1:53"

enum { LIVE_LISTEN_TCP, LIVE_LISTEN_TLS, LIVE_LISTENERS };

/* Where a party is: it takes UDP and TCP at port 5060, TLS and UDP at port 5061 of its address. */
struct live_station {
	struct list node;
	struct party *party;
	struct lab_id id;                      /* its certificate; owned, as CRED is */
	gnutls_certificate_credentials_t cred; /* NULL: it has none yet */
	struct live_link *udp;
	struct live_link *udp_other; /* what is answered at the port of TLS is read too */
	int media; /* its default port; what comes there is never read */
	int listeners[LIVE_LISTENERS]; /* -1: it takes no connections */
	bool away;
};

struct live_net {
	struct list stations, links;
	struct live_names names;
	unsigned address_count;
	live_link_h *h;
	void *arg;
};

/* This process leaves the network that it has, for one of its own. False: it may not. */
bool live_net_enter(void);
/* H hears all that Tandem sends. Aborts where something cannot be made. */
void live_net_open(struct live_net *net, live_link_h *h, void *arg);
void live_net_close(struct live_net *net);

/* PARTY has its address, its name and listeners from now on; a certificate is still to be given to it,
 * with which it has TLS. */
struct live_station *live_net_add(struct live_net *net, struct party *party);
/* STATION has none any more. */
void live_net_drop_cred(struct live_station *station);
/* All its connections end. */
void live_net_hang_up(const struct live_net *net, const struct live_station *station);
struct live_station *live_net_find(const struct live_net *net, const struct party *party);
/* AWAY: nothing that Tandem sends to it arrives, but over connections that stand. From then on the
 * party is unseen. */
void live_net_set_away(struct live_station *station, bool away);

/* Waits until something comes, so long at most, and takes all that is there. Whether something
 * moved. */
bool live_net_pump(struct live_net *net, int timeout_ms);
/* A link of STATION that can be written to, by KIND; NULL: there is none. */
struct live_link *live_net_link(const struct live_net *net,
	const struct live_station *station, enum transport_kind kind);
/* The same, connected to REMOTE; not open yet, or NULL. */
struct live_link *live_net_connect(struct live_net *net,
	const struct live_station *station, const struct addr *remote, bool tls);
bool live_net_is_open(const struct live_net *net, uint64_t flow);
