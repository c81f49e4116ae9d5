/*
 * The export of calls to a collector, as status shows it. Loop thread.
 */
#pragma once

#include "hep/hep.h"

#include <jansson.h>

/* null where HEP exports nothing, or is NULL. */
json_t *hep_json(const struct hep *hep);
