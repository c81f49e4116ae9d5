#include "dice.h"

/* splitmix64 */
static uint64_t next(struct dice *dice)
{
	uint64_t z = (dice->state += UINT64_C(0x9e3779b97f4a7c15));

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

void dice_seed(struct dice *dice, uint64_t seed)
{
	dice->state = seed;
	next(dice);
}

unsigned dice_below(struct dice *dice, unsigned limit)
{
	return limit ? (unsigned)(next(dice) % limit) : 0;
}

bool dice_in(struct dice *dice, unsigned percent)
{
	return dice_below(dice, 100) < percent;
}

const char *dice_word(struct dice *dice, const char *const *words, unsigned count)
{
	return words[dice_below(dice, count)];
}

unsigned dice_weigh(struct dice *dice, const unsigned *weights, unsigned count)
{
	unsigned total = 0;
	unsigned at;

	for (unsigned i = 0; i < count; i++)
		total += weights[i];
	at = dice_below(dice, total);
	for (unsigned i = 0; i < count; i++) {
		if (at < weights[i])
			return i;
		at -= weights[i];
	}
	return 0;
}
