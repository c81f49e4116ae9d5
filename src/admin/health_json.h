/*
 * The health of a trunk or server as an answer has it: a row for each address that its names have now, and
 * for each name that has none. Pure.
 */
#pragma once

#include <jansson.h>

struct trunk;
struct verbs_context;

/*
 * [{"name", "address", "state", "since", "why", "until", "last_status", "last_answer", "round_trip_us",
 * "transport", "tls", "sip", "calls"}]; the last four, of its layers: "good", "bad", or "unknown".
 */
json_t *health_json(const struct verbs_context *context, const struct trunk *trunk);
