/*
 * The pools of ports of one relay: one for each local address that media may use (ports.h).
 * Sides, servers and gateways with the same address share one. Loop thread.
 */
#pragma once

#include "base/err.h"
#include "base/list.h"
#include "media/ports.h"

struct pools {
	struct list list;
	struct ports_params params; /* of each, its address apart */
};

void pools_init(struct pools *pools, const struct ports_params *params);
void pools_free(struct pools *pools);

/* Whether sockets can be bound to ADDRESS at all: better known at start than at a call. 0,
 * ERR_CONFIG or a negated errno, with TEXT. */
int pools_check(const struct addr *address, struct err_text *text);
/* Adds that of ADDRESS unless there is one. 0, or negative with TEXT. */
int pools_add(struct pools *pools, const struct addr *address, struct err_text *text);
/* That of ADDRESS, its port apart, or NULL. It lives as long as the pools. */
struct ports *pools_find(const struct pools *pools, const struct addr *address);

/* Pairs in all of them. */
struct pools_count {
	uint64_t used, total;
	uint64_t early; /* see ports_early() */
};
struct pools_count pools_count(const struct pools *pools);
