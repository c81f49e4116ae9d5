/*
 * Why a call has no media in one direction, in one line, from the counters of both sides.
 */
#pragma once

#include "bridge/record.h"

#include <stddef.h>

/*
 * In one word, what came from leg INDEX of RECORD at NOW_US: "ok"; "silent", where media was expected
 * and nothing good came for some seconds, or at all; "none", where none was expected; "brief", where the
 * call was too short to tell. "" where it was not answered. Static text.
 */
const char *diagnosis_verdict(
	const struct record *record, unsigned index, uint64_t now_us);

#define DIAGNOSIS_SIZE 192

/*
 * Looks at RECORD, an answered call at the monotonic time NOW_US, and writes a sentence to
 * OUT: "gateway sends to us, server does not: 0 packets in 12 s". Where media comes from both
 * sides, it says whether the gateway's was found at another address; otherwise, and when it is
 * too early to tell, "".
 */
void diagnosis_media(
	const struct record *record, uint64_t now_us, char out[static DIAGNOSIS_SIZE]);
