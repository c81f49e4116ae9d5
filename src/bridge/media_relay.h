/*
 * What was agreed on a media line of a leg, as the relay is told it. Loop thread.
 */
#pragma once

#include "bridge/leg.h"
#include "media/relay.h"

/* Sets stream INDEX on the side of LEG by TERMS. 0, or what relay_stream_set() returns. */
int media_relay_set(struct relay_session *session, unsigned index, const struct leg *leg,
	const struct stream_terms *terms);
