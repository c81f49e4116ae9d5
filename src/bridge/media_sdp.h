/*
 * Mediation of media: what one leg's description becomes for the other, and what the relay
 * is told. Addresses, ports, protection and keys are always ours; the rest crosses line by
 * line. RFC 3264, RFC 4568. Loop thread.
 */
#pragma once

#include "bridge/leg.h"
#include "media/relay.h"
#include "sdp/sdp.h"

/*
 * IN is an offer of FROM; *RET becomes the offer to TO (owned by the caller). Makes streams
 * in SESSION for new lines. Media in progress is not changed before the answer. Lines that cannot
 * be served are refused; an offer without an active line crosses. 0; ERR_SUPPORT when there are
 * active lines and none can be served (488), with TEXT saying why the first cannot, in words that
 * may stand in a quoted string; -EADDRNOTAVAIL without ports (503); others.
 */
int media_sdp_offer(struct relay_session *session, const struct config *config,
	struct leg *from, const struct sdp *in, struct leg *to, struct sdp **ret,
	struct err_text *text);

/*
 * IN is the answer of FROM to what media_sdp_offer() made; *RET becomes the answer to TO. The
 * relay is set on both sides. FINAL: the exchange is over; otherwise it is a preview that
 * may be repeated, by another fork too: what it refuses, another fork may take. A deviation
 * from the RFC that is accepted is noted in FROM->tolerated. 0; ERR_SUPPORT with TEXT when the
 * answer gives less protection than was demanded, or has nothing that can be served.
 */
int media_sdp_answer(struct relay_session *session, const struct config *config,
	struct leg *from, const struct sdp *in, struct leg *to, bool final,
	struct sdp **ret, struct err_text *text);

/* The same, final, of FROM's last description, where TO is told nothing of it: what it was told last stays that, and so
 * does the version (RFC 3264 8). */
int media_sdp_answer_untold(struct relay_session *session, const struct config *config,
	struct leg *from, struct leg *to, struct sdp **ret, struct err_text *text);

/*
 * An offer to TO where FROM made none: audio, of TO's `codecs` without what FROM's leave out, by
 * default PCMA, PCMU and telephone-event, with our keys and address. As media_sdp_offer().
 */
int media_sdp_make_offer(struct relay_session *session, const struct config *config,
	struct leg *from, struct leg *to, struct sdp **ret, struct err_text *text);
/*
 * What FROM answered to it, its last description, becomes an offer to TO: of one codec, the first
 * that FROM named, and telephone-event, so that whatever TO answers FROM has agreed to. The
 * answer of TO goes to media_sdp_answer(). 0; ERR_SUPPORT with TEXT: what FROM answered gives
 * less protection than was demanded, or has nothing that can be served.
 */
int media_sdp_pass_own_answer(struct relay_session *session, const struct config *config,
	struct leg *from, struct leg *to, struct sdp **ret, struct err_text *text);

/* Both legs have agreed, before the call is answered: the preview becomes what holds. */
void media_sdp_settle(struct relay_session *session, struct leg *a, struct leg *b);

/* The outstanding offer came to nothing: new streams go, agreed ones stay as they were. */
void media_sdp_cancel(struct relay_session *session, struct leg *a, struct leg *b);

/* Whether LEG is on hold, for the media timeout: it has lines, and media flows both ways on none of
 * them. Video in one direction beside audio in both is not hold. */
bool media_sdp_on_hold(const struct leg *leg);
