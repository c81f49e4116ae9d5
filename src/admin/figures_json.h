/* The figures of a trunk or server as an answer has them. Pure. */
#pragma once

#include <jansson.h>

struct trunk;
struct verbs_context;

/*
 * {"last_hour": {...}, "since_reset": {...}, "reset_at": ...}: attempts, answered, asr_percent, ner_percent,
 * acd_us, pdd_median_us, pdd_mean_us, pdd_p95_us; null where there is nothing to divide by.
 */
json_t *figures_json(const struct verbs_context *context, const struct trunk *trunk);
