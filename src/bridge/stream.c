#include "bridge/stream.h"

#include "base/secret.h"

#include <errno.h>
#include <stdlib.h>

struct stream *stream_new(void)
{
	return calloc(1, sizeof(struct stream));
}

static void drop_offered(struct stream *stream)
{
	for (unsigned i = 0; i < stream->offered_count; i++)
		sdes_wipe(&stream->offered[i]);
	free(stream->offered);
	stream->offered = NULL;
	stream->offered_count = 0;
}

int stream_make_next(struct stream *stream)
{
	if (!stream->next)
		stream->next = calloc(1, sizeof(*stream->next));
	return stream->next ? 0 : -ENOMEM;
}

void stream_clear_next(struct stream *stream)
{
	drop_offered(stream);
	secret_wipe_bytes(stream->next, sizeof(*stream->next));
}

void stream_drop_next(struct stream *stream)
{
	drop_offered(stream);
	secret_free(stream->next, sizeof(*stream->next));
	stream->next = NULL;
}

bool stream_is_offered(const struct stream *stream)
{
	return stream->next && stream->next->set;
}

void stream_free(struct stream *stream)
{
	if (!stream)
		return;
	stream_drop_next(stream);
	secret_wipe_bytes(stream, sizeof(*stream));
	free(stream);
}

void stream_keep_offered(struct stream *stream, const struct sdes_crypto *ours)
{
	if (!stream->offered_count)
		return;
	for (unsigned i = 0; i < stream->offered_count; i++)
		sdes_wipe(&stream->offered[i]);
	stream->offered[0] = *ours;
	stream->offered_count = 1;
}

struct stream_terms *stream_in_force(struct stream *stream)
{
	return stream_is_offered(stream) ? stream->next : &stream->now;
}

/* ---- what outlives the process ---- */

static const struct saved_field codec_fields[] = {
	SAVED_TEXT(struct stream_codec, name),
	SAVED_FIELD(struct stream_codec, rate),
	SAVED_FIELD(struct stream_codec, type),
	SAVED_END,
};

static const struct saved_field terms_fields[] = {
	SAVED_FIELD(struct stream_terms, set),
	SAVED_FIELD(struct stream_terms, secure),
	SAVED_BELOW(struct stream_terms, proto, SDP_PROTO_UDPTL + 1),
	SAVED_STRUCT(struct stream_terms, ours, sdes_fields),
	SAVED_STRUCT(struct stream_terms, theirs, sdes_fields),
	SAVED_FIELD(struct stream_terms, rtp),
	SAVED_FIELD(struct stream_terms, rtcp),
	SAVED_LIST(struct stream_terms, payload_types, SAVED_IS_UINT, NULL),
	SAVED_STRUCT(struct stream_terms, codec, codec_fields),
	SAVED_STRUCT(struct stream_terms, dtmf, dtmf_terms_fields),
	SAVED_FIELD(struct stream_terms, mux),
	SAVED_FIELD(struct stream_terms, hold_address),
	SAVED_BELOW(struct stream_terms, direction, SDP_INACTIVE + 1),
	SAVED_END,
};

/* Not written of struct stream: next, offered, offered_count, demanded (of an outstanding offer); after (what
 * was sent is the other process's). */
static const struct saved_field stream_fields[] = {
	SAVED_STRUCT(struct stream, now, terms_fields),
	SAVED_FIELD(struct stream, secured),
	SAVED_END,
};

int stream_save(const struct stream *stream, struct saved to)
{
	return saved_put(to, stream_fields, stream);
}

int stream_load(struct stream *stream, struct saved from, struct err_text *error)
{
	return saved_take(from, stream_fields, stream, error);
}
