/*
 * How who observes is told of the packets of a path, in clear: as they were received, after they were opened, and as they are
 * sent, before they are sealed. Most go on as they came but for their numbers, and are told once for both. The worker's thread.
 */
#pragma once

#include "media/path.h"

/* Of one packet on its way. */
struct path_tapped {
	bool wanted; /* else nothing below counts */
	bool told;   /* as received; else HEAD is how it began */
	size_t len;
	uint8_t head[TAP_HEAD];
};

/* Whether he wants a packet of KIND: its call's media is captured, or it is RTCP and that of all calls is wanted. */
static inline bool path_tap_wants(
	const struct path *path, const struct path_batch *batch, enum path_channel kind)
{
	const struct tap *tap = batch->tap;

	if (!tap || !tap->packet_h)
		return false;
	return path->whose->tapped ||
	       (kind == PATH_RTCP &&
		       atomic_load_explicit(&tap->rtcp, memory_order_relaxed));
}

/* IN, of which LEN bytes are left, was received and goes on, where it is wanted. */
void path_tap_received(struct path_tapped *tapped, const struct path *path,
	const struct path_batch *batch, const struct path_in *in, enum path_channel kind,
	size_t len);
/* The LEN bytes that stand in its place are sent. */
void path_tap_sent(struct path_tapped *tapped, const struct path *path,
	const struct path_batch *batch, const struct path_in *in,
	const struct path_out *out, size_t len);
/* Nothing is, after all. */
void path_tap_kept(struct path_tapped *tapped, const struct path *path,
	const struct path_batch *batch, const struct path_in *in);
/* A packet of our own is sent. */
void path_tap_own(const struct path *path, const struct path_batch *batch,
	const struct path_out *out, const uint8_t *data, size_t len);
