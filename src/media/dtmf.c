#include "media/dtmf.h"

#include "media/rtp.h"

#include <string.h>

#define PAYLOAD 4 /* of one event */
#define END 0x80
/* -10 dBm0, as most send them. */
#define VOLUME 10
#define DURATION_MAX 0xffff
/* RFC 4733 2.5.1.4: the end is sent three times in all. */
#define ENDS 3
/* What is older than this many seconds is no late packet: timestamps began anew. */
#define LATE_S 5

/* Whether timestamp A is before B, over a wrap too. */
static bool is_before(uint32_t a, uint32_t b)
{
	return (int32_t)(a - b) < 0;
}

const struct dtmf_format *dtmf_format(const struct dtmf_terms *terms, uint8_t type)
{
	for (unsigned i = 0; i < terms->count; i++)
		if (terms->formats[i].type == type)
			return &terms->formats[i];
	return NULL;
}

/* ---- hearing ---- */

/* The payload of a packet whose header is whole: behind sources and extension. NULL: there is no
 * event in it. */
static const uint8_t *find_payload(const uint8_t *data, size_t len)
{
	size_t header = rtp_header_len(data);

	return len >= header + PAYLOAD ? data + header : NULL;
}

static bool is_too_many(struct dtmf_reader *reader, uint64_t now_us)
{
	if (reader->told == 0 || now_us - reader->second_us >= 1000000) {
		reader->second_us = now_us;
		reader->told = 0;
	}
	if (reader->told == DTMF_PER_SECOND) {
		reader->lost++;
		return true;
	}
	reader->told++;
	return false;
}

/* Ends the digit under way, if there is one. Returns how many digits that makes. */
static unsigned end_digit(
	struct dtmf_reader *reader, uint64_t now_us, struct dtmf_digit *ret)
{
	uint64_t ms;

	if (!reader->active)
		return 0;
	reader->active = false;
	if (is_too_many(reader, now_us))
		return 0;
	ms = ((uint64_t)reader->before + reader->duration) * 1000 / reader->rate;
	ret->event = reader->event;
	ret->duration_ms = (uint16_t)(ms < UINT16_MAX ? ms : UINT16_MAX);
	return 1;
}

static void begin_digit(struct dtmf_reader *reader, const struct dtmf_format *format,
	const uint8_t *data, uint8_t event)
{
	reader->known = true;
	reader->active = true;
	reader->event = event;
	reader->duration = 0;
	reader->before = 0;
	reader->timestamp = rtp_get32(data + 4);
	reader->ssrc = rtp_get32(data + 8);
	reader->rate = format->rate;
}

enum place { PLACE_LATE, PLACE_SAME, PLACE_SEGMENT, PLACE_NEW };

/* How a packet stands to the latest event: its timestamp is what tells events apart. */
static enum place place(
	const struct dtmf_reader *reader, const uint8_t *data, uint8_t event)
{
	uint32_t timestamp = rtp_get32(data + 4);
	uint32_t behind = reader->timestamp - timestamp;

	if (!reader->known || rtp_get32(data + 8) != reader->ssrc)
		return PLACE_NEW;
	if (behind == 0)
		return reader->active && event == reader->event ? PLACE_SAME : PLACE_LATE;
	if (behind < LATE_S * reader->rate)
		return PLACE_LATE;
	/* RFC 4733 2.5.1.3: an event that is longer than its field goes on. */
	if (reader->active && event == reader->event &&
		timestamp - reader->timestamp == DURATION_MAX)
		return PLACE_SEGMENT;
	return PLACE_NEW;
}

unsigned dtmf_reader_packet(struct dtmf_reader *reader, const struct dtmf_format *format,
	const uint8_t *data, size_t len, uint64_t now_us, struct dtmf_digit ret[static 2])
{
	const uint8_t *payload = find_payload(data, len);
	unsigned count = 0;

	if (!payload || payload[0] >= DTMF_EVENTS)
		return 0;
	switch (place(reader, data, payload[0])) {
	case PLACE_LATE:
		return 0;
	case PLACE_SAME:
		break;
	case PLACE_SEGMENT:
		reader->before += DURATION_MAX;
		reader->duration = 0;
		reader->timestamp += DURATION_MAX;
		break;
	case PLACE_NEW:
		count = end_digit(reader, now_us, ret);
		begin_digit(reader, format, data, payload[0]);
		break;
	}
	/* Updates may overtake each other. */
	if (rtp_get16(payload + 2) > reader->duration)
		reader->duration = rtp_get16(payload + 2);
	reader->heard_us = now_us;
	if (payload[1] & END)
		count += end_digit(reader, now_us, ret + count);
	return count;
}

bool dtmf_reader_expire(
	struct dtmf_reader *reader, uint64_t now_us, struct dtmf_digit *ret)
{
	return reader->active && now_us - reader->heard_us >= DTMF_SILENCE_US &&
	       end_digit(reader, now_us, ret) == 1;
}

/* ---- playing ---- */

static struct dtmf_digit take_front(struct dtmf_player *player)
{
	struct dtmf_digit digit = player->queue[player->first].digit;

	player->first = (player->first + 1) % DTMF_QUEUE;
	player->count--;
	return digit;
}

void dtmf_player_add(
	struct dtmf_player *player, const struct dtmf_digit *digit, uint64_t now_us)
{
	struct dtmf_waiting *waiting =
		&player->queue[(player->first + player->count) % DTMF_QUEUE];

	if (player->count == DTMF_QUEUE) {
		player->lost++;
		return;
	}
	*waiting = (struct dtmf_waiting){
		.since_ms = (uint32_t)(now_us / 1000), .digit = *digit};
	if (digit->duration_ms < DTMF_SHORTEST_MS)
		waiting->digit.duration_ms = DTMF_SHORTEST_MS;
	if (digit->duration_ms > DTMF_LONGEST_MS)
		waiting->digit.duration_ms = DTMF_LONGEST_MS;
	player->count++;
}

