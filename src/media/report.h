/*
 * The RTCP of one end of a stream: what its reports say, how long a packet to it and back
 * takes, and the reports that we make toward it where the other end makes none. No I/O, no
 * clock; owned by the worker of the stream.
 *
 * RTCP is relayed, so an end reports about the packets that the other end sent. We know
 * when we passed a sender report on; the receiver's answer names it, and so the way between
 * us and that end can be measured without reports of our own (RFC 3550 6.4.1).
 */
#pragma once

#include "media/quality.h"
#include "media/rtcp.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* An end that was silent for so long is taken to make no reports. */
#define REPORT_SILENCE_US 10000000
/* Between two of ours: RFC 3550 6.2's least. */
#define REPORT_INTERVAL_US 5000000

/* Of one end; zeroed it has heard and sent nothing. Times are monotonic. */
struct report {
	uint64_t heard_us;     /* its last RTCP; before that, since when it might have */
	uint32_t heard_middle; /* its last SR's NTP time, for LSR */
	uint64_t heard_sr_us;
	uint32_t sent_middle; /* the last SR that left toward it */
	uint64_t sent_us;
	uint64_t made_us;       /* the last report of our own toward it */
	uint32_t round_trip_us; /* between us and it; 0: not known */
	/* What it hears of the other end's stream. */
	uint8_t far_fraction_lost; /* of 256 */
	int32_t far_lost;
	uint32_t far_jitter;                   /* RTP clock units */
	uint32_t made_middle;                  /* the NTP time of that one */
	uint64_t told_expected, told_received; /* what our last report was about */
};

/* Authentic, valid RTCP came from the end. */
void report_heard(
	struct report *report, const uint8_t *data, size_t len, uint64_t now_us);
/* The same packet leaves toward the end of REPORT. */
void report_passed(
	struct report *report, const uint8_t *data, size_t len, uint64_t now_us);

/* What a report of ours is made of. */
struct report_facts {
	uint64_t now_us, wall_us;
	/* The stream of ours toward the end: */
	uint32_t ssrc;
	uint32_t timestamp;         /* of now */
	uint32_t packets, octets;   /* that left, so far */
	uint64_t sent_us;           /* when the last one did */
	const struct quality *back; /* what the end itself sends */
	const char *cname;
};

/* Whether a report toward the end is due: OTHER, the report of the other end, is silent. */
bool report_due(const struct report *report, const struct report *other,
	const struct report_facts *facts);
/* Makes it. Returns its length. */
size_t report_make(struct report *report, const struct report_facts *facts,
	uint8_t out[static RTCP_WRITE_MAX]);
