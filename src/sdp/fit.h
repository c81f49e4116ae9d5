/*
 * The media lines of an answer, brought to number and order of those of its offer; and those of an offer, to the number
 * of those before it. Loop thread.
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

/*
 * Gives *OFFER as many lines at least as BEFORE has, what was said last in its dialog (RFC 3264 8): those that it lacks
 * are added, refused. 0, or ERR_LIMIT, -ENOMEM: nothing changed.
 */
int sdp_fit_offer(struct sdp **offer, const struct sdp *before);
