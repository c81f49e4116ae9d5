#include "media/outgoing.h"

#include "media/outgoing_priv.h"
#include "media/rtp.h"

#include <stdlib.h>
#include <string.h>

/* RFC 3550 A.1: a larger step forward is a sender that began again. */
#define MAX_DROPOUT 3000
#define VIDEO_RATE 90000
/* Timestamps of video may stand back behind those of packets before. */
#define VIDEO_SLACK_S 5
/* A timestamp this much ahead of the time that has gone by began again. */
#define AHEAD_S 2
/* So many late packets in a row, in order, and nothing else for a while: they are not late, the
 * sender began again a little lower. */
#define LATE_RUN 3
#define LATE_RUN_US 100000
/* RFC 3711 3.3.1: a first number in the lower half leaves no doubt about the roll-over. */
#define FIRST_SEQ_BITS 0x7fff
/* Payload of one telephone-event. */
#define EVENT_LEN 4

struct arrival {
	uint32_t ssrc, timestamp;
	uint16_t seq;
	bool video, event;
	bool strict; /* what its timestamps are to be is known well enough to judge them */
	const struct outgoing_clock *clock;
	uint64_t now_us;
};

/* splitmix64: what it gives is told to everybody, so it need not be secret. */
static uint64_t next_random(struct outgoing *outgoing)
{
	uint64_t z = outgoing->random += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

/* ---- places ---- */

const struct outgoing_stream *outgoing_stream(
	const struct outgoing *outgoing, unsigned index)
{
	return index < OUTGOING_FEW_STREAMS
		       ? &outgoing->streams[index]
		       : &outgoing->more->streams[index - OUTGOING_FEW_STREAMS];
}

unsigned outgoing_stream_count(const struct outgoing *outgoing)
{
	return outgoing->more ? OUTGOING_STREAMS : OUTGOING_FEW_STREAMS;
}

static bool is_taken(struct outgoing *outgoing, uint32_t ssrc)
{
	for (unsigned i = 0; i < outgoing_stream_count(outgoing); i++)
		if (stream_at(outgoing, i)->ssrc == ssrc)
			return true;
	for (unsigned i = 0; i < source_count(outgoing); i++)
		if (source_at(outgoing, i)->heard_us &&
			source_at(outgoing, i)->ssrc == ssrc)
			return true;
	return false;
}

/* Never 0, which some take for "none". */
static uint32_t new_ssrc(struct outgoing *outgoing)
{
	uint32_t ssrc;

	do
		ssrc = (uint32_t)next_random(outgoing);
	while (ssrc == 0 || is_taken(outgoing, ssrc));
	return ssrc;
}

static void clear_stream(struct outgoing *outgoing, unsigned index)
{
	*stream_at(outgoing, index) = (struct outgoing_stream){
		.ssrc = new_ssrc(outgoing),
		.index = (uint8_t)index,
		.source = OUTGOING_NONE,
	};
}

static void clear_source(struct outgoing *outgoing, unsigned index)
{
	*source_at(outgoing, index) = (struct outgoing_source){
		.index = (uint8_t)index, .stream = OUTGOING_NONE};
}

/* More places, where there are not all of them yet. Without memory the few serve all. */
static bool grow(struct outgoing *outgoing)
{
	if (outgoing->more)
		return false;
	outgoing->more = calloc(1, sizeof(*outgoing->more));
	if (!outgoing->more)
		return false;
	for (unsigned i = OUTGOING_FEW_STREAMS; i < OUTGOING_STREAMS; i++)
		clear_stream(outgoing, i);
	for (unsigned i = OUTGOING_FEW_SOURCES; i < OUTGOING_SOURCES; i++)
		clear_source(outgoing, i);
	return true;
}

void outgoing_init(struct outgoing *outgoing, uint64_t seed)
{
	memset(outgoing, 0, sizeof(*outgoing));
	outgoing->random = seed;
	for (unsigned i = 0; i < OUTGOING_FEW_STREAMS; i++)
		clear_stream(outgoing, i);
	for (unsigned i = 0; i < OUTGOING_FEW_SOURCES; i++)
		clear_source(outgoing, i);
}

void outgoing_clear(struct outgoing *outgoing)
{
	free(outgoing->more);
	outgoing->more = NULL;
}

/* ---- time ---- */

static uint64_t units(uint64_t us, uint32_t rate)
{
	return us / 1000000 * rate + us % 1000000 * rate / 1000000;
}

/* Where STREAM's clock is now: at least one packet further. */
static uint32_t timestamp_now(
	const struct outgoing_stream *stream, uint32_t rate, uint64_t now_us)
{
	uint64_t gone = units(now_us - stream->sent_us, rate);

	return stream->timestamp + (uint32_t)(gone > stream->step ? gone : stream->step);
}

static bool is_ahead(const struct arrival *in, uint32_t distance, uint64_t since_us)
{
	uint64_t most = units(in->now_us - since_us, in->clock->rate_most) +
			(uint64_t)AHEAD_S * in->clock->rate_most;

	return (int32_t)distance < 0 || distance > most;
}

/* ---- numbers ---- */

/* Marks HIGHEST + STEP as sent, and makes it the highest. */
static void advance(struct outgoing_stream *stream, uint16_t step)
{
	stream->highest += step;
	if (step < 64) {
		stream->window[1] =
			stream->window[1] << step | stream->window[0] >> (64 - step);
		stream->window[0] = stream->window[0] << step | 1;
	} else {
		stream->window[1] =
			step < OUTGOING_WINDOW ? stream->window[0] << (step - 64) : 0;
		stream->window[0] = 1;
	}
}

/* False: it is marked already, or is too old. */
static bool mark_late(struct outgoing_stream *stream, uint16_t behind)
{
	uint64_t bit = UINT64_C(1) << behind % 64;

	if (behind >= OUTGOING_WINDOW || stream->window[behind / 64] & bit)
		return false;
	stream->window[behind / 64] |= bit;
	return true;
}

/* A stream without a source that it could follow begins somewhere. */
static void start(struct outgoing_stream *stream, uint32_t rate, uint16_t seq,
	uint32_t timestamp, uint64_t now_us)
{
	stream->started = true;
	stream->rate = rate;
	stream->step = rate / 50;
	if (!stream->follows)
		stream->highest = seq - 1U;
	stream->timestamp = timestamp - stream->step;
	stream->sent_us = now_us;
}

static void take_newest(struct outgoing_source *source, const struct arrival *in,
	struct outgoing_stream *stream)
{
	uint16_t step = (uint16_t)(in->seq - (uint16_t)source->highest);
	uint32_t distance = in->timestamp - source->timestamp;

	source->highest += step;
	source->late_run = 0;
	source->newest_us = in->now_us;
	stream->sent_us = in->now_us;
	/* A telephone-event stays where it began, while time goes on. */
	if ((int32_t)distance <= 0)
		return;
	source->timestamp = in->timestamp;
	stream->timestamp = in->timestamp + source->timestamp_offset;
	if (step == 1 && distance <= in->clock->rate_most / 5)
		source->step = stream->step = distance;
}

/* SEQ with wraps. Where it is behind what came before, the source began again. */
static uint32_t seq_after(const struct outgoing_source *source, uint16_t seq)
{
	uint16_t step = (uint16_t)(seq - (uint16_t)source->highest);

	return source->newest_us && step < 0x8000 ? source->highest + step : seq;
}

/*
 * SOURCE goes out in STREAM from here on, with offsets that let it follow on what was sent last.
 * Its timestamps keep theirs where these still fit the time that has gone by.
 */
static void join(struct outgoing_source *source, struct outgoing_stream *stream,
	const struct arrival *in)
{
	uint32_t rate = in->clock->rate, kept, now;

	if (!stream->started)
		start(stream, rate, in->seq, in->timestamp, in->now_us);
	kept = in->timestamp + source->timestamp_offset;
	now = timestamp_now(stream, rate, in->now_us);
	if (!source->mapped || (kept == stream->timestamp && !in->event) ||
		is_ahead(in, kept - stream->timestamp, stream->sent_us))
		source->timestamp_offset = now - in->timestamp;
	source->seq_offset = (uint16_t)(stream->highest + 1 - in->seq);
	source->mapped = true;
	source->stream = stream->index;
	source->highest = seq_after(source, in->seq);
	source->timestamp = in->timestamp;
	source->late_run = 0;
	source->newest_us = in->now_us;
	if (!source->step || source->step > in->clock->rate_most / 5)
		source->step = stream->step;
	if (stream->source != source->index)
		stream->lost_base = stream->lost_now;
	stream->source = source->index;
	stream->rate = rate;
	stream->broken = false;
	stream->base = stream->highest + 1;
	stream->timestamp = in->timestamp + source->timestamp_offset;
	stream->sent_us = in->now_us;
	advance(stream, 1);
}

/* ---- which stream ---- */

static uint64_t silence_us(
	struct outgoing *outgoing, const struct outgoing_stream *stream, uint64_t now_us)
{
	uint64_t us = stream->sent_us;

	if (stream->source != OUTGOING_NONE &&
		source_at(outgoing, stream->source)->heard_us > us)
		us = source_at(outgoing, stream->source)->heard_us;
	return now_us - us;
}

static struct outgoing_stream *unused_stream(struct outgoing *outgoing)
{
	for (unsigned i = 0; i < outgoing_stream_count(outgoing); i++) {
		struct outgoing_stream *stream = stream_at(outgoing, i);

		if (!stream->started && stream->source == OUTGOING_NONE)
			return stream;
	}
	return NULL;
}

/* One that is unused, or the longest silent one. */
static struct outgoing_stream *spare_stream(struct outgoing *outgoing, uint64_t now_us)
{
	struct outgoing_stream *best = unused_stream(outgoing);

	if (!best && grow(outgoing))
		best = unused_stream(outgoing);
	if (best)
		return best;
	best = stream_at(outgoing, 0);
	for (unsigned i = 1; i < outgoing_stream_count(outgoing); i++) {
		struct outgoing_stream *stream = stream_at(outgoing, i);

		if (silence_us(outgoing, stream, now_us) >
			silence_us(outgoing, best, now_us))
			best = stream;
	}
	return best;
}

/*
 * The stream for a source that has none. It takes the place of the one that spoke last at its
 * clock rate. Where that one has not fallen silent, a switch and a second voice look the same at
 * their first packet: of audio, where one stream at a time is the rule, it is taken for a switch,
 * and part_company() sees to the rest.
 */
static struct outgoing_stream *find_stream(
	struct outgoing *outgoing, const struct arrival *in)
{
	struct outgoing_stream *best = NULL;
	unsigned live = 0;

	for (unsigned i = 0; i < outgoing_stream_count(outgoing); i++) {
		struct outgoing_stream *stream = stream_at(outgoing, i);
		uint64_t us = silence_us(outgoing, stream, in->now_us);

		if (!stream->started)
			continue;
		live += us < OUTGOING_SILENT_US;
		if (stream->rate == in->clock->rate &&
			(!best || us < silence_us(outgoing, best, in->now_us)))
			best = stream;
	}
	if (best && (silence_us(outgoing, best, in->now_us) >= OUTGOING_SILENT_US ||
			    (live == 1 && !in->video)))
		return best;
	return spare_stream(outgoing, in->now_us);
}

/* SOURCE, which another one took the place of, speaks on: both live. Who came first has the stream,
 * and the other one gets a stream of its own. */
static struct outgoing_stream *part_company(struct outgoing *outgoing,
	struct outgoing_source *source, const struct arrival *in)
{
	struct outgoing_stream *stream = stream_at(outgoing, source->stream);
	struct outgoing_source *other = source_at(outgoing, stream->source);
	struct outgoing_stream *spare = spare_stream(outgoing, in->now_us);

	if (spare == stream)
		return stream;
	if (other->since_us < source->since_us) {
		source->mapped = false;
		return spare;
	}
	if (spare->source != OUTGOING_NONE)
		source_at(outgoing, spare->source)->stream = OUTGOING_NONE;
	spare->source = stream->source;
	other->stream = spare->index;
	other->mapped = false;
	return stream;
}

static struct outgoing_stream *choose_stream(struct outgoing *outgoing,
	struct outgoing_source *source, const struct arrival *in, uint64_t heard_us)
{
	struct outgoing_stream *stream;

	if (source->stream != OUTGOING_NONE &&
		in->now_us - heard_us < OUTGOING_SILENT_US &&
		stream_at(outgoing, source->stream)->source != OUTGOING_NONE)
		return part_company(outgoing, source, in);
	stream = find_stream(outgoing, in);
	if (source->stream != stream->index)
		source->mapped = false;
	return stream;
}

/* ---- sources ---- */

static struct outgoing_source *find_source(struct outgoing *outgoing, uint32_t ssrc)
{
	struct outgoing_source *last = source_at(outgoing, outgoing->last);

	if (last->ssrc == ssrc && last->heard_us)
		return last;
	for (unsigned i = 0; i < source_count(outgoing); i++) {
		struct outgoing_source *source = source_at(outgoing, i);

		if (source->ssrc == ssrc && source->heard_us)
			return source;
	}
	return NULL;
}

static void forget_source(struct outgoing *outgoing, struct outgoing_source *source)
{
	struct outgoing_stream *stream = source->stream != OUTGOING_NONE
						 ? stream_at(outgoing, source->stream)
						 : NULL;

	if (stream && source->heard_us && stream->source == source->index)
		stream->source = OUTGOING_NONE;
	clear_source(outgoing, source->index);
}

/* The longest silent one; a free place is silent longest of all. */
static struct outgoing_source *oldest_source(struct outgoing *outgoing)
{
	struct outgoing_source *oldest = source_at(outgoing, 0);

	for (unsigned i = 1; i < source_count(outgoing); i++)
		if (source_at(outgoing, i)->heard_us < oldest->heard_us)
			oldest = source_at(outgoing, i);
	return oldest;
}

/* In a free place, or that of the longest silent one. */
static struct outgoing_source *add_source(struct outgoing *outgoing, uint32_t ssrc)
{
	struct outgoing_source *oldest = oldest_source(outgoing);

	if (oldest->heard_us && grow(outgoing))
		oldest = oldest_source(outgoing);
	forget_source(outgoing, oldest);
	oldest->ssrc = ssrc;
	return oldest;
}

/* ---- packets ---- */

enum place { PLACE_NEWEST, PLACE_LATE, PLACE_ANEW };

/* A run of late ones: see LATE_RUN. */
static bool is_run(struct outgoing_source *source, const struct arrival *in)
{
	source->late_run =
		source->late_run > 0 && in->seq == source->late_next
			? (uint8_t)(source->late_run + (source->late_run < LATE_RUN))
			: 1;
	source->late_next = (uint16_t)(in->seq + 1);
	return source->late_run == LATE_RUN &&
	       in->now_us - source->newest_us >= LATE_RUN_US;
}

/* Whether the timestamp of one that is BEHIND others is that of its place. */
static bool fits_late(
	const struct outgoing_source *source, const struct arrival *in, uint16_t behind)
{
	int64_t distance = (int32_t)(in->timestamp - source->timestamp);
	int64_t slack = in->strict ? (int64_t)in->clock->rate / 2
				   : (int64_t)VIDEO_SLACK_S * VIDEO_RATE;

	if (in->event)
		return true;
	if (in->strict)
		distance += (int64_t)behind * source->step;
	return distance <= slack && distance >= -slack;
}

/* Whether the timestamp of one that is STEP ahead is that of its place, or of its time. */
static bool fits_newest(
	const struct outgoing_source *source, const struct arrival *in, uint16_t step)
{
	uint32_t distance = in->timestamp - source->timestamp;
	int64_t off = (int64_t)distance - (int64_t)step * source->step;

	if ((int32_t)distance < 0)
		return in->event ||
		       (!in->strict && 0U - distance < VIDEO_SLACK_S * VIDEO_RATE);
	if (off < (int64_t)in->clock->rate / 2 && off > -(int64_t)in->clock->rate / 2)
		return true;
	return !is_ahead(in, distance, source->newest_us);
}

/* How a packet stands to those of its source that came before it. */
static enum place place(struct outgoing_source *source, const struct arrival *in)
{
	uint16_t step = (uint16_t)(in->seq - (uint16_t)source->highest);
	uint16_t behind = (uint16_t)-step;

	if (step != 0 && step < MAX_DROPOUT)
		return fits_newest(source, in, step) ? PLACE_NEWEST : PLACE_ANEW;
	if (behind >= MAX_DROPOUT || !fits_late(source, in, behind) || is_run(source, in))
		return PLACE_ANEW;
	return PLACE_LATE;
}

static void write_numbers(uint8_t *data, const struct arrival *in,
	const struct outgoing_source *source, const struct outgoing_stream *stream)
{
	rtp_set_seq(data, (uint16_t)(in->seq + source->seq_offset));
	rtp_set_timestamp(data, in->timestamp + source->timestamp_offset);
	rtp_set_ssrc(data, stream->ssrc);
}

/* The stream is to be begun, or gone on with, anew. */
static void take_anew(struct outgoing_source *source, struct outgoing_stream *stream,
	const struct arrival *in, uint8_t *data)
{
	bool first = !stream->started;

	join(source, stream, in);
	/* A marker is the end of a picture in video, and of a talkspurt's silence in audio. */
	if (!first && !in->video && !in->event)
		data[1] |= RTP_MARKER;
}

bool outgoing_packet(struct outgoing *outgoing, const struct outgoing_clock *clock,
	uint8_t *data, size_t len, uint64_t now_us)
{
	const struct arrival in = {
		.ssrc = rtp_ssrc(data),
		.timestamp = rtp_timestamp(data),
		.seq = rtp_seq(data),
		.video = clock->rate == VIDEO_RATE,
		.event = len == RTP_HEADER + EVENT_LEN,
		.strict = clock->rate == clock->rate_most && clock->rate != VIDEO_RATE,
		.clock = clock,
		.now_us = now_us,
	};
	struct outgoing_source *source = find_source(outgoing, in.ssrc);
	struct outgoing_stream *stream = NULL;
	enum place where = PLACE_ANEW;
	uint64_t heard_us;

	if (!source) {
		source = add_source(outgoing, in.ssrc);
		source->since_us = now_us;
	}
	outgoing->last = source->index;
	heard_us = source->heard_us;
	source->heard_us = now_us;
	if (source->stream != OUTGOING_NONE)
		stream = stream_at(outgoing, source->stream);
	if (!stream || stream->source != outgoing->last)
		stream = choose_stream(outgoing, source, &in, heard_us);
	else if (source->mapped && !stream->broken)
		where = place(source, &in);
	switch (where) {
	case PLACE_NEWEST:
		advance(stream, (uint16_t)(in.seq - (uint16_t)source->highest));
		take_newest(source, &in, stream);
		break;
	case PLACE_LATE:
		if (!mark_late(stream, (uint16_t)((uint16_t)source->highest - in.seq)))
			return false;
		break;
	case PLACE_ANEW:
		take_anew(source, stream, &in, data);
		break;
	}
	outgoing->latest = stream->index;
	write_numbers(data, &in, source, stream);
	return true;
}

void outgoing_count(struct outgoing *outgoing, const uint8_t *data, size_t len)
{
	struct outgoing_stream *stream = stream_at(outgoing, outgoing->latest);

	stream->packets++;
	stream->octets += (uint32_t)rtp_payload_len(data, len);
}

void outgoing_renew(struct outgoing *outgoing)
{
	for (unsigned i = 0; i < outgoing_stream_count(outgoing); i++) {
		struct outgoing_stream *stream = stream_at(outgoing, i);

		stream->ssrc = new_ssrc(outgoing);
		stream->packets = stream->octets = 0;
		stream->lost_now = stream->lost_base = 0;
	}
}

void outgoing_follow(struct outgoing *outgoing, uint32_t after)
{
	for (unsigned i = 0; after && i < outgoing_stream_count(outgoing); i++) {
		struct outgoing_stream *stream = stream_at(outgoing, i);
		const uint16_t ahead = (uint16_t)(after - 1 - stream->highest);

		if (!stream->started) {
			stream->highest = (uint16_t)(after - 1);
			stream->follows = true;
		} else if (ahead > 0 && ahead < 0x8000) {
			advance(stream, ahead);
			stream->broken = true;
		}
	}
}

void outgoing_pause(struct outgoing *outgoing)
{
	for (unsigned i = 0; i < outgoing_stream_count(outgoing); i++)
		stream_at(outgoing, i)->broken = true;
}

/* ---- packets of our own ---- */

uint32_t outgoing_timestamp(
	const struct outgoing *outgoing, uint32_t rate, uint64_t now_us)
{
	const struct outgoing_stream *stream = outgoing_latest(outgoing);

	return stream->timestamp + (uint32_t)units(now_us - stream->sent_us, rate);
}

struct outgoing_numbers outgoing_insert(
	struct outgoing *outgoing, uint32_t rate, uint64_t now_us)
{
	struct outgoing_stream *stream = stream_at(outgoing, outgoing->latest);
	uint32_t timestamp;

	if (!stream->started) {
		uint64_t random = next_random(outgoing);

		start(stream, rate, (uint16_t)(random >> 32 & FIRST_SEQ_BITS),
			(uint32_t)random, now_us);
	}
	timestamp = stream->timestamp + (uint32_t)units(now_us - stream->sent_us, rate);
	stream->timestamp = timestamp;
	stream->sent_us = now_us;
	stream->broken = true;
	advance(stream, 1);
	return (struct outgoing_numbers){.ssrc = stream->ssrc,
		.timestamp = timestamp,
		.seq = (uint16_t)stream->highest};
}

/* ---- for RTCP ---- */

uint32_t outgoing_ssrc(const struct outgoing *outgoing)
{
	return outgoing_latest(outgoing)->ssrc;
}

const struct outgoing_stream *outgoing_of_source(
	struct outgoing *outgoing, uint32_t ssrc, const struct outgoing_source **ret)
{
	const struct outgoing_source *source = find_source(outgoing, ssrc);
	const struct outgoing_stream *stream;

	if (!source || source->stream == OUTGOING_NONE || !source->mapped)
		return NULL;
	stream = stream_at(outgoing, source->stream);
	if (stream->source != source->index)
		return NULL;
	*ret = source;
	return stream;
}

struct outgoing_stream *outgoing_of_stream(
	struct outgoing *outgoing, uint32_t ssrc, const struct outgoing_source **ret)
{
	for (unsigned i = 0; i < outgoing_stream_count(outgoing); i++) {
		struct outgoing_stream *stream = stream_at(outgoing, i);
		const struct outgoing_source *source;

		if (stream->ssrc != ssrc || stream->source == OUTGOING_NONE)
			continue;
		source = source_at(outgoing, stream->source);
		if (!source->mapped)
			return NULL;
		*ret = source;
		return stream;
	}
	return NULL;
}

bool outgoing_source_seq(const struct outgoing_stream *stream,
	const struct outgoing_source *source, uint16_t seq, uint16_t *ret)
{
	uint16_t behind = (uint16_t)(stream->highest - seq);

	if (behind > stream->highest - stream->base)
		return false;
	*ret = (uint16_t)(seq - source->seq_offset);
	return true;
}

uint32_t outgoing_source_highest(const struct outgoing_source *source, uint32_t highest)
{
	uint16_t seq = (uint16_t)(highest - source->seq_offset);
	uint16_t behind = (uint16_t)((uint16_t)source->highest - seq);

	/* Nobody has heard of later ones than we. */
	return source->highest - behind;
}

bool outgoing_end(struct outgoing *outgoing, uint32_t ssrc, uint32_t *ret)
{
	const struct outgoing_source *source;
	const struct outgoing_stream *stream =
		outgoing_of_source(outgoing, ssrc, &source);
	unsigned index;

	if (!stream)
		return false;
	index = stream->index;
	*ret = stream->ssrc;
	for (unsigned i = 0; i < source_count(outgoing); i++)
		if (source_at(outgoing, i)->stream == index)
			forget_source(outgoing, source_at(outgoing, i));
	clear_stream(outgoing, index);
	return true;
}
