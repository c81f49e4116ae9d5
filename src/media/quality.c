#include "media/quality.h"

#include <stdbool.h>
#include <stdlib.h>

/* RFC 3550 A.1: a larger step forward or back is a restart of the sender. */
#define MAX_DROPOUT 3000
#define MAX_MISORDER 100
#define NO_BAD_SEQ (UINT16_MAX + 1U)
#define WINDOW_BITS 64

uint32_t quality_clock_rate(uint8_t payload_type)
{
	switch (payload_type) {
	case 6: /* DVI4 */
		return 16000;
	case 10: /* L16 */
	case 11:
		return 44100;
	case 16:
		return 11025;
	case 17:
		return 22050;
	case 14: /* MPA */
	case 25: /* video */
	case 26:
	case 28:
	case 31:
	case 32:
	case 33:
	case 34:
		return 90000;
	default:
		return 8000;
	}
}

static uint64_t sequence_lost(const struct quality *quality)
{
	uint64_t expected;

	if (!quality->started)
		return 0;
	expected = (uint64_t)quality->cycles + quality->max_seq - quality->base_seq + 1;
	return expected > quality->received ? expected - quality->received : 0;
}

uint64_t quality_lost(const struct quality *quality)
{
	return quality->ended_lost + sequence_lost(quality);
}

uint32_t quality_highest(const struct quality *quality)
{
	return quality->cycles + quality->max_seq;
}

uint32_t quality_jitter_us(const struct quality *quality)
{
	if (!quality->started)
		return 0;
	return (uint32_t)((uint64_t)quality->jitter * 1000000 / 16 / quality->clock);
}

static uint32_t transit_of(const struct quality_packet *packet)
{
	uint64_t clock = packet->clock;

	/* Seconds and the rest apart: the product must not overflow in years of uptime. */
	return (uint32_t)(packet->arrival_us / 1000000 * clock +
			  packet->arrival_us % 1000000 * clock / 1000000) -
	       packet->timestamp;
}

static void start_sequence(struct quality *quality, const struct quality_packet *packet)
{
	quality->ended_lost += sequence_lost(quality);
	quality->ssrc = packet->ssrc;
	quality->base_seq = packet->seq;
	quality->max_seq = packet->seq;
	quality->bad_seq = NO_BAD_SEQ;
	quality->cycles = 0;
	quality->window = 1;
	quality->received = 0;
	quality->payload_type = packet->payload_type;
	quality->clock = packet->clock;
	quality->timestamp = packet->timestamp;
	quality->transit = transit_of(packet);
	quality->started = 1;
}

/* One that is not the newest. False: it came before. What is older than the window cannot
 * be told, and counts as late. */
static bool update_late(struct quality *quality, uint16_t behind)
{
	uint64_t bit = behind < WINDOW_BITS ? UINT64_C(1) << behind : 0;

	if (quality->window & bit) {
		quality->duplicates++;
		return false;
	}
	quality->window |= bit;
	quality->late++;
	return true;
}

/* RFC 3550 A.1 without its probation: packets come from a pinned or authenticated source.
 * False: do not count this one. */
static bool update_sequence(struct quality *quality, const struct quality_packet *packet)
{
	uint16_t step = (uint16_t)(packet->seq - quality->max_seq);
	uint16_t behind = (uint16_t)-step;

	if (step != 0 && step < MAX_DROPOUT) {
		if (packet->seq < quality->max_seq)
			quality->cycles += UINT16_MAX + 1U;
		quality->max_seq = packet->seq;
		quality->window = step < WINDOW_BITS ? quality->window << step | 1 : 1;
		return true;
	}
	if (behind < MAX_MISORDER)
		return update_late(quality, behind);
	if (packet->seq != quality->bad_seq) {
		quality->bad_seq = (uint16_t)(packet->seq + 1);
		return false;
	}
	start_sequence(quality, packet);
	return true;
}

/* RFC 3550 A.8 in integers. Packets that share a timestamp (a telephone event's updates,
 * a video frame) are spread in time by their sender, so only the first of them counts. */
static void update_jitter(struct quality *quality, const struct quality_packet *packet)
{
	uint32_t transit = transit_of(packet);
	int32_t difference = (int32_t)(transit - quality->transit);
	uint32_t distance;

	if (packet->timestamp == quality->timestamp)
		return;
	quality->timestamp = packet->timestamp;
	quality->transit = transit;
	quality->payload_type = packet->payload_type;
	/* Another clock rate makes the two transit times incomparable, and what was measured
	 * is in its units. */
	if (packet->clock != quality->clock) {
		quality->jitter = (uint32_t)((uint64_t)quality->jitter * packet->clock /
					     quality->clock);
		quality->clock = packet->clock;
		return;
	}
	distance = difference < 0 ? 0U - (uint32_t)difference : (uint32_t)difference;
	quality->jitter += distance - ((quality->jitter + 8) >> 4);
}

/* True: PACKET is of an SSRC that was measured before, and has lived on beside the present one.
 * Without memory none is known to have. */
static bool lives_beside(struct quality *quality, const struct quality_packet *packet)
{
	struct quality_other *oldest;

	if (!quality->others)
		quality->others = calloc(QUALITY_OTHERS, sizeof(*quality->others));
	oldest = quality->others;
	if (!oldest)
		return false;
	for (unsigned i = 0; i < QUALITY_OTHERS; i++) {
		struct quality_other *other = &quality->others[i];

		if (other->heard_us && other->ssrc == packet->ssrc) {
			bool lives =
				packet->arrival_us - other->heard_us < QUALITY_SILENT_US;

			other->heard_us = lives ? packet->arrival_us : 0;
			return lives;
		}
		if (other->heard_us < oldest->heard_us)
			oldest = other;
	}
	*oldest = (struct quality_other){quality->ssrc, quality->heard_us};
	return false;
}

void quality_clear(struct quality *quality)
{
	free(quality->others);
	*quality = (struct quality){.others = NULL};
}

void quality_packet(struct quality *quality, const struct quality_packet *packet)
{
	if (quality->started && packet->ssrc != quality->ssrc &&
		lives_beside(quality, packet))
		return;
	quality->heard_us = packet->arrival_us;
	if (!quality->started || packet->ssrc != quality->ssrc) {
		if (quality->started)
			quality->ssrc_changes++;
		start_sequence(quality, packet);
		quality->jitter = 0;
		quality->received = 1;
		return;
	}
	if (!update_sequence(quality, packet))
		return;
	quality->received++;
	update_jitter(quality, packet);
}
