/*
 * The limits of a trunk, or of all calls, with what of them is in use, as answers have them. Loop thread.
 */
#pragma once

#include "trunk/limit.h"

#include <jansson.h>

/* One object for each limit that calls in both directions have: {limit, used, most, reached}. MOST is null
 * where it is unlimited. */
json_t *limit_json(const struct limit_question *question);
