#include "outside.h"

bool stage_is_open(const struct stage *stage, const struct party *party, uint64_t flow)
{
	struct outside *outside = stage->outside;

	return outside ? outside->ops->is_open(outside, flow)
		       : wire_is_open(stage->transports[party->side], flow);
}

bool stage_stalls(const struct stage *stage, const struct flow *flow)
{
	struct outside *outside = stage->outside;

	return outside ? outside->ops->stalls(outside, flow) : wire_stalls(flow);
}

void stage_begun(struct stage *stage, uint64_t call)
{
	for (unsigned i = 0; i < STAGE_WATCHES; i++)
		if (stage->watches[i].begun_h)
			stage->watches[i].begun_h(stage->watches[i].arg, call);
}

void stage_came(struct stage *stage, const struct stage_passed *passed)
{
	for (unsigned i = 0; i < STAGE_WATCHES; i++)
		if (stage->watches[i].came_h)
			stage->watches[i].came_h(stage->watches[i].arg, passed);
}

void stage_ended(struct stage *stage, const struct record *record)
{
	for (unsigned i = 0; i < STAGE_WATCHES; i++)
		if (stage->watches[i].ended_h)
			stage->watches[i].ended_h(stage->watches[i].arg, record);
}
