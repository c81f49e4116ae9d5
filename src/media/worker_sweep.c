#include "media/worker_priv.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/queue.h"
#include "media/io.h"

#define MODULE "media"

/* Changes of SSRC at one end of a line that are worth a line in the log. */
#define SSRCS_TOLD 8

static void sweep_end(
	struct worker *worker, struct worker_session *session, enum relay_end end)
{
	uint64_t timeout_us =
		atomic_load_explicit(&session->timeout_us, memory_order_relaxed);
	struct worker_event event = {.type = WORKER_SILENT,
		.latched = {.call = session->whose.call, .end = end}};
	uint64_t since_us = 0, stream_us;
	bool awaited = false;

	LIST_FOREACH (&session->streams, node, next) {
		struct worker_stream *stream =
			LIST_ENTRY(node, struct worker_stream, node);

		if (!path_awaits(&stream->path, end, &stream_us))
			continue;
		awaited = true;
		if (stream_us > since_us)
			since_us = stream_us;
	}
	/* Heard, or put on hold, since it was last told. */
	if (!awaited || since_us != session->told_since_us[end])
		session->told[end] = false;
	if (!awaited || timeout_us == 0 || session->told[end] ||
		worker->now_us - since_us < timeout_us)
		return;
	/* When the loop does not read its events, the next sweep tries again. */
	if (queue_push(worker->events, &event, sizeof(event), NULL, 0) != 0)
		return;
	session->told[end] = true;
	session->told_since_us[end] = since_us;
}

/* Digits whose end was lost, and no packet came since to find that out. */
static void expire_digits(struct worker *worker, struct worker_session *session)
{
	LIST_FOREACH (&session->streams, node, next) {
		struct worker_stream *stream =
			LIST_ENTRY(node, struct worker_stream, node);

		path_expire(&stream->path, worker->now_us);
		if (stream->path.due)
			worker_tell(worker, stream);
	}
}

/* Reports toward an end for which the other makes none, once a second at most. */
static void report_streams(struct worker *worker, struct worker_session *session)
{
	const struct path_batch batch = {
		.now_us = worker->now_us,
		.wall_us = clock_real()->wall_us(clock_real()),
		.worker = worker->index,
		.tap = worker->tap,
	};
	struct path_out out;

	LIST_FOREACH (&session->streams, node, next) {
		struct worker_stream *stream =
			LIST_ENTRY(node, struct worker_stream, node);

		for (unsigned end = 0; end < 2; end++)
			if (path_report(&stream->path, (enum relay_end)end, &batch,
				    worker->own, &out)) {
				worker_send(stream, worker->own, &out);
				io_flush(worker->io);
			}
	}
}

/* The far end hears nothing of it, but it is seldom meant: told when it doubles. */
static void tell_ssrcs(struct worker_session *session)
{
	char from[ADDR_TEXT_SIZE];

	LIST_FOREACH (&session->streams, node, next) {
		struct worker_stream *stream =
			LIST_ENTRY(node, struct worker_stream, node);

		for (unsigned end = 0; end < 2; end++) {
			const struct path_end *path = &stream->path.end[end];
			uint32_t changes = path->quality.ssrc_changes;
			uint32_t *told = &stream->told_ssrcs[end];

			if (changes < SSRCS_TOLD || changes < 2 * *told)
				continue;
			*told = changes;
			log_info(MODULE,
				"call=%s event=ssrc-changes remote=%s changes=%u",
				session->id, addr_text(&path->remote.to[PATH_RTP], from),
				changes);
		}
	}
}

void sweep(struct worker *worker)
{
	LIST_FOREACH (&worker->sessions, node, next) {
		struct worker_session *session =
			LIST_ENTRY(node, struct worker_session, node);

		for (unsigned end = 0; end < 2; end++)
			sweep_end(worker, session, (enum relay_end)end);
		expire_digits(worker, session);
		report_streams(worker, session);
		tell_ssrcs(session);
	}
}
