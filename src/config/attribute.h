/*
 * Names of SDP attributes that a setting may not let across. Any thread.
 */
#pragma once

#include "base/span.h"

#include <stdbool.h>

/*
 * Whether NAME, in any case of letters, belongs to one hop: it carries or refers to keys,
 * addresses, ports, ICE, streams, capabilities or preconditions of the other side, or is written
 * by us. Such an attribute never crosses.
 */
bool attribute_is_of_hop(struct span name);
