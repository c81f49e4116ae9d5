/*
 * What the files of the trunks share: trunk.c, a configuration taken into use; trunk_addresses.c, where plain
 * gateways are; trunk_ask.c, who is who. Not for others. Loop thread.
 */
#pragma once

#include "base/loop.h"
#include "trunk/registration.h"
#include "trunk/route.h"
#include "trunk/side.h"
#include "trunk/sources.h"

struct trunks {
	struct loop *loop;
	struct resolver *resolver;
	struct trunk_side sides[2]; /* by enum trunk_kind */
	struct trunk **retired;     /* left the configuration, but their calls go on */
	unsigned retired_count;
	struct sources *sources; /* plain gateways by address */
	struct routes *routes;   /* of the configuration; NULL before the first */
	struct health_world health_world;
	struct registrations *registrations;
	struct timer refresh;
};

time_t trunks_wall(const struct trunks *trunks); /* now */
/* Files TRUNK by the addresses that it has. Without memory a plain gateway is not heard, which is said. */
void trunks_file(struct trunks *trunks, struct trunk *trunk);
/* Looks the names of plain gateways up again. True: of one of them no address is known yet. */
bool trunks_resolve(struct trunks *trunks);
