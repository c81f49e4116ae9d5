#include "upkeep/upkeep.h"

#include "upkeep/keepalive.h"
#include "upkeep/ping.h"
#include "upkeep/register.h"

#include <errno.h>
#include <stdlib.h>

struct upkeep {
	struct pings *pings;
	struct keepalives *keepalives;
	struct registers *registers;
};

int upkeep_new(struct upkeep **ret, const struct upkeep_params *params)
{
	struct upkeep *upkeep = calloc(1, sizeof(*upkeep));
	int err;

	if (!upkeep)
		return -ENOMEM;
	err = pings_new(&upkeep->pings, params);
	if (!err)
		err = keepalives_new(&upkeep->keepalives, params);
	if (!err)
		err = registers_new(&upkeep->registers, params);
	if (err) {
		upkeep_free(upkeep);
		return err;
	}
	*ret = upkeep;
	return 0;
}

void upkeep_free(struct upkeep *upkeep)
{
	if (!upkeep)
		return;
	registers_free(upkeep->registers);
	keepalives_free(upkeep->keepalives);
	pings_free(upkeep->pings);
	free(upkeep);
}

void upkeep_apply(struct upkeep *upkeep)
{
	pings_apply(upkeep->pings);
	keepalives_apply(upkeep->keepalives);
	registers_apply(upkeep->registers);
}

void upkeep_leave(struct upkeep *upkeep)
{
	registers_leave(upkeep->registers);
}

bool upkeep_is_leaving(const struct upkeep *upkeep)
{
	return registers_are_leaving(upkeep->registers);
}
