/*
 * RTCP that passed: whatever is valid can be read, and what we make of it is valid, says what
 * it was told to say, and is never longer than its room. The same of its translation, in which
 * no SSRC of the other side is left.
 */
#include "fuzz.h"
#include "media/report.h"
#include "media/rtp.h"
#include "media/translator.h"

#define REPORTS_MAX 40

static void write_again(
	const struct rtcp_sender *sender, const struct rtcp_report *report)
{
	uint8_t out[RTCP_WRITE_MAX];
	struct rtcp_sender again;
	struct rtcp_report reports[2];
	size_t len = rtcp_write(out, sender, report, "0123456789abcdef01234567");

	MUST(len <= sizeof(out) && len % 4 == 0 && rtcp_is_valid(out, len));
	MUST(rtcp_sender(out, len, &again));
	MUST(again.ssrc == sender->ssrc && again.ntp == sender->ntp &&
		again.timestamp == sender->timestamp &&
		again.packets == sender->packets && again.octets == sender->octets);
	MUST(rtcp_reports(out, len, reports, 2) == (report ? 1 : 0));
	if (report)
		MUST(reports[0].source == report->source &&
			reports[0].lost == report->lost &&
			reports[0].highest_seq == report->highest_seq &&
			reports[0].jitter == report->jitter &&
			reports[0].last_sr == report->last_sr);
}

static void answer(const uint8_t *data, size_t len)
{
	struct report report = {0};
	struct quality quality = {.started = 1, .ssrc = 7, .max_seq = 9, .received = 3};
	const struct report_facts facts = {.now_us = 20000000,
		.wall_us = 1700000000000000,
		.ssrc = 7,
		.sent_us = 19000000,
		.packets = 5,
		.octets = 800,
		.back = &quality,
		.cname = "cname"};
	uint8_t out[RTCP_WRITE_MAX];
	size_t made;

	report_passed(&report, data, len, 1000000);
	report_heard(&report, data, len, 1000500);
	made = report_make(&report, &facts, out);
	MUST(made <= sizeof(out) && rtcp_is_valid(out, made));
}

/* SSRCs of sources are small numbers, as a corpus has them; ours, by these seeds, are not. */
static void start(struct outgoing *outgoing, uint64_t seed)
{
	static const struct outgoing_clock clock = {8000, 8000};
	uint8_t packet[RTP_HEADER] = {0x80};

	outgoing_init(outgoing, seed);
	for (uint32_t i = 1; i < 6; i++) {
		rtp_set_seq(packet, (uint16_t)(10 * i));
		rtp_set_ssrc(packet, i);
		MUST(outgoing_packet(
			outgoing, &clock, packet, sizeof(packet), 600000 * i));
	}
}

/* The streams of BACK are named by small numbers too, so that the data finds them. */
static void name_streams(struct outgoing *back)
{
	for (uint32_t i = 0; i < outgoing_stream_count(back); i++)
		if (i < OUTGOING_FEW_STREAMS)
			back->streams[i].ssrc = 0x100 + i;
		else
			back->more->streams[i - OUTGOING_FEW_STREAMS].ssrc = 0x100 + i;
}

static void check_translated(const struct outgoing *forward,
	const struct translator *translator, const uint8_t *out, size_t len)
{
	struct rtcp_report reports[REPORTS_MAX];
	size_t count = rtcp_reports(out, len, reports, REPORTS_MAX);

	for (size_t i = 0; i < count; i++) {
		bool ours = false;

		MUST(reports[i].source > 0 && reports[i].source < 6);
		for (unsigned j = 0; j < outgoing_stream_count(forward); j++)
			ours |= reports[i].reporter == outgoing_stream(forward, j)->ssrc;
		for (unsigned j = 0; j < translator->ended_count; j++)
			ours |= reports[i].reporter == translator->ended[j];
		MUST(ours);
	}
}

static void translate(const uint8_t *data, size_t len)
{
	struct outgoing forward, back;
	struct translator translator = {
		.forward = &forward, .back = &back, .cname = "0123456789abcdef01234567"};
	uint8_t out[1400 + 1] = {0};
	size_t room = len % 1401, made;

	start(&forward, 1);
	start(&back, 2);
	name_streams(&back);
	for (unsigned i = 0; i < 2; i++) {
		made = translator_rtcp(&translator, data, len, out, i == 0 ? 1400 : room);
		MUST(made <= (i == 0 ? 1400 : room) && made % 4 == 0);
		MUST(out[1400] == 0);
		MUST(translator.ended_count <= TRANSLATOR_ENDS);
		if (made == 0)
			continue;
		MUST(rtcp_is_valid(out, made));
		check_translated(&forward, &translator, out, made);
	}
	outgoing_clear(&forward);
	outgoing_clear(&back);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rtcp_report reports[REPORTS_MAX];
	struct rtcp_sender sender;
	size_t count;

	if (!rtcp_is_valid(data, size))
		return 0;
	MUST(size % 4 == 0 && size >= 8);
	count = rtcp_reports(data, size, reports, REPORTS_MAX);
	MUST(count <= REPORTS_MAX);
	if (rtcp_sender(data, size, &sender))
		write_again(&sender, count > 0 ? &reports[0] : NULL);
	answer(data, size);
	translate(data, size);
	return 0;
}
