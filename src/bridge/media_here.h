/*
 * Offers that are answered here, without the other leg, which cannot be asked yet. RFC 3264. Loop
 * thread.
 */
#pragma once

#include "bridge/leg.h"
#include "media/relay.h"
#include "sdp/sdp.h"

/*
 * The offer of LEG, its last description, is answered without OTHER, who hears nothing: from our
 * last description to LEG, with what both offers have in common, in the direction that OTHER
 * allows. LEG's end of the relay is set. 0; ERR_SUPPORT with TEXT: what is offered is not what
 * was agreed, or is less than OTHER agreed to and may send, and cannot be served so.
 */
int media_here_answer(struct relay_session *session, const struct config *config,
	struct leg *leg, struct leg *other, struct sdp **ret, struct err_text *text);
