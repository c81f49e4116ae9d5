#include "trunk/figures.h"

#include <stdlib.h>

const uint32_t figures_bounds_ms[FIGURES_BUCKETS - 1] = {50, 100, 200, 300, 500, 750,
	1000, 1500, 2000, 3000, 4000, 5000, 7500, 10000, 15000, 20000, 30000, 60000};

void figures_free(struct figures *figures)
{
	free(figures->window);
	*figures = (struct figures){.window = NULL};
}

/* The count of the present part of the window. NULL without memory: the total counts on. */
static struct figures_count *present(struct figures *figures, uint64_t now_us)
{
	const uint64_t period = now_us / FIGURES_SLOT_US + 1;
	struct figures_slot *slot;

	if (!figures->window)
		figures->window = calloc(FIGURES_SLOTS, sizeof(*figures->window));
	if (!figures->window)
		return NULL;
	slot = &figures->window[period % FIGURES_SLOTS];
	if (slot->period != period)
		*slot = (struct figures_slot){.period = period};
	return &slot->count;
}

static void count_outcome(struct figures_count *count, enum figures_outcome outcome)
{
	count->attempts++;
	count->answered += outcome == FIGURES_ANSWERED;
	count->effective += outcome != FIGURES_FAILED;
}

void figures_add(struct figures *figures, uint64_t now_us, enum figures_outcome outcome)
{
	struct figures_count *count = present(figures, now_us);

	count_outcome(&figures->total, outcome);
	if (count)
		count_outcome(count, outcome);
}

static void count_delay(struct figures_count *count, uint64_t delay_us)
{
	unsigned bucket = 0;

	while (bucket < FIGURES_BUCKETS - 1 &&
		delay_us > UINT64_C(1000) * figures_bounds_ms[bucket])
		bucket++;
	count->delays[bucket]++;
	count->delay_us += delay_us;
}

void figures_add_delay(struct figures *figures, uint64_t now_us, uint64_t delay_us)
{
	struct figures_count *count = present(figures, now_us);

	count_delay(&figures->total, delay_us);
	if (count)
		count_delay(count, delay_us);
}

void figures_add_talk(struct figures *figures, uint64_t now_us, uint64_t talk_us)
{
	struct figures_count *count = present(figures, now_us);

	figures->total.talks++;
	figures->total.talk_us += talk_us;
	if (!count)
		return;
	count->talks++;
	count->talk_us += talk_us;
}

void figures_reset(struct figures *figures)
{
	figures->base = figures->total;
}

/* RET and SIGN times COUNT. */
static void sum_up(
	struct figures_count *ret, const struct figures_count *count, uint64_t sign)
{
	ret->attempts += sign * count->attempts;
	ret->answered += sign * count->answered;
	ret->effective += sign * count->effective;
	ret->talks += sign * count->talks;
	ret->talk_us += sign * count->talk_us;
	ret->delay_us += sign * count->delay_us;
	for (unsigned i = 0; i < FIGURES_BUCKETS; i++)
		ret->delays[i] += sign * count->delays[i];
}

struct figures_count figures_since_reset(const struct figures *figures)
{
	struct figures_count ret = figures->total;

	/* unsigned: adding -1 times a number subtracts it */
	sum_up(&ret, &figures->base, UINT64_MAX);
	return ret;
}

struct figures_count figures_last_hour(const struct figures *figures, uint64_t now_us)
{
	const uint64_t period = now_us / FIGURES_SLOT_US + 1;
	struct figures_count ret = {0};

	for (unsigned i = 0; figures->window && i < FIGURES_SLOTS; i++) {
		const struct figures_slot *slot = &figures->window[i];

		if (slot->period + FIGURES_SLOTS > period)
			sum_up(&ret, &slot->count, 1);
	}
	return ret;
}

uint64_t figures_delay_count(const struct figures_count *count)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < FIGURES_BUCKETS; i++)
		sum += count->delays[i];
	return sum;
}

uint64_t figures_delay_at(const struct figures_count *count, unsigned percent)
{
	/* in hundredths of a call */
	const uint64_t rank = figures_delay_count(count) * percent;
	uint64_t below = 0, lower_us = 0;

	if (rank == 0)
		return 0;
	for (unsigned i = 0; i < FIGURES_BUCKETS - 1; i++) {
		const uint64_t upper_us = UINT64_C(1000) * figures_bounds_ms[i];
		const uint64_t here = count->delays[i] * 100;

		if (here > 0 && below + here >= rank)
			return lower_us + (upper_us - lower_us) * (rank - below) / here;
		below += here;
		lower_us = upper_us;
	}
	return lower_us;
}
