/* What a leg counts for at its trunk, and its call for all: see trunk/limit.h. */
#include "bridge/leg_priv.h"

/* All calls are counted by the legs that they came from. */
static struct limit_use *use_of_all(const struct leg *leg)
{
	return leg->way == LIMIT_IN ? &leg->home->bridge->use : NULL;
}

void leg_count(struct leg *leg)
{
	struct limit_use *all;

	if (leg->stand_in)
		return;
	leg->way = leg->called ? LIMIT_OUT : LIMIT_IN;
	all = use_of_all(leg);
	leg->trunk->calls++;
	leg->trunk->calls_total++;
	limit_begin(&leg->trunk->use, leg->way);
	if (all)
		limit_begin(all, LIMIT_IN);
	leg->early = true;
}

void leg_charge(struct leg *leg)
{
	const struct bridge *bridge = leg->home->bridge;
	const uint64_t now_us = trunks_now_us(bridge->trunks);
	const struct config_limits limits = limit_of_all(bridge->config);
	struct limit_use *all = use_of_all(leg);

	limit_charge(
		&leg->trunk->use, &trunk_settings(leg->trunk)->limits, leg->way, now_us);
	if (all)
		limit_charge(all, &limits, LIMIT_IN, now_us);
}

void leg_early_over(struct leg *leg)
{
	struct limit_use *all;

	if (!leg->early)
		return;
	leg->early = false;
	all = use_of_all(leg);
	limit_early_over(&leg->trunk->use);
	if (all)
		limit_early_over(all);
}

void leg_uncount(struct leg *leg)
{
	struct limit_use *all = use_of_all(leg);

	if (leg->stand_in)
		return;
	leg_early_over(leg);
	limit_end(&leg->trunk->use, leg->way);
	if (all)
		limit_end(all, LIMIT_IN);
	leg->trunk->calls--;
}
