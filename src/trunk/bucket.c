#include "trunk/bucket.h"

/* One, in the units of struct bucket: at a rate of N as many come back in a microsecond as N. */
#define ONE UINT64_C(1000000)

/* What is still missing at NOW_US. */
static uint64_t taken_at(
	const struct bucket *bucket, struct bucket_size size, uint64_t now_us)
{
	const uint64_t passed_us = now_us > bucket->at_us ? now_us - bucket->at_us : 0;

	if (size.rate == 0)
		return bucket->taken;
	/* by division first: the product of a long time may not fit */
	if (passed_us > bucket->taken / size.rate)
		return 0;
	return bucket->taken - passed_us * size.rate;
}

uint64_t bucket_wait_us(
	const struct bucket *bucket, struct bucket_size size, uint64_t now_us)
{
	const uint64_t taken = taken_at(bucket, size, now_us);
	const uint64_t room = size.burst * ONE;

	if (taken + ONE <= room)
		return 0;
	if (size.rate == 0 || size.burst == 0)
		return BUCKET_NEVER;
	return (taken + ONE - room + size.rate - 1) / size.rate;
}

void bucket_take(struct bucket *bucket, struct bucket_size size, uint64_t now_us)
{
	const uint64_t most = 2 * size.burst * ONE;
	const uint64_t taken = taken_at(bucket, size, now_us) + ONE;

	bucket->taken = taken < most ? taken : most;
	if (now_us > bucket->at_us)
		bucket->at_us = now_us;
}

unsigned bucket_taken(
	const struct bucket *bucket, struct bucket_size size, uint64_t now_us)
{
	return (unsigned)((taken_at(bucket, size, now_us) + ONE - 1) / ONE);
}
