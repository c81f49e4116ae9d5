/*
 * The media lines of an answer, brought to number and order of those of its offer. Loop thread.
 */
#pragma once

#include "sdp/sdp.h"

/* What was done to an answer, as bits. */
enum sdp_fit {
	SDP_FIT_MISSING =
		1 << 0, /* a line was added, refused: the answer had none for it */
	SDP_FIT_EXTRA = 1 << 1, /* a line was left out: nobody offered it */
	SDP_FIT_ORDER = 1 << 2, /* lines changed places */
};

/*
 * Gives *ANSWER as many lines as OFFER has, of the same types in the same order (RFC 3264 6):
 * those that stand in their place stay, another goes to the first free place of its type. *ANSWER
 * is replaced where it has to be. 0 with *ret_fit, or ERR_LIMIT, -ENOMEM: nothing changed.
 */
int sdp_fit_answer(struct sdp **answer, const struct sdp *offer, unsigned *ret_fit);
