/*
 * Random numbers of Tandem's in a walk: its tokens, keys and choices come from the walk's seed instead
 * of the kernel, so that the same seed plays the same walk, to the length of each message.
 * Programs that link it wrap getrandom().
 */
#pragma once

#include <stdint.h>

/* What is asked for from now on depends on SEED alone. */
void chance_seed(uint64_t seed);
