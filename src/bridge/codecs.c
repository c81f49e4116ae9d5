#include "bridge/codecs.h"

#include "bridge/tolerated.h"
#include "config/codec.h"
#include "media/quality.h"

#include <stdio.h>
#include <string.h>

/* RFC 3551: from here on a number means what its rtpmap says. */
#define DYNAMIC_FIRST 96
/* An RTP line has no more: its payload types are 7 bits, each once. */
#define FORMATS 128

struct formats {
	struct span list[FORMATS];
	size_t count;
};

static bool is_audio(const struct sdp *sdp, unsigned index)
{
	return span_equal_nocase(sdp_media(sdp, index)->type, "audio");
}

/* 0 where it is not known. */
static uint32_t rate_of(const struct sdp *sdp, unsigned index, struct span format)
{
	uint32_t rate = sdp_format_rate(sdp, index, format);
	uint64_t type;

	if (rate == 0 && span_uint(format, DYNAMIC_FIRST - 1, &type) == 0)
		rate = quality_clock_rate((uint8_t)type);
	return rate;
}

static bool is_dynamic(struct span format)
{
	uint64_t type;

	return span_uint(format, UINT8_MAX, &type) == 0 && type >= DYNAMIC_FIRST;
}

static bool is_speech(const struct sdp *sdp, unsigned index, struct span format)
{
	struct span name;

	return !sdp_format_codec(sdp, index, format, &name) || codec_is_speech(name);
}

static void add(struct formats *formats, struct span format)
{
	if (formats->count < FORMATS)
		formats->list[formats->count++] = format;
}

/* ---- by configuration ---- */

static void take_codec(
	const struct sdp *sdp, unsigned index, const char *word, struct formats *kept)
{
	struct span rest = sdp_media(sdp, index)->formats;
	struct span format, name;

	while (span_next(&rest, ' ', &format))
		if (sdp_format_codec(sdp, index, format, &name) &&
			codec_is_speech(name) && codec_matches(word, name))
			add(kept, format);
}

static bool has_rate(const struct sdp *sdp, unsigned index, const struct formats *kept,
	size_t count, uint32_t rate)
{
	for (size_t i = 0; i < count; i++)
		if (rate_of(sdp, index, kept->list[i]) == rate)
			return true;
	return false;
}

/* Tones and comfort noise share the clock of the codec beside which they go. */
static void take_companions(const struct sdp *sdp, unsigned index, struct formats *kept)
{
	struct span rest = sdp_media(sdp, index)->formats;
	size_t codecs = kept->count;
	struct span format;

	while (span_next(&rest, ' ', &format))
		if (!is_speech(sdp, index, format) &&
			has_rate(sdp, index, kept, codecs, rate_of(sdp, index, format)))
			add(kept, format);
}

int codecs_filter(struct sdp *out, unsigned index, const struct leg *leg)
{
	const struct config_words *codecs = &leg->settings->codecs;
	struct formats kept = {.count = 0};

	if (!codecs->count || !is_audio(out, index))
		return 0;
	for (size_t i = 0; i < codecs->count; i++)
		take_codec(out, index, codecs->words[i], &kept);
	if (!kept.count)
		return ERR_SUPPORT;
	take_companions(out, index, &kept);
	return sdp_keep_formats(out, index, kept.list, kept.count);
}

static bool is_listed(const struct config_words *codecs, const struct sdp *sdp,
	unsigned index, struct span format)
{
	struct span name;

	if (!sdp_format_codec(sdp, index, format, &name))
		return false;
	for (size_t i = 0; i < codecs->count; i++)
		if (codec_matches(codecs->words[i], name))
			return true;
	return false;
}

int codecs_restrict(struct sdp *out, unsigned index, const struct leg *leg)
{
	const struct config_words *codecs = &leg->settings->codecs;
	struct span rest = sdp_media(out, index)->formats;
	struct formats kept = {.count = 0};
	struct span format;

	if (!codecs->count || !is_audio(out, index))
		return 0;
	while (span_next(&rest, ' ', &format))
		if (is_speech(out, index, format) &&
			is_listed(codecs, out, index, format))
			add(&kept, format);
	if (!kept.count)
		return ERR_SUPPORT;
	take_companions(out, index, &kept);
	return sdp_keep_formats(out, index, kept.list, kept.count);
}

