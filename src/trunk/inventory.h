/*
 * Every certificate and revocation list that calls depend on, now: ours and their issuers,
 * those that peers presented last, the trust anchors that they lead to, the revocation lists
 * that they are checked against; who depends on each, and what fails when it expires. Made on
 * request, used, and freed within one turn of the loop: it borrows from trunks and seen chains.
 * Loop thread.
 */
#pragma once

#include "base/buf.h"
#include "trunk/seen.h"
#include "trunk/trunk.h"

enum inventory_role {
	INVENTORY_OWN,
	INVENTORY_NEXT,       /* ours, waits for its next-from */
	INVENTORY_OWN_CHAIN,  /* what we send above ours */
	INVENTORY_PEER,       /* a peer's, as last shown */
	INVENTORY_PEER_CHAIN, /* what a peer sends above its own */
	INVENTORY_ANCHOR,
	INVENTORY_CRL,
};

struct inventory_user {
	const struct trunk *trunk;
	bool breaks; /* as far as is known, its TLS fails when this expires */
};

struct inventory_item {
	struct hash_node node; /* of the inventory's own */
	enum inventory_role role;
	const char *file;   /* of ours; "" for what a peer showed */
	struct facts facts; /* of a list: issuer, from (thisUpdate), to (nextUpdate) */
	time_t from; /* NEXT: when it is taken into use; OWN: when its successor is, before it
		      * expires; else 0 */
	const struct seen_peer *seen; /* PEER: of the first user */
	struct inventory_user *users;
	unsigned user_count;
};

struct inventory {
	struct hash index;
	struct inventory_item **items; /* the first to expire comes first */
	size_t count;
};

/* 0 or -ENOMEM. */
int inventory_new(struct inventory **ret, const struct trunks *trunks, struct seen *seen);
void inventory_free(struct inventory *inventory); /* NULL is fine */

/* "own", "next", "intermediate", "peer", "root", "anchor" (one that another signed), "crl". */
const char *inventory_role_name(const struct inventory_item *item);

/* Appends "server pbx1, trunk carrier-a and 998 more". */
void inventory_print_users(const struct inventory_item *item, struct buf *out);
/* Appends what happens when it expires: "no TLS with server pbx1". */
void inventory_print_then(const struct inventory_item *item, struct buf *out);

/* How near its end something is. */
enum inventory_level {
	INVENTORY_FINE,
	INVENTORY_30_DAYS,
	INVENTORY_7_DAYS,
	INVENTORY_1_DAY,
	INVENTORY_OVER,
	INVENTORY_LEVELS,
};

/*
 * Of a certificate whose successor is staged in time: FINE. Revocation lists are short-lived
 * by nature: a level counts where it is at most a third of the list's life.
 */
enum inventory_level inventory_level(const struct inventory_item *item, time_t now);
const char *inventory_level_name(enum inventory_level level); /* "ok", "30d", "over" */
