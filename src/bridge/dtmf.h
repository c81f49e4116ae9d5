/*
 * Digits in the dialogs of a call: what an INFO of one leg becomes on the other, and what a
 * digit becomes that was heard in RTP. Toward a leg with `dtmf = info` one INFO is under way at
 * a time, so that digits stay in order. RFC 6086 (legacy usage). Loop thread.
 *
 * Digits are PINs as often as not: no line of the log has one.
 */
#pragma once

#include "bridge/call.h"

struct dtmf; /* what waits for INFO toward one leg; made with the first digit */

/* An INFO of FROM, a leg with `dtmf = info`: answers it, at once or with the other leg's word. */
void dtmf_receive(struct call *call, struct leg *from, struct txn_server *txn,
	struct message *info);
/* A digit ended in RTP. */
void dtmf_hear(struct call *call, const struct relay_digit *digit);

/* Gives up what waits; INFOs of the other leg that wait for it are answered. NULL is fine. */
void dtmf_free(struct dtmf *dtmf);
/* Logs what was lost in the relay, while there still is one. */
void dtmf_tell_lost(const struct call *call);
