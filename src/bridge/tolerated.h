/*
 * Deviations of a far end from an RFC that were accepted, so that a record and an operator can
 * name them. Loop thread.
 */
#pragma once

#include "bridge/leg.h"

/* Kept as bits of leg->tolerated. */
enum tolerated {
	TOLERATED_HEADER,   /* a response with a fault in a header that nobody needs */
	TOLERATED_SDP_FORM, /* lines missing, doubled, malformed or out of order */
	TOLERATED_SDP_LINE_MISSING, /* an answer with fewer media lines than its offer */
	TOLERATED_SDP_LINE_EXTRA,   /* with one that was not offered */
	TOLERATED_SDP_LINE_ORDER,   /* with lines in another order */
	TOLERATED_SDP_LINE_UNUSABLE, /* with one that cannot be served, beside one that can */
	TOLERATED_SDP_FORMAT,        /* formats under other numbers, or not offered */
	TOLERATED_SDP_PROFILE,       /* RTP/AVP for RTP/AVPF, or the reverse */
	TOLERATED_SDES_TAG,          /* a crypto line under a tag of its own */
	TOLERATED_SDES_LINES,        /* several crypto lines */
	TOLERATED_REQUIRE, /* of an emergency call: an option that we do not have */
	TOLERATED_COUNT,
};

/* LEG did WHAT: notes it in leg->tolerated, and logs it once. */
void tolerated_note(struct leg *leg, enum tolerated what);

/* "sdes-tag" and so on, for WHAT < TOLERATED_COUNT; static. */
const char *tolerated_name(enum tolerated what);
