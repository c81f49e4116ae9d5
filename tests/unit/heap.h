/* Whether something keeps a little of the heap each time. */
#pragma once

#include "unit.h"

#include <malloc.h>

/*
 * Runs TURN_H(ARG) some times and fails where each of them kept a block. The allocator's own
 * count is asked; under a sanitizer it says nothing, and the sanitizer finds what is lost.
 */
static inline void assert_keeps_nothing(void (*turn_h)(void *arg), void *arg)
{
	/* Libraries keep something once, and the allocator free blocks of each size. */
	enum { WARM_UP = 150, TURNS = 150, LEAST_BLOCK = 32 };
	size_t before;

	for (unsigned i = 0; i < WARM_UP; i++)
		turn_h(arg);
	before = mallinfo2().uordblks;
	for (unsigned i = 0; i < TURNS; i++)
		turn_h(arg);
	assert_true(mallinfo2().uordblks < before + TURNS * LEAST_BLOCK * 3 / 4);
}
