/*
 * RTCP: checks compound packets, reads the reports in them, writes our own. No state, no
 * I/O, any thread.
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

/* What a sender says of its own stream, RFC 3550 6.4.1. */
struct rtcp_sender {
	uint32_t ssrc;
	uint64_t ntp; /* seconds since 1900 in the upper half, fractions in the lower */
	uint32_t timestamp;
	uint32_t packets;
	uint32_t octets; /* of payload */
};

/* Reads the first SR of a valid compound packet. False: there is none. */
bool rtcp_sender(const uint8_t *data, size_t len, struct rtcp_sender *ret);

/* The middle 32 bits of an NTP time, as LSR has them. */
uint32_t rtcp_ntp_middle(uint64_t ntp);
/* WALL_US since 1970 as an NTP time. */
uint64_t rtcp_ntp(uint64_t wall_us);

/* Bytes that rtcp_write() takes at most. */
#define RTCP_WRITE_MAX 96
/* Characters of a CNAME. */
#define RTCP_CNAME_MAX 24

/*
 * Writes a compound packet: SR, with REPORT in it where that is not NULL, and SDES with
 * CNAME. Returns its length, a multiple of 4.
 */
size_t rtcp_write(uint8_t out[static RTCP_WRITE_MAX], const struct rtcp_sender *sender,
	const struct rtcp_report *report, const char *cname);
