#include "replay/world.h"

#include "base/clock.h"
#include "base/loop.h"

#include <string.h>

int world_open(struct world *ret, struct config *config)
{
	int err;

	*ret = (struct world){.config = config};
	err = loop_new(&ret->loop, clock_real());
	if (!err)
		err = trunks_new(&ret->trunks, ret->loop, NULL);
	return err ? err : trunks_plan(ret->trunks, config);
}

void world_close(struct world *world)
{
	trunks_free(world->trunks);
	if (world->loop)
		loop_free(world->loop);
	config_unref(world->config);
	memset(world, 0, sizeof(*world));
}
