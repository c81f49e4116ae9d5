/*
 * How who observes is told of a packet that goes on: after it was opened, before it is translated. The worker's thread.
 */
#pragma once

#include "media/path.h"

/* Whether he wants the packet IN, of KIND: its call's media is captured, or it is RTCP and that of all calls is wanted. */
static inline bool path_tap_wants(
	const struct path_batch *batch, const struct path_in *in, enum path_channel kind)
{
	const struct tap *tap = batch->tap;

	if (!tap || !tap->packet_h)
		return false;
	return in->tapped || (kind == PATH_RTCP && atomic_load_explicit(&tap->rtcp,
							   memory_order_relaxed));
}

/* Tells him. LEN bytes are left of IN, in clear, as received at END. */
void path_tap(const struct path_end *end, const struct path_batch *batch,
	const struct path_in *in, enum path_channel kind, size_t len);
