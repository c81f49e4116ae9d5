#include "bridge/stream.h"

#include "base/secret.h"

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

void stream_drop_next(struct stream *stream)
{
	drop_offered(stream);
	secret_wipe_bytes(&stream->next, sizeof(stream->next));
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
	return stream->next.set ? &stream->next : &stream->now;
}
