/* Streams that go on in another process. */
#include "media/outgoing.h"

#include "media/outgoing_priv.h"

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
	SAVED_FIELD(struct outgoing_stream, follows),
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

/* Each knows its place, which is not written; and what it names is there, or none. */
static int place(struct outgoing *outgoing)
{
	const unsigned streams = outgoing_stream_count(outgoing);
	const unsigned sources = source_count(outgoing);

	for (unsigned i = 0; i < streams; i++) {
		struct outgoing_stream *stream = stream_at(outgoing, i);

		stream->index = (uint8_t)i;
		if (stream->source >= sources && stream->source != OUTGOING_NONE)
			return ERR_FORMAT;
	}
	for (unsigned i = 0; i < sources; i++) {
		struct outgoing_source *source = source_at(outgoing, i);

		source->index = (uint8_t)i;
		if (source->stream >= streams && source->stream != OUTGOING_NONE)
			return ERR_FORMAT;
	}
	return outgoing->last < sources && outgoing->latest < streams ? 0 : ERR_FORMAT;
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
