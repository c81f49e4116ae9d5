/*
 * What the payload types of one end mean, as far as its clock goes: what the agreed SDP says
 * (struct relay_remote), else RFC 3551. Owned by the worker of the line.
 */
#pragma once

#include "media/outgoing.h"
#include "media/relay.h"

struct format {
	uint8_t type;
	/* Beside the codec: telephone-events, comfort noise, redundancy. */
	bool aside;
	struct outgoing_clock clock;
};

/* Zeroed: nothing was told. */
struct formats {
	unsigned count;
	struct relay_format told[RELAY_FORMATS];
	bool looked; /* LATEST counts */
	struct format latest;
};

/* What REMOTE tells takes the place of what was told before. */
void formats_set(struct formats *formats, const struct relay_remote *remote);
/* That of payload TYPE; stands until the next call. */
const struct format *formats_find(struct formats *formats, uint8_t type);
