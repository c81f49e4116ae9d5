/*
 * Settings of a server or trunk that allow less than the rules ask for. Loop thread.
 */
#pragma once

#include "admin/tally.h"
#include "trunk/trunk.h"

#include <jansson.h>
#include <stdbool.h>
#include <time.h>

/* Those about one kind of traffic: [{"setting", "allows", "reason", "until", "state"}], state
 * "documented", "undocumented" (no reason or no end) or "expired". Plain SIP and RTP toward a
 * gateway are among them, though nothing forbids them. */
json_t *exception_list(const struct trunk *trunk, enum tally_kind kind, time_t now);
/* Whether the day of ENTRY of such a list has come. */
bool exception_is_over(const json_t *entry);
