#include "media/rtcp.h"

#include <string.h>

#define HEADER 4
#define SENDER_INFO 20
#define REPORT_BLOCK 24
#define VERSION_BITS 0xc0
#define VERSION_2 0x80
#define PADDING_BIT 0x20
#define COUNT_BITS 0x1f
#define SDES_CNAME 1
/* From 1900, where NTP begins, to 1970. */
#define NTP_OFFSET_S UINT64_C(2208988800)

static uint32_t read32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static uint8_t *write16(uint8_t *p, uint16_t value)
{
	p[0] = (uint8_t)(value >> 8);
	p[1] = (uint8_t)value;
	return p + 2;
}

static uint8_t *write32(uint8_t *p, uint32_t value)
{
	return write16(write16(p, (uint16_t)(value >> 16)), (uint16_t)value);
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

bool rtcp_sender(const uint8_t *data, size_t len, struct rtcp_sender *ret)
{
	for (size_t offset = 0; len - offset >= HEADER;
		offset += part_len(data + offset)) {
		const uint8_t *p = data + offset;
		size_t part = part_len(p);

		if (part > len - offset)
			break;
		if (p[1] != RTCP_SR || part < HEADER + 4 + SENDER_INFO)
			continue;
		ret->ssrc = read32(p + 4);
		ret->ntp = (uint64_t)read32(p + 8) << 32 | read32(p + 12);
		ret->timestamp = read32(p + 16);
		ret->packets = read32(p + 20);
		ret->octets = read32(p + 24);
		return true;
	}
	return false;
}

uint32_t rtcp_ntp_middle(uint64_t ntp)
{
	return (uint32_t)(ntp >> 16);
}

uint64_t rtcp_ntp(uint64_t wall_us)
{
	return (wall_us / 1000000 + NTP_OFFSET_S) << 32 |
	       (wall_us % 1000000 << 32) / 1000000;
}

static uint8_t *write_header(uint8_t *p, unsigned count, enum rtcp_type type, size_t part)
{
	p[0] = (uint8_t)(VERSION_2 | count);
	p[1] = (uint8_t)type;
	return write16(p + 2, (uint16_t)(part / 4 - 1));
}

static uint8_t *write_report(uint8_t *p, const struct rtcp_report *report)
{
	p = write32(p, report->source);
	p = write32(p, (uint32_t)report->fraction_lost << 24 |
			       ((uint32_t)report->lost & 0xffffff));
	p = write32(p, report->highest_seq);
	p = write32(p, report->jitter);
	p = write32(p, report->last_sr);
	return write32(p, report->delay_last_sr);
}

/* RFC 3550 6.5: a chunk ends with one zero byte at least, on a multiple of four. */
static uint8_t *write_cname(uint8_t *p, uint32_t ssrc, const char *cname)
{
	size_t len = strnlen(cname, RTCP_CNAME_MAX);
	size_t chunk = (4 + 2 + len + 1 + 3) / 4 * 4;
	uint8_t *at = write32(write_header(p, 1, RTCP_SDES, HEADER + chunk), ssrc);

	memset(at, 0, chunk - 4);
	at[0] = SDES_CNAME;
	at[1] = (uint8_t)len;
	memcpy(at + 2, cname, len);
	return p + HEADER + chunk;
}

size_t rtcp_write(uint8_t out[static RTCP_WRITE_MAX], const struct rtcp_sender *sender,
	const struct rtcp_report *report, const char *cname)
{
	size_t part = HEADER + 4 + SENDER_INFO + (report ? REPORT_BLOCK : 0);
	uint8_t *p = write_header(out, report ? 1 : 0, RTCP_SR, part);

	p = write32(p, sender->ssrc);
	p = write32(p, (uint32_t)(sender->ntp >> 32));
	p = write32(p, (uint32_t)sender->ntp);
	p = write32(p, sender->timestamp);
	p = write32(p, sender->packets);
	p = write32(p, sender->octets);
	if (report)
		p = write_report(p, report);
	return (size_t)(write_cname(p, sender->ssrc, cname) - out);
}
