#include "bridge/dtmf_sdp.h"

#include "base/err.h"
#include "media/quality.h"

#include <stdio.h>
#include <string.h>

/* Formats on a line, at most: payload types are 7 bits, each once. */
#define FORMATS 128
#define USUAL_TYPE 101
#define DYNAMIC_FIRST 96
#define DYNAMIC_LAST 127
/* Clock rates below it are no audio's. */
#define RATE_LEAST 1000
#define RATE_USUAL 8000

struct formats {
	struct span list[FORMATS];
	size_t count;
};

bool dtmf_sdp_is_signalled(const struct leg *leg)
{
	const struct config_media *media = &leg->settings->media;

	return media->dtmf == CONFIG_DTMF_INFO;
}

/* ---- reading ---- */

static bool is_event(const struct sdp *sdp, unsigned index, struct span format)
{
	struct span name;

	return sdp_format_codec(sdp, index, format, &name) &&
	       span_equal_nocase(name, "telephone-event");
}

/* Tones and comfort noise go with any codec and are none. */
static bool is_codec(const struct sdp *sdp, unsigned index, struct span format)
{
	struct span name;

	return !is_event(sdp, index, format) &&
	       !(sdp_format_codec(sdp, index, format, &name) &&
		       span_equal_nocase(name, "CN"));
}

static uint32_t rate_of(const struct sdp *sdp, unsigned index, struct span format)
{
	uint32_t rate = sdp_format_rate(sdp, index, format);
	uint64_t type;

	if (rate == 0 && span_uint(format, DYNAMIC_FIRST - 1, &type) == 0)
		rate = quality_clock_rate((uint8_t)type);
	return rate < RATE_LEAST ? RATE_USUAL : rate;
}

/* The clock rate of the first codec: that which is used. */
static uint32_t audio_rate(const struct sdp *sdp, unsigned index)
{
	struct span rest = sdp_media(sdp, index)->formats;
	struct span format;

	while (span_next(&rest, ' ', &format))
		if (format.len && is_codec(sdp, index, format))
			return rate_of(sdp, index, format);
	return RATE_USUAL;
}

static bool has_rate(const struct sdp *sdp, unsigned index, uint32_t rate, bool events)
{
	struct span rest = sdp_media(sdp, index)->formats;
	struct span format;

	while (span_next(&rest, ' ', &format))
		if (format.len && is_event(sdp, index, format) == events &&
			(events || is_codec(sdp, index, format)) &&
			rate_of(sdp, index, format) == rate)
			return true;
	return false;
}

/* Adds the telephone-events of a line to TERMS; that with the clock of the audio comes first. */
static void add_terms(const struct sdp *sdp, unsigned index, struct dtmf_terms *terms)
{
	struct span rest = sdp_media(sdp, index)->formats;
	struct dtmf_format found, first;
	struct span format;
	uint64_t type;

	while (terms->count < DTMF_FORMATS && span_next(&rest, ' ', &format)) {
		if (!format.len || !is_event(sdp, index, format) ||
			span_uint(format, 127, &type) ||
			dtmf_format(terms, (uint8_t)type))
			continue;
		found.type = (uint8_t)type;
		found.rate = rate_of(sdp, index, format);
		first = terms->formats[0];
		terms->formats[terms->count++] = found;
		if (found.rate == terms->audio_rate && first.rate != found.rate) {
			terms->formats[terms->count - 1] = first;
			terms->formats[0] = found;
		}
	}
}

/* What an answerer sends has the types of our offer, should its own differ (RFC 3264 5.1). */
static void add_offered(const struct sdp *offer, unsigned index, struct dtmf_terms *terms)
{
	if (terms->count && offer && index < sdp_count_media(offer))
		add_terms(offer, index, terms);
}

/* ---- writing ---- */

static int read_formats(
	const struct sdp *sdp, unsigned index, bool events, struct formats *formats)
{
	struct span rest = sdp_media(sdp, index)->formats;
	struct span format;

	while (span_next(&rest, ' ', &format)) {
		if (!format.len || (!events && is_event(sdp, index, format)))
			continue;
		if (formats->count == FORMATS)
			return ERR_LIMIT;
		formats->list[formats->count++] = format;
	}
	return 0;
}

static int remove_events(struct sdp *out, unsigned index)
{
	struct formats kept = {.count = 0};
	int err = read_formats(out, index, false, &kept);

	/* A line of nothing but events would be left without formats. */
	if (err || !kept.count)
		return err;
	return sdp_keep_formats(out, index, kept.list, kept.count);
}

/* Adds "TYPE telephone-event/RATE" to the line. */
static int add_event(struct sdp *out, unsigned index, struct dtmf_format event)
{
	struct formats formats = {.count = 0};
	int err = read_formats(out, index, true, &formats);
	unsigned type = event.type;
	char format[8], map[48], events[16];

	if (err || formats.count == FORMATS)
		return ERR_LIMIT;
	snprintf(format, sizeof(format), "%u", type);
	snprintf(map, sizeof(map), "%u telephone-event/%u", type, event.rate);
	snprintf(events, sizeof(events), "%u 0-%u", type, DTMF_EVENTS - 1U);
	formats.list[formats.count++] = span_of(format);
	err = sdp_keep_formats(out, index, formats.list, formats.count);
	if (!err)
		err = sdp_add_attribute(out, (int)index, "rtpmap", map);
	return err ? err : sdp_add_attribute(out, (int)index, "fmtp", events);
}

