/*
 * The header of an RTP packet (RFC 3550 5.1), and numbers in network order. What is read here
 * must be there: rtp_is_whole() says so.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RTP_HEADER 12
#define RTP_MARKER 0x80 /* of the second byte */

static inline uint16_t rtp_get16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static inline uint32_t rtp_get32(const uint8_t *p)
{
	return (uint32_t)rtp_get16(p) << 16 | rtp_get16(p + 2);
}

static inline void rtp_put16(uint8_t *p, uint32_t value)
{
	p[0] = (uint8_t)(value >> 8);
	p[1] = (uint8_t)value;
}

static inline void rtp_put32(uint8_t *p, uint32_t value)
{
	rtp_put16(p, value >> 16);
	rtp_put16(p + 2, value);
}

static inline uint8_t rtp_type(const uint8_t *data)
{
	return data[1] & 0x7f;
}

static inline uint16_t rtp_seq(const uint8_t *data)
{
	return rtp_get16(data + 2);
}

static inline uint32_t rtp_timestamp(const uint8_t *data)
{
	return rtp_get32(data + 4);
}

static inline uint32_t rtp_ssrc(const uint8_t *data)
{
	return rtp_get32(data + 8);
}

static inline void rtp_set_seq(uint8_t *data, uint16_t seq)
{
	rtp_put16(data + 2, seq);
}

static inline void rtp_set_timestamp(uint8_t *data, uint32_t timestamp)
{
	rtp_put32(data + 4, timestamp);
}

static inline void rtp_set_ssrc(uint8_t *data, uint32_t ssrc)
{
	rtp_put32(data + 8, ssrc);
}

/* With sources and extension (RFC 3550 5.3.1). */
static inline size_t rtp_header_len(const uint8_t *data)
{
	size_t len = RTP_HEADER + 4 * (size_t)(data[0] & 0x0f);

	if (data[0] & 0x10)
		len += 4 + 4 * (size_t)rtp_get16(data + len + 2);
	return len;
}

/* Without padding. */
static inline size_t rtp_payload_len(const uint8_t *data, size_t len)
{
	return len - rtp_header_len(data) - (data[0] & 0x20 ? data[len - 1] : 0);
}

/* Whether the LEN bytes of DATA, in clear, are one whole packet of version 2. */
static inline bool rtp_is_whole(const uint8_t *data, size_t len)
{
	size_t header;

	if (len < RTP_HEADER || (data[0] & 0xc0) != 0x80)
		return false;
	header = RTP_HEADER + 4 * (size_t)(data[0] & 0x0f);
	if (len < header || (data[0] & 0x10 && len < header + 4))
		return false;
	header = rtp_header_len(data);
	if (len < header)
		return false;
	return !(data[0] & 0x20) || (data[len - 1] != 0 && data[len - 1] <= len - header);
}
