#include "media/rtcp.h"

#define HEADER 4
#define SENDER_INFO 20
#define REPORT_BLOCK 24
#define VERSION_BITS 0xc0
#define VERSION_2 0x80
#define PADDING_BIT 0x20
#define COUNT_BITS 0x1f

static uint32_t read32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

/* Bytes of the part at P, header included. */
static size_t part_len(const uint8_t *p)
{
	return ((size_t)p[2] << 8 | p[3]) * 4 + HEADER;
}

bool rtcp_is_valid(const uint8_t *data, size_t len)
{
	size_t offset = 0, part;

	if (len < HEADER + 4) /* a sender's SSRC at least */
		return false;
	while (offset < len) {
		const uint8_t *p = data + offset;

		if (len - offset < HEADER || (p[0] & VERSION_BITS) != VERSION_2 ||
			p[1] < 192 || p[1] > 223)
			return false;
		part = part_len(p);
		if (part > len - offset)
			return false;
		if ((p[0] & PADDING_BIT) && part != len - offset)
			return false;
		offset += part;
	}
	return true;
}

static void read_report(struct rtcp_report *report, uint32_t reporter, const uint8_t *p)
{
	int32_t lost = (int32_t)(read32(p + 4) & 0xffffff);

	report->reporter = reporter;
	report->source = read32(p);
	report->fraction_lost = p[4];
	report->lost = lost > 0x7fffff ? lost - 0x1000000 : lost; /* 24 bits, signed */
	report->highest_seq = read32(p + 8);
	report->jitter = read32(p + 12);
	report->last_sr = read32(p + 16);
	report->delay_last_sr = read32(p + 20);
}

size_t rtcp_reports(
	const uint8_t *data, size_t len, struct rtcp_report *reports, size_t max)
{
	size_t count = 0;

	for (size_t offset = 0; len - offset >= HEADER;
		offset += part_len(data + offset)) {
		const uint8_t *p = data + offset;
		size_t part = part_len(p), at = HEADER + 4;

		if (part > len - offset)
			break;
		if (p[1] != RTCP_SR && p[1] != RTCP_RR)
			continue;
		if (p[1] == RTCP_SR)
			at += SENDER_INFO;
		for (unsigned i = 0; i < (p[0] & COUNT_BITS) && count < max; i++) {
			if (at + REPORT_BLOCK > part)
				break;
			read_report(&reports[count++], read32(p + HEADER), p + at);
			at += REPORT_BLOCK;
		}
	}
	return count;
}
