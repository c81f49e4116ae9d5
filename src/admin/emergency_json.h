/*
 * Emergency calls in an answer. Loop thread.
 */
#pragma once

#include <jansson.h>

struct bridge_emergencies;

/* An object with a number for each of COUNTS. A new reference, or NULL without memory. */
json_t *emergency_json(const struct bridge_emergencies *counts);
