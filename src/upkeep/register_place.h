/*
 * Where a registrar is asked: the addresses of its names, in order, one after the other; that which served
 * last comes first. Loop thread. Embedded in its user, zeroed.
 */
#pragma once

#include "sip/resolve.h"
#include "upkeep/register_plan.h"

/* ADDRESS (borrowed) is to be asked next; NULL: each was, and WHY says what is known of that. */
typedef void register_place_h(void *arg, const struct addr *address, const char *why);

struct register_place {
	struct resolver *resolver;
	const struct register_plan *plan; /* borrowed */
	struct resolve *resolving;
	unsigned name;      /* in plan->hosts: the one that is, or was, resolved */
	struct addr *addrs; /* of it; owned */
	unsigned count, at; /* at: behind the one that is asked */
	struct addr kept;   /* that served last; len 0: none */
	unsigned kept_name; /* which name it was of */
	bool kept_tried;    /* it came first in this round */
	bool kept_now;      /* it is the one that is asked */
	bool alone;         /* there is one name, with one address, as last resolved */
	char why[ERR_REASON_SIZE]; /* why a name has no address; "" */
	/* Addresses of a name were found: whoever must know may take them. May be NULL. */
	void (*found_h)(void *arg, const struct resolve_answer *answer);
	register_place_h *h;
	void *arg;
};

/* A round begins: H gets the first address, perhaps before this returns. */
void register_place_begin(struct register_place *place);
/* The next one, likewise. */
void register_place_next(struct register_place *place);
/* Whether another address may be left in this round. */
bool register_place_has_more(const struct register_place *place);
/* The name that the address of now is of: for a Route. */
const char *register_place_host(const struct register_place *place);
/* ADDRESS, the one of now, served: it comes first from now on. */
void register_place_keep(struct register_place *place, const struct addr *address);
/* Ends what is under way; H is not called any more. What served is remembered. */
void register_place_stop(struct register_place *place);
