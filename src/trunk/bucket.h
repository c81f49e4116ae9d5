/*
 * A token bucket: how many may pass in a second, and how many at once behind a quiet time. Whole numbers
 * only, so that nothing drifts: in T microseconds, wherever they begin, at most RATE * T / 1000000 + BURST
 * pass. Pure; time is the caller's. Loop thread.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define BUCKET_NEVER UINT64_MAX

/* Zero-initialised: full. It keeps what was taken, and not what is left, so that the settings may change
 * under it: what was taken before still counts. */
struct bucket {
	uint64_t taken; /* millionths of one that have not come back yet */
	uint64_t at_us; /* as of then */
};

/* What the settings say. */
struct bucket_size {
	unsigned rate;  /* that come back in a second; 0: none does */
	unsigned burst; /* that there are when nothing was taken for long */
};

/* Microseconds until one may be taken, at NOW_US, which never goes back; 0: now. BUCKET_NEVER: as it is
 * set, none ever. */
uint64_t bucket_wait_us(
	const struct bucket *bucket, struct bucket_size size, uint64_t now_us);
/* Takes one, also where there is none: then it is owed, and the next ones wait longer. What is owed is never
 * more than a BURST. */
void bucket_take(struct bucket *bucket, struct bucket_size size, uint64_t now_us);
/* How many were taken and have not come back, rounded up. */
unsigned bucket_taken(
	const struct bucket *bucket, struct bucket_size size, uint64_t now_us);
