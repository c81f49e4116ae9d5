/*
 * RTCP on its way through: each end has RTP streams of ours (outgoing.h), so what one end says
 * of its own streams and of those that it gets is put in the other end's SSRCs, sequence numbers
 * and timestamps (RFC 3550 7.2). What cannot be put so is left out.
 *
 * Passed: SR, RR, SDES (our CNAME, no other item), BYE (no reason), NACK, TMMBR, TMMBN, SR-REQ,
 * transport-wide feedback, PLI, SLI, RPSI, FIR, TSTR, TSTN, REMB, and of XR the blocks of RFC
 * 3611. Not passed: APP, other feedback, further types.
 */
#pragma once

#include "media/outgoing.h"

/* Streams that may end in one packet. */
#define TRANSLATOR_ENDS 4

struct translator {
	struct outgoing *forward; /* what is sent to whom the RTCP goes */
	struct outgoing *back;    /* what is sent to whom it comes from */
	const char *cname;        /* ours */
	uint32_t
		own_report; /* the middle of the NTP time of our last report to whom it comes
			      * from; what answers it is no one else's. 0: none */
	/* What came of it: */
	unsigned left_out; /* parts, or items of them */
	uint32_t ended
		[TRANSLATOR_ENDS]; /* SSRCs of ours that the packet says goodbye for */
	unsigned ended_count;
};

/*
 * Translates DATA, a valid compound packet (rtcp_is_valid()), into OUT. Returns the length, a
 * multiple of 4 and ROOM at most; 0: nothing is left. The streams that it ends are ended in
 * FORWARD.
 */
size_t translator_rtcp(struct translator *translator, const uint8_t *data, size_t len,
	uint8_t *out, size_t room);
