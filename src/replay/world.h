/*
 * One configuration, in which calls are asked for their way: nothing of it is connected, and all far ends are
 * up. One thread.
 */
#pragma once

#include "config/config.h"
#include "trunk/trunk.h"

struct world {
	struct config *config; /* owned reference */
	struct loop *loop;     /* which never turns: it has the time */
	struct trunks *trunks;
};

/* Takes over the reference to CONFIG, also on failure. RET is for world_close() in any case. 0 or negative. */
int world_open(struct world *ret, struct config *config);
void world_close(struct world *world); /* a zeroed one is fine */
