/*
 * The same description offered again, to refresh a session (RFC 4028 7.4, RFC 3264 8): byte for byte
 * what we said last, with its version, ports and keys; but a line that was refused meanwhile is none any
 * more. Loop thread.
 */
#pragma once

#include "bridge/leg.h"
#include "media/relay.h"
#include "sdp/sdp.h"

/* What we said to LEG last, as an offer, in *RET (owned by the caller). OTHER hears nothing of it, but
 * is held ready for what LEG may answer otherwise. 0; ERR_STATE: nothing is agreed; ERR_FORMAT,
 * ERR_LIMIT, -ENOMEM. After an error nothing has changed. */
int media_again_offer(const struct config *config, struct leg *leg, struct leg *other,
	struct sdp **ret);
/* It came to nothing, or was answered as before: what was agreed holds. */
void media_again_cancel(
	struct relay_session *session, struct leg *leg, struct leg *other);
/*
 * ANSWER, taken, is what LEG said to it. The relay is set where that is something else than before;
 * *RET_NEWS: OTHER should be offered it, since lines, formats or directions are other ones. 0;
 * ERR_SUPPORT with TEXT: as media_sdp_answer(); others.
 */
int media_again_answer(struct relay_session *session, const struct config *config,
	struct leg *leg, struct sdp *answer, struct leg *other, bool *ret_news,
	struct err_text *text);

/* SDP, of LEG, is what it said last, by the same version: it asks for nothing new. */
bool media_again_is_said(const struct leg *leg, const struct sdp *sdp);
