/*
 * One row of the protection report: one kind of traffic of one server or trunk. Loop thread.
 */
#pragma once

#include "admin/tally.h"
#include "trunk/trunk.h"

#include <jansson.h>
#include <time.h>

/* What was counted of PARTY, NULL for nothing. NAME: "trunk carrier-a", or "total". What is demanded
 * and excepted is empty. */
json_t *protection_row(
	const struct tally_party *party, enum tally_kind kind, const char *name);
/* How the traffic of KIND is to be protected toward TRUNK: "SRTP", "mutual TLS 1.2, modern ciphers", or else "none".
 * Static, or OUT. */
const char *protection_required(
	const struct trunk *trunk, enum tally_kind kind, char *out, size_t size);
/* Adds what the configuration says of TRUNK. */
void protection_row_demand(
	json_t *row, const struct trunk *trunk, enum tally_kind kind, time_t now);
