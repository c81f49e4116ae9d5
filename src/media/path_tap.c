#include "media/path_tap.h"

void path_tap(const struct path_end *end, const struct path_batch *batch,
	const struct path_in *in, enum path_channel kind, size_t len)
{
	const struct tap_packet packet = {
		.call = in->call,
		.mono_us = batch->now_us,
		.worker = batch->worker,
		.end = in->end,
		.captured = in->tapped,
		.rtcp = kind == PATH_RTCP,
		.source = *in->source,
		.destination = end->local[in->channel],
		.data = in->data,
		.len = len,
	};

	batch->tap->packet_h(batch->tap->arg, &packet);
}
