/*
 * RTCP: checks compound packets and reads the reports in them. No state, no I/O, any
 * thread.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum rtcp_type {
	RTCP_SR = 200,
	RTCP_RR = 201,
	RTCP_SDES = 202,
	RTCP_BYE = 203,
	RTCP_APP = 204,
	RTCP_RTPFB = 205, /* RFC 4585 */
	RTCP_PSFB = 206,
	RTCP_XR = 207, /* RFC 3611 */
};

/*
 * Whether LEN bytes are one compound RTCP packet in clear: version 2 throughout, types
 * 192 to 223 (RFC 5761 4), lengths that add up, padding in the last part alone (RFC 3550
 * A.2). A first part other than SR or RR is allowed, as RFC 5506 does.
 */
bool rtcp_is_valid(const uint8_t *data, size_t len);

/* What the reporter says of one source that it hears, RFC 3550 6.4.1. */
struct rtcp_report {
	uint32_t reporter;     /* SSRC */
	uint32_t source;       /* SSRC that the report is about */
	uint8_t fraction_lost; /* of 256, since the last report */
	int32_t lost;          /* since the beginning, duplicates set off */
	uint32_t highest_seq;
	uint32_t jitter;        /* RTP clock units */
	uint32_t last_sr;       /* middle 32 bits of an NTP time; 0: none */
	uint32_t delay_last_sr; /* 1/65536 s */
};

/*
 * Reads up to MAX report blocks of the SR and RR parts of a valid compound packet.
 * Returns how many.
 */
size_t rtcp_reports(
	const uint8_t *data, size_t len, struct rtcp_report *reports, size_t max);
