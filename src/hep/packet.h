/*
 * One packet of HEP version 3 (EEP, "HEP3 Network Protocol Specification" of sipcapture.org): what a collector such as
 * Homer is told of one message. Pure; any thread.
 */
#pragma once

#include "base/addr.h"
#include "base/span.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What fits a datagram of UDP over IPv4; the format's own bound, 65535, is a little above. */
#define HEP_PACKET_MAX 65507

/* What the payload is: chunk 0x000b. Collectors know these beside others. */
enum hep_type {
	HEP_SIP = 1,
	HEP_RTCP = 5,  /* as JSON: rtcp_json.h */
	HEP_LOG = 100, /* a line of text */
};

struct hep_packet {
	enum hep_type type;
	uint8_t protocol; /* under the payload: IPPROTO_UDP, or IPPROTO_TCP for TLS too */
	struct addr source, destination; /* len 0: not known, shown as 0.0.0.0 */
	uint64_t wall_us;
	uint32_t capture_id;     /* whose packet it is: the collector's number for us */
	struct span key;         /* the collector's password; empty: none */
	struct span node;        /* our name; empty: none */
	struct span correlation; /* what belongs together has the same; empty: none */
	struct span payload;
};

/*
 * Writes PACKET to OUT and returns its bytes. Of key, node and correlation what is beyond 256 bytes is left
 * out; what of the payload does not fit is cut, and *RET_CUT says so.
 */
size_t hep_packet_write(uint8_t out[static HEP_PACKET_MAX],
	const struct hep_packet *packet, bool *ret_cut);

/* The length that the packet at DATA says it has; 6 bytes at least are there. */
static inline size_t hep_packet_len(const uint8_t *data)
{
	return (size_t)data[4] << 8 | data[5];
}
