/* Streams that go on in another process. */
#include "media/outgoing.h"

/* Not written of struct outgoing_source: index (its place says it). */
static const struct saved_field source_fields[] = {
	SAVED_FIELD(struct outgoing_source, ssrc),
	SAVED_FIELD(struct outgoing_source, stream),
	SAVED_FIELD(struct outgoing_source, mapped),
	SAVED_FIELD(struct outgoing_source, late_run),
	SAVED_FIELD(struct outgoing_source, late_next),
	SAVED_FIELD(struct outgoing_source, seq_offset),
	SAVED_FIELD(struct outgoing_source, timestamp_offset),
	SAVED_FIELD(struct outgoing_source, highest),
	SAVED_FIELD(struct outgoing_source, timestamp),
	SAVED_FIELD(struct outgoing_source, step),
	SAVED_TIME(struct outgoing_source, newest_us),
	SAVED_TIME(struct outgoing_source, since_us),
	SAVED_TIME(struct outgoing_source, heard_us),
	SAVED_END,
};

/* Not written of struct outgoing_stream: index (its place says it); ssrc, packets, octets, lost_now,
 * lost_base (an SSRC begins anew, and what is counted under it). */
static const struct saved_field stream_fields[] = {
	SAVED_FIELD(struct outgoing_stream, source),
	SAVED_FIELD(struct outgoing_stream, started),
	SAVED_FIELD(struct outgoing_stream, broken),
	SAVED_FIELD(struct outgoing_stream, rate),
	SAVED_FIELD(struct outgoing_stream, highest),
	SAVED_FIELD(struct outgoing_stream, base),
	SAVED_LIST(struct outgoing_stream, window, SAVED_IS_UINT, NULL),
	SAVED_FIELD(struct outgoing_stream, timestamp),
	SAVED_FIELD(struct outgoing_stream, step),
	SAVED_TIME(struct outgoing_stream, sent_us),
	SAVED_END,
};

static const struct saved_field more_fields[] = {
	SAVED_LIST(struct outgoing_more, streams, SAVED_IS_STRUCT, stream_fields),
	SAVED_LIST(struct outgoing_more, sources, SAVED_IS_STRUCT, source_fields),
	SAVED_END,
};

/* Not written of struct outgoing: random (another one). */
static const struct saved_field fields[] = {
	SAVED_LIST(struct outgoing, streams, SAVED_IS_STRUCT, stream_fields),
	SAVED_LIST(struct outgoing, sources, SAVED_IS_STRUCT, source_fields),
	SAVED_OWNED(struct outgoing, more, 1, more_fields),
	SAVED_BELOW(struct outgoing, last, OUTGOING_SOURCES),
	SAVED_BELOW(struct outgoing, latest, OUTGOING_STREAMS),
	SAVED_FIELD(struct outgoing, reporter),
	SAVED_END,
};

int outgoing_save(const struct outgoing *outgoing, struct saved to)
{
	return saved_put(to, fields, outgoing);
}

/* Each knows its place, which is not written; what it names is one of COUNT, or none. */
static int place_streams(
	struct outgoing_stream *streams, unsigned count, unsigned first, unsigned sources)
{
	for (unsigned i = 0; i < count; i++) {
		streams[i].index = (uint8_t)(first + i);
		if (streams[i].source >= sources && streams[i].source != OUTGOING_NONE)
			return ERR_FORMAT;
	}
	return 0;
}

static int place_sources(
	struct outgoing_source *sources, unsigned count, unsigned first, unsigned streams)
{
	for (unsigned i = 0; i < count; i++) {
		sources[i].index = (uint8_t)(first + i);
		if (sources[i].stream >= streams && sources[i].stream != OUTGOING_NONE)
			return ERR_FORMAT;
	}
	return 0;
}

static int place(struct outgoing *outgoing)
{
	const unsigned streams = outgoing_stream_count(outgoing);
	const unsigned sources = outgoing->more ? OUTGOING_SOURCES : OUTGOING_FEW_SOURCES;
	struct outgoing_more *more = outgoing->more;
	int err = place_streams(outgoing->streams, OUTGOING_FEW_STREAMS, 0, sources);

	if (!err)
		err = place_sources(outgoing->sources, OUTGOING_FEW_SOURCES, 0, streams);
	if (!err && more)
		err = place_streams(more->streams,
			OUTGOING_STREAMS - OUTGOING_FEW_STREAMS, OUTGOING_FEW_STREAMS,
			sources);
	if (!err && more)
		err = place_sources(more->sources,
			OUTGOING_SOURCES - OUTGOING_FEW_SOURCES, OUTGOING_FEW_SOURCES,
			streams);
	if (outgoing->last >= sources || outgoing->latest >= streams)
		err = ERR_FORMAT;
	return err;
}

int outgoing_load(struct outgoing *outgoing, struct saved from, struct err_text *error)
{
	struct outgoing loaded = {.random = outgoing->random};
	int err = saved_take(from, fields, &loaded, error);

	if (!err && place(&loaded))
		err = err_set(error, ERR_FORMAT, "it names a stream that there is not");
	if (err) {
		outgoing_clear(&loaded);
		return err;
	}
	outgoing_clear(outgoing);
	*outgoing = loaded;
	outgoing_renew(outgoing);
	return 0;
}