int codecs_keep_first(struct sdp *out, unsigned index)
{
	struct span rest = sdp_media(out, index)->formats;
	struct formats kept = {.count = 0};
	struct span format;

	while (!kept.count && span_next(&rest, ' ', &format))
		if (is_speech(out, index, format))
			add(&kept, format);
	if (!kept.count)
		return 0;
	take_companions(out, index, &kept);
	return sdp_keep_formats(out, index, kept.list, kept.count);
}

/* ---- of the offer ---- */

static bool same_codec(const struct sdp *a, unsigned index, struct span format_a,
	const struct sdp *b, struct span format_b)
{
	struct span name_a, name_b;
	uint32_t rate_a, rate_b;

	if (!sdp_format_codec(a, index, format_a, &name_a) ||
		!sdp_format_codec(b, index, format_b, &name_b) ||
		!codec_is_same(name_a, name_b))
		return false;
	rate_a = rate_of(a, index, format_a);
	rate_b = rate_of(b, index, format_b);
	return rate_a == rate_b || !rate_a || !rate_b;
}

/* Whether FORMAT of the answer and that of the offer under the same number are one: numbers with
 * a fixed meaning are, and dynamic ones unless an rtpmap says otherwise. */
static bool same_number(const struct sdp *answer, unsigned index, struct span format,
	const struct sdp *offer)
{
	struct span name;

	return !is_dynamic(format) || !sdp_format_codec(answer, index, format, &name) ||
	       same_codec(answer, index, format, offer, format);
}

/* The format of OFFER that FORMAT of ANSWER stands for: the one of its number, and where that is
 * none or another codec's, the first of its codec. */
static bool find_offered(const struct sdp *answer, unsigned index, struct span format,
	const struct sdp *offer, struct span *ret)
{
	struct span rest = sdp_media(offer, index)->formats;

	while (span_next(&rest, ' ', ret))
		if (span_equal(*ret, format) && same_number(answer, index, format, offer))
			return true;
	rest = sdp_media(offer, index)->formats;
	while (span_next(&rest, ' ', ret))
		if (same_codec(answer, index, format, offer, *ret))
			return true;
	return false;
}

static uint8_t number_of(struct span format)
{
	uint64_t number = 0;

	(void)span_uint(format, 127, &number);
	return (uint8_t)number;
}

/* OURS: what we offered the answerer; FORMAT and OFFERED are one codec. */
static void note_codec(const struct sdp *ours, unsigned index, struct span format,
	struct span offered, struct leg *leg, struct leg *to)
{
	struct stream_codec codec = {.rate = rate_of(ours, index, offered)};
	struct span name;

	if (sdp_format_codec(ours, index, offered, &name))
		snprintf(codec.name, sizeof(codec.name), "%.*s", SPAN_ARG(name));
	codec.type = number_of(offered);
	leg->streams[index]->next->codec = codec;
	codec.type = number_of(format);
	to->streams[index]->next->codec = codec;
}

/* "RTPMAP of OFFERED" under the number FORMAT, where the answer left it out. */
static int add_map(struct sdp *out, unsigned index, struct span format,
	const struct sdp *offer, struct span offered)
{
	char value[SDP_MAX_LINE];
	struct span map;

	if (!is_dynamic(format) || sdp_format_map(out, index, format, &map) ||
		!sdp_format_map(offer, index, offered, &map))
		return 0;
	snprintf(value, sizeof(value), "%.*s %.*s", SPAN_ARG(format), SPAN_ARG(map));
	return sdp_add_attribute(out, (int)index, "rtpmap", value);
}

/* NAME as it may stand in a log and a header: it is the peer's text. */
static const char *plain_name(struct span name, char buf[static 33])
{
	size_t len = name.len < 32 ? name.len : 32;

	for (size_t i = 0; i < len; i++) {
		char c = name.p[i];

		buf[i] = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
					 (c >= 'a' && c <= 'z') || strchr("-_.+", c)
				 ? c
				 : '?';
	}
	buf[len] = '\0';
	return buf;
}

static int refuse(const struct sdp *out, unsigned index, struct err_text *text)
{
	struct span format = {NULL, 0}, name = {NULL, 0};
	struct span rest = sdp_media(out, index)->formats;
	char buf[33];

	if (span_next(&rest, ' ', &format) &&
		!sdp_format_codec(out, index, format, &name))
		name = format;
	return err_set(text, ERR_SUPPORT,
		"media line %u answers with codec %s, none that was offered", index + 1,
		plain_name(name, buf));
}

