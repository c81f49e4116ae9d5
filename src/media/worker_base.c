/* What the files of the worker build on. The worker's thread. */
#include "media/worker_priv.h"

#include "base/queue.h"

void worker_send(
	struct worker_stream *stream, const uint8_t *data, const struct path_out *out)
{
	struct worker *worker = stream->session->worker;
	struct io_port *port = &stream->port[out->end][out->channel].io;
	bool sent = io_send(worker->io, port, data, out->len, out->to) == 0;

	path_sent(&stream->path, out, sent);
	if (sent)
		atomic_store_explicit(&worker->packets,
			atomic_load_explicit(&worker->packets, memory_order_relaxed) + 1,
			memory_order_relaxed);
}

/* When the loop does not read its events, the next packet tries again. */
static void tell_latched(struct worker *worker, struct worker_stream *stream)
{
	struct path_latched *latched = &stream->path.latched;
	struct worker_event event = {.type = WORKER_LATCHED,
		.latched = {.call = stream->session->whose.call,
			.end = latched->end,
			.rtcp = latched->channel == PATH_RTCP,
			.from = latched->from,
			.to = stream->path.end[latched->end]
				      .remote.to[latched->channel]}};

	latched->due = queue_push(worker->events, &event, sizeof(event), NULL, 0) != 0;
}

/* A digit that the loop has no room for is lost: it would come too late. */
static void tell_digits(struct worker *worker, struct worker_stream *stream)
{
	struct path_dtmf *dtmf = stream->path.dtmf;

	if (!dtmf)
		return;
	for (unsigned i = 0; i < dtmf->ended_count; i++) {
		struct worker_event event = {.type = WORKER_DIGIT,
			.digit = {.call = stream->session->whose.call,
				.end = dtmf->end,
				.digit = dtmf->ended[i]}};

		if (queue_push(worker->events, &event, sizeof(event), NULL, 0) != 0)
			dtmf->reader.lost++;
	}
	dtmf->ended_count = 0;
}

void worker_tell(struct worker *worker, struct worker_stream *stream)
{
	if (stream->path.latched.due)
		tell_latched(worker, stream);
	tell_digits(worker, stream);
	stream->path.due = stream->path.latched.due;
}
