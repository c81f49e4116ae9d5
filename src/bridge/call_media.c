/* What the relay tells a call of its media. */
#include "bridge/call_priv.h"

#include "base/log.h"

#include <stdio.h>

void call_media_timeout(struct call *call, enum relay_end end)
{
	const struct leg *leg = call_leg(call, end);
	const struct leg *other = call_other(call, leg);
	char why[40];

	if (call->state != CALL_TALKING)
		return;
	snprintf(why, sizeof(why), "no media from the %s",
		side_party(leg->home->which, other->home->which, leg == call->a));
	call_end(call, leg == call->a ? CALL_BY_A : CALL_BY_B, "media-timeout", 487, why);
}

void call_latched(struct call *call, const struct relay_latched *latched)
{
	const struct leg *leg = call_leg(call, latched->end);
	char from[ADDR_TEXT_SIZE], to[ADDR_TEXT_SIZE];

	if (!leg->home) /* of one that was asked, and did not take the call */
		return;
	log_info("call", "call=%s event=latched side=%s media=%s from=%s to=%s", call->id,
		side_name(leg->home->which), latched->rtcp ? "RTCP" : "RTP",
		addr_text(&latched->from, from), addr_text(&latched->to, to));
	if (!latched->rtcp)
		call->latched[latched->end] = latched->to;
}
