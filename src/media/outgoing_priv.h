/* The places of a sender's streams and sources: the first few are its own, the others have memory of
 * their own once they are needed. */
#pragma once

#include "media/outgoing.h"

static inline struct outgoing_stream *stream_at(struct outgoing *outgoing, unsigned index)
{
	return index < OUTGOING_FEW_STREAMS
		       ? &outgoing->streams[index]
		       : &outgoing->more->streams[index - OUTGOING_FEW_STREAMS];
}

static inline struct outgoing_source *source_at(struct outgoing *outgoing, unsigned index)
{
	return index < OUTGOING_FEW_SOURCES
		       ? &outgoing->sources[index]
		       : &outgoing->more->sources[index - OUTGOING_FEW_SOURCES];
}

static inline unsigned source_count(const struct outgoing *outgoing)
{
	return outgoing->more ? OUTGOING_SOURCES : OUTGOING_FEW_SOURCES;
}