/* Whether the offer has codecs on line INDEX at all: a line of tones alone is one too. */
static bool offers_speech(const struct sdp *offer, unsigned index)
{
	struct span rest = sdp_media(offer, index)->formats;
	struct span format;

	while (span_next(&rest, ' ', &format))
		if (is_speech(offer, index, format))
			return true;
	return false;
}

int codecs_fit_answer(struct sdp *out, unsigned index, struct leg *leg, struct leg *to,
	struct err_text *text)
{
	const struct sdp *offer = leg->offer.local;
	struct span rest = sdp_media(out, index)->formats;
	struct formats kept = {.count = 0}, meant = {.count = 0};
	bool codec = false, odd = false;
	struct span format, offered;
	int err = 0;

	memset(&leg->streams[index]->next->codec, 0, sizeof(struct stream_codec));
	memset(&to->streams[index]->next->codec, 0, sizeof(struct stream_codec));
	if (!sdp_proto_is_rtp(sdp_media(out, index)->proto) || !offer ||
		index >= sdp_count_media(offer))
		return 0;
	while (span_next(&rest, ' ', &format)) {
		if (!find_offered(out, index, format, offer, &offered)) {
			odd = true;
			continue;
		}
		odd = odd || !span_equal(format, offered);
		add(&kept, format);
		add(&meant, offered);
		if (!codec && is_speech(offer, index, offered)) {
			note_codec(offer, index, format, offered, leg, to);
			codec = true;
		}
	}
	if (!kept.count || (!codec && offers_speech(offer, index)))
		return refuse(out, index, text);
	if (odd)
		tolerated_note(leg, TOLERATED_SDP_FORMAT);
	for (size_t i = 0; i < kept.count && !err; i++)
		err = add_map(out, index, kept.list[i], offer, meant.list[i]);
	return err ? err : sdp_keep_formats(out, index, kept.list, kept.count);
}

bool codecs_has_agreed(const struct sdp *sdp, const struct sdp *ours,
	const struct sdp *theirs, unsigned index)
{
	struct span rest = sdp_media(ours, index)->formats;
	struct span format, found;

	while (span_next(&rest, ' ', &format))
		if (is_speech(ours, index, format) &&
			find_offered(ours, index, format, theirs, &found) &&
			!find_offered(ours, index, format, sdp, &found))
			return false;
	return true;
}

/* ---- again ---- */

/* Whether line INDEX of SDP has FORMAT of OUT's under the same number. */
static bool has_same(
	const struct sdp *sdp, const struct sdp *out, unsigned index, struct span format)
{
	struct span rest = sdp_media(sdp, index)->formats;
	struct span other;

	while (span_next(&rest, ' ', &other))
		if (span_equal(other, format))
			return same_number(sdp, index, other, out);
	return false;
}

static void name_codec(const struct sdp *out, unsigned index, struct span format,
	struct stream_codec *codec)
{
	struct span name;

	*codec = (struct stream_codec){
		.rate = rate_of(out, index, format), .type = number_of(format)};
	if (sdp_format_codec(out, index, format, &name))
		snprintf(codec->name, sizeof(codec->name), "%.*s", SPAN_ARG(name));
}

int codecs_keep_common(struct sdp *out, struct sdp *offer, const struct sdp *before,
	unsigned index, struct stream_codec *codec, struct err_text *text)
{
	struct span rest = sdp_media(out, index)->formats;
	struct formats kept = {.count = 0};
	bool speaks = false;
	struct span format;
	int err;

	while (span_next(&rest, ' ', &format)) {
		if (!has_same(offer, out, index, format) ||
			(before && !has_same(before, out, index, format)))
			continue;
		add(&kept, format);
		if (!speaks && is_speech(out, index, format)) {
			name_codec(out, index, format, codec);
			speaks = true;
		}
	}
	if (!kept.count || (!speaks && offers_speech(out, index)))
		return err_set(text, ERR_SUPPORT,
			"media line %u has no codec of those that were agreed",
			index + 1);
	err = sdp_keep_formats(offer, index, kept.list, kept.count);
	return err ? err : sdp_keep_formats(out, index, kept.list, kept.count);
}
