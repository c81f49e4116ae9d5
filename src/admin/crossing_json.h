/*
 * What of statuses, reasons and headers would cross in a call, as `route test` tells it. Loop thread.
 */
#pragma once

#include "config/config.h"

#include <jansson.h>

/*
 * Of a call of CALLER (NULL: of anybody) to TARGET: the rules for what TARGET refuses with, and for what CALLER then
 * hears; TARGET's reason; and the rules of both for the headers of the INVITE: names that pass, names that are dropped,
 * lines that are added.
 */
json_t *crossing_json(
	const struct config_trunk *caller, const struct config_trunk *target);