/* The audio's own timestamps are the clock. Another stream begins them anew; what played into the
 * one before is over for the far end, which has its beginning. */
static void follow(struct dtmf_player *player, uint32_t audio_rate, const uint8_t *data)
{
	uint32_t timestamp = rtp_get32(data + 4), ssrc = rtp_get32(data + 8);
	uint32_t step = timestamp - player->latest;

	if (!player->known || ssrc != player->ssrc) {
		player->known = true;
		player->playing = false;
		player->resting = false;
		player->ssrc = ssrc;
		player->latest = timestamp;
		player->step = audio_rate / 50;
		return;
	}
	if (step > 0 && step <= audio_rate / 5)
		player->step = step;
	if (is_before(player->latest, timestamp))
		player->latest = timestamp;
	if (player->resting && !is_before(timestamp, player->rest))
		player->resting = false;
}

/* What waited while nothing could be sent is worth nothing to whoever asked for it. */
void dtmf_player_expire(struct dtmf_player *player, uint64_t now_us)
{
	uint64_t quiet_ms = (now_us - player->moved_us) / 1000;

	while (quiet_ms >= DTMF_EXPIRY_MS && player->count > 0 &&
		(uint32_t)(now_us / 1000) - player->queue[player->first].since_ms >=
			DTMF_EXPIRY_MS) {
		take_front(player);
		player->lost++;
	}
}

/* The digit's length in units of RATE, as far as its field can say. */
static uint32_t units(const struct dtmf_digit *digit, uint32_t rate)
{
	uint64_t all = (uint64_t)digit->duration_ms * rate / 1000;

	return all < DURATION_MAX ? (uint32_t)all : DURATION_MAX;
}

static void write_event(const struct dtmf_player *player, struct dtmf_format format,
	uint32_t duration, bool begins, uint8_t *data)
{
	uint8_t *payload = data + RTP_HEADER;

	data[0] = 0x80; /* no sources, extension or padding */
	data[1] = (uint8_t)(format.type | (begins ? RTP_MARKER : 0));
	rtp_put32(data + 4, player->start);
	payload[0] = player->digit.event;
	payload[1] = (uint8_t)(VOLUME | (player->ends > 0 ? END : 0));
	rtp_put16(payload + 2, duration);
}

static void end_playing(struct dtmf_player *player, uint32_t audio_rate)
{
	uint64_t ms = player->digit.duration_ms + DTMF_PAUSE_MS;

	player->playing = false;
	player->resting = true;
	player->rest = player->start + (uint32_t)(ms * audio_rate / 1000);
}

/* The event's packet for what is sent at TIMESTAMP, if a digit is to be played then. False:
 * there is none. */
static bool play(struct dtmf_player *player, const struct dtmf_terms *terms,
	uint32_t timestamp, uint8_t *data)
{
	const struct dtmf_format format = terms->formats[0];
	bool begins = !player->playing;
	uint64_t played;
	uint32_t all;

	if (begins ? player->resting || player->count == 0
		   : is_before(timestamp, player->start))
		return false;
	if (begins) {
		player->digit = take_front(player);
		player->playing = true;
		player->start = timestamp;
		player->ends = 0;
	}
	/* To the end of what this packet stands for. */
	played = (uint64_t)(timestamp - player->start + player->step) * format.rate /
		 terms->audio_rate;
	all = units(&player->digit, format.rate);
	if (player->ends > 0 || played >= all) {
		player->ends++;
		played = all;
	}
	write_event(player, format, (uint32_t)played, begins, data);
	if (player->ends == ENDS)
		end_playing(player, terms->audio_rate);
	return true;
}

size_t dtmf_player_packet(struct dtmf_player *player, const struct dtmf_terms *terms,
	uint8_t *data, size_t len, uint64_t now_us)
{
	uint32_t timestamp = rtp_timestamp(data);

	follow(player, terms->audio_rate, data);
	dtmf_player_expire(player, now_us);
	player->audio_us = player->moved_us = now_us;
	if (len < DTMF_PACKET || !play(player, terms, timestamp, data))
		return len;
	return DTMF_PACKET;
}

/* ---- playing alone ---- */

bool dtmf_player_busy(const struct dtmf_player *player)
{
	return player->playing || player->count > 0;
}

bool dtmf_player_alone(const struct dtmf_player *player, uint64_t now_us)
{
	return player->audio_us == 0 || now_us - player->audio_us >= DTMF_ALONE_US;
}

bool dtmf_player_ready(struct dtmf_player *player, uint32_t timestamp)
{
	if (player->resting && !is_before(timestamp, player->rest))
		player->resting = false;
	return player->playing || (player->count > 0 && !player->resting);
}

void dtmf_player_make(struct dtmf_player *player, const struct dtmf_terms *terms,
	uint8_t *data, uint64_t now_us)
{
	follow(player, terms->audio_rate, data);
	player->step = terms->audio_rate / 50;
	player->moved_us = now_us;
	(void)play(player, terms, rtp_timestamp(data), data);
}

static const struct saved_field format_fields[] = {
	SAVED_FIELD(struct dtmf_format, type),
	SAVED_FIELD(struct dtmf_format, rate),
	SAVED_END,
};

const struct saved_field dtmf_terms_fields[] = {
	SAVED_BELOW(struct dtmf_terms, count, DTMF_FORMATS + 1),
	SAVED_LIST(struct dtmf_terms, formats, SAVED_IS_STRUCT, format_fields),
	SAVED_FIELD(struct dtmf_terms, audio_rate),
	SAVED_END,
};
