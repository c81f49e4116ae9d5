#include "bench.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define ROUNDS 11

unsigned bench_chance(unsigned limit)
{
	static uint64_t state = 88172645463325252u;

	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (unsigned)(state % limit);
}

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static int compare(const void *a, const void *b)
{
	const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

void bench_measure(const char *name, void (*call)(const void *arg, unsigned nth),
	const void *arg, unsigned calls)
{
	uint64_t ns[ROUNDS];

	for (unsigned round = 0; round < ROUNDS; round++) {
		const uint64_t begin = now_ns();

		for (unsigned i = 0; i < calls; i++)
			call(arg, i);
		ns[round] = (now_ns() - begin) / calls;
	}
	qsort(ns, ROUNDS, sizeof(ns[0]), compare);
	printf("| %s | %.2f | %.2f |\n", name, (double)ns[0] / 1000,
		(double)ns[ROUNDS / 2] / 1000);
}
