/*
 * Loss, order and jitter of a received RTP stream: RFC 3550 A.1, A.3 and A.8. Of SSRCs that
 * live at once the latest that began is measured. No time is read here; owned by the worker of
 * the stream.
 */
#pragma once

#include <stdint.h>

/* SSRCs that were measured before, to know them again while they live. */
#define QUALITY_OTHERS 8
#define QUALITY_SILENT_US 500000

struct quality {
	uint32_t ssrc;
	uint32_t ssrc_changes;
	uint64_t ended_lost; /* of SSRCs and sequences that ended */
	uint64_t received;   /* of the present sequence, duplicates left out */
	uint64_t late;       /* came after one that was sent later */
	uint64_t duplicates; /* came before */
	uint64_t window; /* a bit each for max_seq (bit 0) and the 63 before it: came */
	uint32_t base_seq;
	uint32_t cycles; /* wraps of the sequence number, shifted by 16 */
	uint32_t bad_seq;
	uint16_t max_seq;
	uint8_t payload_type;
	uint8_t started;
	uint32_t transit;
	uint32_t timestamp;
	uint32_t jitter;   /* in RTP clock units, times 16 */
	uint32_t clock;    /* of the latest payload type, Hz */
	uint64_t heard_us; /* the latest packet of this SSRC */
	/* QUALITY_OTHERS, made with the second SSRC: most streams have one. Owned; NULL: none. */
	struct quality_other *others;
};

struct quality_other {
	uint32_t ssrc;
	uint64_t heard_us; /* 0: none */
};

struct quality_packet {
	uint32_t ssrc;
	uint32_t timestamp;
	uint16_t seq;
	uint8_t payload_type;
	uint32_t clock; /* its RTP clock, Hz */
	uint64_t arrival_us;
};

/* Frees what it holds, and makes it zero. */
void quality_clear(struct quality *quality);
/* Counts one authentic packet. A zeroed struct quality is ready for use. */
void quality_packet(struct quality *quality, const struct quality_packet *packet);
/* The highest sequence number with its wraps above it, as reports name it. */
uint32_t quality_highest(const struct quality *quality);
/* Packets that never came. */
uint64_t quality_lost(const struct quality *quality);
uint32_t quality_jitter_us(const struct quality *quality);
/* RFC 3551's RTP clock in Hz; 8000 for dynamic types. */
uint32_t quality_clock_rate(uint8_t payload_type);
