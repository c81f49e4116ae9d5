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

/* Whether LINE is the rtpmap of FORMAT; *RET is then what it says, which may be nothing. */
static bool maps(const struct line *line, struct span format, struct span *ret)
{
	struct span value = line_value(line);
	struct span word;

	/* most lines are no such attribute */
	if (line->type != 'a' || !span_starts(value, "rtpmap") ||
		!field_is(field_attribute(value, &value), "rtpmap") ||
		!field_word(&value, &word) || !span_equal(word, format))
		return false;
	if (!field_word(&value, ret))
		*ret = (struct span){NULL, 0};
	return true;
}

bool sdp_format_map(
	const struct sdp *sdp, unsigned media, struct span format, struct span *ret)
{
	unsigned section = sdp_section_of(sdp, (int)media);
	const struct lines *lines = &sdp->lines;
	struct span map;

	for (size_t i = lines->start[section]; i < lines->start[section + 1]; i++) {
		if (!maps(&lines->line[i], format, &map))
			continue;
		if (map.len)
			*ret = map;
		return map.len > 0;
	}
	return false;
}

/* The codec's name in MAP, or the one that FORMAT has by itself on a line of PROTO. */
static bool codec_of(
	struct span map, enum sdp_proto proto, struct span format, struct span *ret_name)
{
	struct span name;
	uint64_t number;

	if (span_next(&map, '/', &name) && name.len) {
		*ret_name = name;
		return true;
	}
	if (!sdp_proto_is_rtp(proto) ||
		span_uint(format, sizeof(static_codecs) / sizeof(static_codecs[0]) - 1,
			&number) ||
		!static_codecs[number])
		return false;
	*ret_name = span_of(static_codecs[number]);
	return true;
}

bool sdp_format_codec(
	const struct sdp *sdp, unsigned media, struct span format, struct span *ret_name)
{
	struct span map = {NULL, 0};

	(void)sdp_format_map(sdp, media, format, &map);
	return codec_of(map, sdp_media(sdp, media)->proto, format, ret_name);
}

/* Takes the first line off *REST. */
static bool next_line(struct span *rest, struct line *ret)
{
	struct span line;

	if (!rest->len || !span_next(rest, '\n', &line))
		return false;
	*ret = (struct line){line.p, (uint16_t)(line.len - 1), line.p[0]}; /* CR */
	return true;
}

/* The protocol and the first format in the value of an m= line. */
static enum sdp_proto read_media(struct span value, struct span *ret_format)
{
	struct span type, port, proto = {NULL, 0};

	*ret_format = (struct span){NULL, 0};
	(void)(field_word(&value, &type) && field_word(&value, &port) &&
		field_word(&value, &proto) && field_word(&value, ret_format));
	return field_proto(proto);
}

bool sdp_text_codec(const struct sdp_text *text, struct span *ret_name)
{
	struct span rest = sdp_text_span(text), format, map = {NULL, 0};
	enum sdp_proto proto;
	struct line line;

	do {
		if (!next_line(&rest, &line))
			return false;
	} while (line.type != 'm');
	proto = read_media(line_value(&line), &format);
	while (next_line(&rest, &line) && line.type != 'm')
		if (maps(&line, format, &map))
			break;
	return codec_of(map, proto, format, ret_name);
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
