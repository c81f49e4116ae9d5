/*
 * The formats of a media line: which ones a peer's configuration lets across, and which ones of an
 * answer are of its offer. RFC 3264 6.1. Loop thread.
 */
#pragma once

#include "bridge/leg.h"
#include "sdp/sdp.h"

/*
 * Leaves the formats of line INDEX of OUT, an offer, that LEG's `codecs` list, in that order of
 * preference. Telephone-events and comfort noise stay where a codec of their clock rate does
 * (RFC 4733 2.1). 0; ERR_SUPPORT: no speech is left; ERR_LIMIT, -ENOMEM.
 */
int codecs_filter(struct sdp *out, unsigned index, const struct leg *leg);

/* The same in the order that OUT has. */
int codecs_restrict(struct sdp *out, unsigned index, const struct leg *leg);
/* Leaves the first codec of line INDEX and its companions. 0; ERR_LIMIT, -ENOMEM. */
int codecs_keep_first(struct sdp *out, unsigned index);

/*
 * Leaves the formats of line INDEX of OUT, an answer of LEG, that LEG was offered. They may have
 * other numbers there; a dynamic one without rtpmap gets that of the offer. Sets
 * stream->next.codec of both legs, TO being the other one. 0; ERR_SUPPORT with TEXT: none was
 * offered; ERR_LIMIT, -ENOMEM.
 */
int codecs_fit_answer(struct sdp *out, unsigned index, struct leg *leg, struct leg *to,
	struct err_text *text);

/* Whether SDP has each codec of line INDEX that a leg agreed to: OURS and THEIRS are the two
 * descriptions of its exchange. Tones and comfort noise do not count. */
bool codecs_has_agreed(const struct sdp *sdp, const struct sdp *ours,
	const struct sdp *theirs, unsigned index);

/*
 * Leaves the formats of line INDEX of OUT, which we said, and of OFFER, a new offer to us, that
 * both have under one number, and BEFORE, what its sender said last, too. CODEC becomes the first
 * that speaks. 0; ERR_SUPPORT with TEXT: none is left; ERR_LIMIT, -ENOMEM.
 */
int codecs_keep_common(struct sdp *out, struct sdp *offer, const struct sdp *before,
	unsigned index, struct stream_codec *codec, struct err_text *text);
