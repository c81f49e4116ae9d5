/* What the formats of a media line stand for: by rtpmap, or by the static payload types. */
#include "sdp/fields.h"
#include "sdp/sdp_priv.h"

/* RFC 3551, tables 4 and 5. */
static const char *const static_codecs[] = {
	[0] = "PCMU",
	[3] = "GSM",
	[4] = "G723",
	[5] = "DVI4",
	[6] = "DVI4",
	[7] = "LPC",
	[8] = "PCMA",
	[9] = "G722",
	[10] = "L16",
	[11] = "L16",
	[12] = "QCELP",
	[13] = "CN",
	[14] = "MPA",
	[15] = "G728",
	[16] = "DVI4",
	[17] = "DVI4",
	[18] = "G729",
	[25] = "CelB",
	[26] = "JPEG",
	[28] = "nv",
	[31] = "H261",
	[32] = "MPV",
	[33] = "MP2T",
	[34] = "H263",
};

bool sdp_format_map(
	const struct sdp *sdp, unsigned media, struct span format, struct span *ret)
{
	unsigned section = sdp_section_of(sdp, (int)media);
	const struct lines *lines = &sdp->lines;
	struct span value, word;

	for (size_t i = lines->start[section]; i < lines->start[section + 1]; i++) {
		const struct line *line = &lines->line[i];

		/* most lines are no such attribute */
		value = line_value(line);
		if (line->type == 'a' && span_starts(value, "rtpmap") &&
			field_is(field_attribute(value, &value), "rtpmap") &&
			field_word(&value, &word) && span_equal(word, format))
			return field_word(&value, ret);
	}
	return false;
}

/* The codec's name in the rtpmap of FORMAT; false when it has none. */
static bool mapped_codec(
	const struct sdp *sdp, unsigned media, struct span format, struct span *ret_name)
{
	struct span map, name;

	if (!sdp_format_map(sdp, media, format, &map) || !span_next(&map, '/', &name) ||
		!name.len)
		return false;
	*ret_name = name;
	return true;
}

bool sdp_format_codec(
	const struct sdp *sdp, unsigned media, struct span format, struct span *ret_name)
{
	uint64_t number;

	if (mapped_codec(sdp, media, format, ret_name))
		return true;
	if (!sdp_proto_is_rtp(sdp_media(sdp, media)->proto) ||
		span_uint(format, sizeof(static_codecs) / sizeof(static_codecs[0]) - 1,
			&number) ||
		!static_codecs[number])
		return false;
	*ret_name = span_of(static_codecs[number]);
	return true;
}

uint32_t sdp_format_rate(const struct sdp *sdp, unsigned media, struct span format)
{
	struct span map, part;
	uint64_t rate;

	if (!sdp_format_map(sdp, media, format, &map) || !span_next(&map, '/', &part) ||
		!span_next(&map, '/', &part) || span_uint(part, SDP_MAX_RATE, &rate))
		return 0;
	return (uint32_t)rate;
}
