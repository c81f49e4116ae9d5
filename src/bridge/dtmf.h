/*
 * Digits in the dialogs of a call: what an INFO of one leg becomes on the other, and what
 * becomes of a digit that was received in RTP. Toward a leg with `dtmf = info` one INFO is in
 * progress at a time, so that digits stay in order. RFC 6086 (legacy usage). Loop thread.
 *
 * Digits may be PINs: no log line has one.
 */
#pragma once

#include "bridge/call.h"

struct dtmf; /* what waits for INFO toward one leg; made with the first digit */

/* An INFO of FROM, a leg with `dtmf = info`: answers it, at once or when the other leg has answered
 * ours. */
void dtmf_receive(struct call *call, struct leg *from, struct txn_server *txn,
	struct message *info);
/* A digit was received in RTP, and has ended. */
void dtmf_hear(struct call *call, const struct relay_digit *digit);

/* Digits wait. NULL is fine. */
bool dtmf_is_busy(const struct dtmf *dtmf);
/* Drops the digits that wait; INFOs of the other leg that wait for them are answered 487. NULL is
 * fine. */
void dtmf_free(struct dtmf *dtmf);
/* Logs how many digits the relay lost. Called while the session still exists. */
void dtmf_tell_lost(const struct call *call);
