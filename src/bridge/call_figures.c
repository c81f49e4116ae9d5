/* A call's part in the figures of the trunks that it is offered to. */
#include "bridge/call_priv.h"

static uint64_t now_us(const struct call *call)
{
	struct clock *clock = timers_clock(call->bridge->timers);

	return clock->mono_us(clock);
}

void call_offer_heard(struct call *call)
{
	struct call_offer *offer = &call->offer;

	if (!offer->open || offer->heard)
		return;
	offer->heard = true;
	figures_add_delay(&call->b->trunk->figures, now_us(call),
		now_us(call) - call->start_us - offer->since_us);
}

void call_offer_over(struct call *call, enum figures_outcome outcome)
{
	if (call->offer.open)
		figures_add(&call->b->trunk->figures, now_us(call), outcome);
	call->offer = (struct call_offer){.open = false};
}

void call_offer_end(struct call *call, enum call_end by)
{
	const bool gave_up = by != CALL_BY_B && call->offer.heard;

	call_offer_over(call,
		gave_up || call->offer.effective ? FIGURES_EFFECTIVE : FIGURES_FAILED);
	if (call->answer_us && call->b->home)
		figures_add_talk(&call->b->trunk->figures, now_us(call),
			now_us(call) - call->start_us - call->answer_us);
}
