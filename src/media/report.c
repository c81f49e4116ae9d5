#include "media/report.h"

/* Blocks of one compound packet that are looked at. */
#define BLOCKS 8
/* A round trip above a minute is a mistake of the far end's. */
#define ROUND_TRIP_MAX_US 60000000

/* Units of 1/65536 s, which last 18 hours. */
static uint64_t units_us(uint32_t units)
{
	return (uint64_t)units * 1000000 / 65536;
}

static uint32_t us_units(uint64_t us)
{
	return us < UINT64_C(65535) * 1000000 ? (uint32_t)(us * 65536 / 1000000)
					      : UINT32_MAX;
}

static void take_block(
	struct report *report, const struct rtcp_report *block, uint64_t now_us)
{
	uint64_t away_us, held_us = units_us(block->delay_last_sr);

	report->far_fraction_lost = block->fraction_lost;
	report->far_lost = block->lost;
	report->far_jitter = block->jitter;
	if (block->last_sr == 0 || block->last_sr != report->sent_middle)
		return;
	away_us = now_us - report->sent_us;
	/* Rounding makes a far end on the same machine answer before it was asked. */
	if (away_us < held_us)
		away_us = held_us;
	if (away_us - held_us < ROUND_TRIP_MAX_US)
		report->round_trip_us = (uint32_t)(away_us - held_us);
}

void report_heard(struct report *report, const uint8_t *data, size_t len, uint64_t now_us)
{
	struct rtcp_report blocks[BLOCKS];
	struct rtcp_sender sender;
	size_t count = rtcp_reports(data, len, blocks, BLOCKS);

	report->heard_us = now_us;
	if (rtcp_sender(data, len, &sender)) {
		report->heard_middle = rtcp_ntp_middle(sender.ntp);
		report->heard_sr_us = now_us;
	}
	for (size_t i = 0; i < count; i++)
		take_block(report, &blocks[i], now_us);
}

void report_passed(
	struct report *report, const uint8_t *data, size_t len, uint64_t now_us)
{
	struct rtcp_sender sender;

	if (!rtcp_sender(data, len, &sender))
		return;
	report->sent_middle = rtcp_ntp_middle(sender.ntp);
	report->sent_us = now_us;
}

bool report_due(const struct report *report, const struct report *other,
	const struct report_facts *facts)
{
	if (facts->packets == 0)
		return false;
	if (facts->now_us - other->heard_us < REPORT_SILENCE_US ||
		facts->now_us - report->made_us < REPORT_INTERVAL_US)
		return false;
	/* A stream that has stopped is not reported on: it may be on hold. */
	return facts->now_us - facts->sent_us < REPORT_INTERVAL_US;
}

/* RFC 3550 A.3. */
static void tell_loss(
	struct report *report, const struct quality *back, struct rtcp_report *block)
{
	uint64_t lost = quality_lost(back) - back->ended_lost; /* this SSRC's */
	uint64_t expected = back->received + lost;
	uint64_t new_expected = expected - report->told_expected;
	uint64_t new_received = back->received - report->told_received;

	if (expected < report->told_expected || back->received < report->told_received)
		new_expected = new_received = 0; /* another SSRC since */
	report->told_expected = expected;
	report->told_received = back->received;
	block->lost = lost < 0x7fffff ? (int32_t)lost : 0x7fffff;
	if (new_expected > new_received)
		block->fraction_lost =
			(uint8_t)((new_expected - new_received) * 255 / new_expected);
}

size_t report_make(struct report *report, const struct report_facts *facts,
	uint8_t out[static RTCP_WRITE_MAX])
{
	const struct quality *back = facts->back;
	struct rtcp_sender sender = {
		.ssrc = facts->ssrc,
		.ntp = rtcp_ntp(facts->wall_us),
		.timestamp = facts->timestamp,
		.packets = facts->packets,
		.octets = facts->octets,
	};
	struct rtcp_report block = {.source = back->ssrc};

	if (back->started) {
		tell_loss(report, back, &block);
		block.highest_seq = quality_highest(back);
		block.jitter = back->jitter >> 4;
		block.last_sr = report->heard_middle;
		if (report->heard_middle)
			block.delay_last_sr =
				us_units(facts->now_us - report->heard_sr_us);
	}
	report->made_us = facts->now_us;
	report->sent_us = facts->now_us;
	report->sent_middle = report->made_middle = rtcp_ntp_middle(sender.ntp);
	return rtcp_write(out, &sender, back->started ? &block : NULL, facts->cname);
}
