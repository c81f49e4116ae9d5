#include "media/path_tap.h"

#include "media/rtp.h"

#include <string.h>

static void tell(const struct path_batch *batch, const struct tap_packet *packet)
{
	batch->tap->packet_h(batch->tap->arg, packet);
}

/* By what either end said of the type: digits are carried by the number that one of them has. */
static bool is_event(const struct path *path, const uint8_t *data, size_t len)
{
	for (unsigned end = 0; end < 2 && len >= 2; end++) {
		const struct formats *formats = &path->end[end].formats;

		for (unsigned i = 0; i < formats->count; i++)
			if (formats->told[i].event &&
				formats->told[i].type == rtp_type(data))
				return true;
	}
	return path->dtmf && len >= 2 && dtmf_format(&path->dtmf->terms, rtp_type(data));
}

static void tell_received(const struct path *path, const struct path_batch *batch,
	const struct path_in *in, bool rtcp, size_t len, const struct tap_onward *onward)
{
	tell(batch, &(const struct tap_packet){
			    .call = path->whose->call,
			    .mono_us = batch->now_us,
			    .worker = batch->worker,
			    .end = in->end,
			    .captured = path->whose->tapped,
			    .rtcp = rtcp,
			    .event = !rtcp && is_event(path, in->data, len),
			    .onward = onward,
			    .source = *in->source,
			    .destination = path->end[in->end].local[in->channel],
			    .data = in->data,
			    .len = len,
		    });
}

void path_tap_received(struct path_tapped *tapped, const struct path *path,
	const struct path_batch *batch, const struct path_in *in, enum path_channel kind,
	size_t len)
{
	/* reports are translated, and of digits others may stand in its place */
	const bool differs = kind == PATH_RTCP || path->dtmf;

	tapped->len = len;
	tapped->told = differs;
	if (!differs) {
		memcpy(tapped->head, in->data, len < TAP_HEAD ? len : TAP_HEAD);
		return;
	}
	tell_received(path, batch, in, kind == PATH_RTCP, len, NULL);
	/* of calls that are not captured nobody wants more */
	tapped->wanted = path->whose->tapped;
}

void path_tap_own(const struct path *path, const struct path_batch *batch,
	const struct path_out *out, const uint8_t *data, size_t len)
{
	if (!path_tap_wants(path, batch, PATH_RTP))
		return;
	tell(batch, &(const struct tap_packet){
			    .call = path->whose->call,
			    .mono_us = batch->now_us,
			    .worker = batch->worker,
			    .end = out->end,
			    .sent = true,
			    .captured = true,
			    .event = out->kind == PATH_RTP && is_event(path, data, len),
			    .source = path->end[out->end].local[out->channel],
			    .destination = *out->to,
			    .data = data,
			    .len = len,
		    });
}

/* For as long as it is told, it stands there as it came. */
void path_tap_sent(struct path_tapped *tapped, const struct path *path,
	const struct path_batch *batch, const struct path_in *in,
	const struct path_out *out, size_t len)
{
	const size_t head = len < TAP_HEAD ? len : TAP_HEAD;
	struct tap_onward onward = {.source = path->end[out->end].local[out->channel],
		.destination = *out->to,
		.end = (uint8_t)out->end,
		.head_len = (uint8_t)head};

	if (tapped->told) {
		path_tap_own(path, batch, out, in->data, len);
		return;
	}
	memcpy(onward.head, in->data, head);
	memcpy(in->data, tapped->head, head);
	tell_received(path, batch, in, false, len, &onward);
	memcpy(in->data, onward.head, head);
	tapped->told = true;
}

void path_tap_kept(struct path_tapped *tapped, const struct path *path,
	const struct path_batch *batch, const struct path_in *in)
{
	if (tapped->told)
		return;
	memcpy(in->data, tapped->head, tapped->len < TAP_HEAD ? tapped->len : TAP_HEAD);
	tell_received(path, batch, in, false, tapped->len, NULL);
}
