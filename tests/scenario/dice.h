/* Random choices that a seed repeats exactly. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct dice {
	uint64_t state;
};

void dice_seed(struct dice *dice, uint64_t seed);
/* 0 to LIMIT - 1; 0 for a LIMIT of 0. */
unsigned dice_below(struct dice *dice, unsigned limit);
/* True in PERCENT of 100 cases. */
bool dice_in(struct dice *dice, unsigned percent);
/* One of COUNT words. */
const char *dice_word(struct dice *dice, const char *const *words, unsigned count);
/* The index of one of COUNT weights, each as likely as it is heavy; 0 when all are 0. */
unsigned dice_weigh(struct dice *dice, const unsigned *weights, unsigned count);

#define DICE_WORD(dice, words) dice_word(dice, words, sizeof(words) / sizeof((words)[0]))
