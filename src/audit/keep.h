/*
 * How long captures are kept: what [audit] says of all, and [capture] of a gateway's. Immutable, with a count of references, so
 * that a reload gives the audit thread another one. Any thread.
 */
#pragma once

#include "base/span.h"
#include "config/config.h"

#include <stddef.h>
#include <stdint.h>

/* Of one gateway's captures. */
struct keep_rule {
	char *trunk;         /* "trunk carrier-a" */
	uint64_t keep_us;    /* since something was last written to one; 0: for good */
	uint64_t keep_bytes; /* of all of its together; 0: no limit */
};

struct keep {
	unsigned refs; /* atomic */
	/* of captures of no gateway, and of all together */
	uint64_t keep_us, keep_bytes;
	unsigned disk_low, disk_critical; /* per cent free; 0: off */
	/* of each gateway where one has others than all; in order of their names */
	struct keep_rule *rules;
	size_t rule_count;
};

/* NULL: out of memory. One reference. */
struct keep *keep_load(const struct config *config);
struct keep *keep_ref(struct keep *keep);
void keep_unref(struct keep *keep); /* NULL is fine */

/* The rule of TRUNK; its place in rules, or rule_count: there is none. */
size_t keep_find(const struct keep *keep, struct span trunk);
/* The shortest time of all; 0: everything is kept for good. */
uint64_t keep_shortest_us(const struct keep *keep);
/* Whether there is a limit of bytes. */
bool keep_has_size(const struct keep *keep);
