/* What rules and dial plans make of the numbers of a call, step by step, in JSON. Loop thread. */
#pragma once

#include "bridge/party.h"
#include "trunk/number.h"

#include <jansson.h>

/* The changes that SETTINGS make of whom PARTY calls, and of who calls, on that WAY, in their order. */
json_t *number_json(const struct config_numbers *settings, enum number_way way,
	const struct party *party);
