/*
 * What keeps trunks and servers in service by itself, between calls: each agent here sends requests
 * of its own, by the connections and transactions that calls use, so that it finds out about
 * those. Loop thread; server.c makes one, and so does the stage of scenarios.
 */
#pragma once

#include "bridge/bridge.h"
#include "sip/resolve.h"
#include "trunk/trunk.h"

struct upkeep;

/* All borrowed; they outlive it, and the bridge has its transports. */
struct upkeep_params {
	struct timers *timers;
	struct bridge *bridge;
	struct trunks *trunks;
	struct resolver *resolver;
};

/* 0 or -ENOMEM. Nothing is done before upkeep_apply(). */
int upkeep_new(struct upkeep **ret, const struct upkeep_params *params);
/* Ends what is under way, without a word to the far ends. Before the bridge is freed. NULL is fine. */
void upkeep_free(struct upkeep *upkeep);

/* The trunks were changed: from now on each is kept up as its present settings say. */
void upkeep_apply(struct upkeep *upkeep);

/* The server ends: what is registered anywhere is removed there. It is not registered again. */
void upkeep_leave(struct upkeep *upkeep);
/* Whether such a removal has no answer yet. */
bool upkeep_is_leaving(const struct upkeep *upkeep);
