/*
 * UDPTL, which carries T.38 fax: whether a datagram is one. Pure functions, any thread.
 *
 * ITU-T T.38 9.1 and annex A, in aligned PER: a sequence number, a primary IFP packet, and
 * either copies of earlier packets or forward error correction. All lengths must come out at
 * the datagram's end. What is in the packets is for the far ends: it differs between versions of
 * T.38.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* More packets of error recovery than this are none that anybody sends. */
#define UDPTL_RECOVERY_MAX 64

struct udptl {
	uint16_t seq;
	size_t primary_len; /* bytes of the IFP packet; at least 1 */
	bool fec;           /* error recovery is forward error correction, not copies */
	unsigned fec_span;  /* packets that it covers */
	unsigned recovery;  /* copies, or packets of error correction */
};

/* False: DATA is no UDPTL, and *RET is untouched. */
bool udptl_parse(const uint8_t *data, size_t len, struct udptl *ret);
