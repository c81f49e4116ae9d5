/*
 * Telephone-events in the descriptions of a call. A leg whose digits are signalled
 * (`dtmf = info`) never gets them in SDP. Where the other leg's are not, it gets them from us,
 * and what was agreed with it is noted for the relay. RFC 4733 2.4 and 7. Loop thread.
 */
#pragma once

#include "bridge/leg.h"
#include "sdp/sdp.h"

/* Whether LEG sends and expects digits as INFO. */
bool dtmf_sdp_is_signalled(const struct leg *leg);

/* OUT's line INDEX is of an offer of FROM as it goes to TO. 0, ERR_LIMIT or -ENOMEM. */
int dtmf_sdp_offer(
	const struct leg *from, const struct leg *to, struct sdp *out, unsigned index);

/*
 * OUT's line INDEX is of the answer of FROM, which is IN, as it goes to TO. Sets the terms of
 * both legs' streams. 0, ERR_LIMIT or -ENOMEM.
 */
int dtmf_sdp_answer(const struct leg *from, const struct sdp *in, const struct leg *to,
	struct sdp *out, unsigned index);

/* Whether LEG's last description takes EVENT in payload TYPE of line INDEX. */
bool dtmf_sdp_takes(const struct leg *leg, unsigned index, uint8_t type, uint8_t event);