static bool is_taken(const struct sdp *sdp, unsigned index, unsigned type)
{
	struct span rest = sdp_media(sdp, index)->formats;
	struct span format;
	uint64_t other;

	while (span_next(&rest, ' ', &format))
		if (!span_uint(format, DYNAMIC_LAST, &other) && other == type)
			return true;
	return false;
}

/* A dynamic payload type that the line does not use: the same for the same line, so that a
 * further offer repeats it. */
static unsigned free_type(const struct sdp *sdp, unsigned index)
{
	unsigned type = USUAL_TYPE;

	if (!is_taken(sdp, index, type))
		return type;
	type = DYNAMIC_FIRST;
	while (type <= DYNAMIC_LAST && is_taken(sdp, index, type))
		type++;
	return type;
}

/* One event format for each clock rate of the codecs (RFC 4733 2.1: they share a clock). */
static int offer_events(struct sdp *out, unsigned index)
{
	struct formats codecs = {.count = 0};
	uint32_t rates[FORMATS];
	int err = read_formats(out, index, false, &codecs);

	for (size_t i = 0; i < codecs.count; i++)
		rates[i] = is_codec(out, index, codecs.list[i])
				   ? rate_of(out, index, codecs.list[i])
				   : 0;
	for (size_t i = 0; i < codecs.count && !err; i++) {
		struct dtmf_format event = {.rate = rates[i]};
		unsigned type = free_type(out, index);

		if (!rates[i] || has_rate(out, index, rates[i], true))
			continue;
		if (type > DYNAMIC_LAST)
			return ERR_LIMIT;
		event.type = (uint8_t)type;
		err = add_event(out, index, event);
	}
	return err;
}

/* What OFFER had of events, of the clock rates that the answer OUT has codecs of; if nothing
 * fits, its first, as some mean it for all. */
static int answer_events(struct sdp *out, const struct sdp *offer, unsigned index,
	struct dtmf_terms *terms)
{
	struct dtmf_terms offered = {.audio_rate = terms->audio_rate};
	int err = 0;

	add_terms(offer, index, &offered);
	for (unsigned i = 0; i < offered.count && !err; i++) {
		if (i > 0 && !has_rate(out, index, offered.formats[i].rate, false))
			continue;
		terms->formats[terms->count++] = offered.formats[i];
		err = add_event(out, index, offered.formats[i]);
	}
	return err;
}

static bool applies(const struct sdp *sdp, unsigned index)
{
	const struct sdp_media *media = sdp_media(sdp, index);

	return span_equal_nocase(media->type, "audio") && sdp_proto_is_rtp(media->proto);
}

int dtmf_sdp_offer(
	const struct leg *from, const struct leg *to, struct sdp *out, unsigned index)
{
	if (!applies(out, index))
		return 0;
	if (dtmf_sdp_is_signalled(to))
		return remove_events(out, index);
	return dtmf_sdp_is_signalled(from) ? offer_events(out, index) : 0;
}

int dtmf_sdp_answer(const struct leg *from, const struct sdp *in, const struct leg *to,
	struct sdp *out, unsigned index)
{
	struct dtmf_terms *answerer = &from->streams[index]->next->dtmf;
	struct dtmf_terms *offerer = &to->streams[index]->next->dtmf;
	const struct sdp *offer = to->offer.remote;
	int err;

	memset(answerer, 0, sizeof(*answerer));
	memset(offerer, 0, sizeof(*offerer));
	if (!applies(out, index))
		return 0;
	if (dtmf_sdp_is_signalled(to)) {
		if (!dtmf_sdp_is_signalled(from)) {
			answerer->audio_rate = audio_rate(in, index);
			add_terms(in, index, answerer);
			add_offered(from->offer.local, index, answerer);
		}
		return remove_events(out, index);
	}
	if (!dtmf_sdp_is_signalled(from))
		return 0;
	offerer->audio_rate = audio_rate(in, index);
	err = remove_events(out, index);
	if (err || !offer || index >= sdp_count_media(offer))
		return err;
	return answer_events(out, offer, index, offerer);
}

/* ---- which events ---- */

/* Whether EVENT is in LIST, as fmtp has it: "0-15,66". */
static bool lists_event(struct span list, uint8_t event)
{
	struct span range, first;
	uint64_t from, to;

	while (span_next(&list, ',', &range)) {
		if (!span_next(&range, '-', &first) ||
			span_uint(span_trim(first), UINT8_MAX, &from))
			continue;
		to = from;
		if (range.p && span_uint(span_trim(range), UINT8_MAX, &to))
			continue;
		if (from <= event && event <= to)
			return true;
	}
	return false;
}

/* Whether SDP, which may be NULL, takes EVENT as payload TYPE on line INDEX. */
static bool takes(const struct sdp *sdp, unsigned index, uint8_t type, uint8_t event)
{
	struct span value, word;
	uint64_t other;

	if (!sdp || index >= sdp_count_media(sdp))
		return false;
	for (unsigned i = 0; sdp_attribute(sdp, (int)index, "fmtp", i, &value); i++)
		if (span_next(&value, ' ', &word) && !span_uint(word, 127, &other) &&
			other == type)
			return lists_event(value, event);
	/* RFC 4733 2.4.1: who does not say takes the digits. */
	return event < DTMF_FLASH;
}

bool dtmf_sdp_takes(const struct leg *leg, unsigned index, uint8_t type, uint8_t event)
{
	struct sdp *read = NULL;
	bool ret;

	if (!leg->offer.remote_text)
		return takes(leg->offer.remote, index, type, event);
	if (sdp_text_read(&read, leg->offer.remote_text))
		return false;
	ret = takes(read, index, type, event);
	sdp_free(read);
	return ret;
}
