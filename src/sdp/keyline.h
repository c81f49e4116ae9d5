/*
 * Keys of SRTP for whoever may read what was captured of it on the wire, a line each, as text:
 *
 *   TIME CALL LEG LINE WAY LOCAL REMOTE TAG SUITE inline:KEY
 *   1764608400.123456 5f3c-00002a b 0 in 192.0.2.1:40000 198.51.100.7:30000 1 AES_CM_128_HMAC_SHA1_80 inline:WVNf...
 *
 * TIME is when it was agreed, seconds since 1970; LEG "a" or "b", as records have them; LINE the media line, from 0; WAY "in": what
 * came to LOCAL, our port of RTP, or "out": what left from there; REMOTE what SDP said of the far end, "-": nothing yet. RTCP is
 * at LOCAL's next port, or with RTP. The rest is the value of a=crypto (RFC 4568): master key and salt in base64. Any thread.
 */
#pragma once

#include "base/addr.h"
#include "sdp/sdes.h"

#define KEYLINE_CALL_SIZE 40
#define KEYLINE_LEG_SIZE 8

struct keyline {
	uint64_t wall_us;
	char call[KEYLINE_CALL_SIZE];
	char leg[KEYLINE_LEG_SIZE];
	unsigned line;
	bool out;
	struct addr local, remote; /* remote.len 0: not known */
	struct sdes_crypto crypto;
};

/* Appends the line, with its end. */
void keyline_print(const struct keyline *line, struct buf *out);
/* TEXT without its end. 0; ERR_FORMAT: it is no such line; ERR_SUPPORT: of a suite that is not known. *RET is to be wiped
 * (sdes_wipe()). */
int keyline_read(struct keyline *ret, struct span text);
