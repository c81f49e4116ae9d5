/*
 * The Internet checksum, RFC 1071. Pure; any thread.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

/*
 * SUM with LEN bytes of DATA added, as they lie in memory: the sum is the same in either
 * order of bytes (RFC 1071 2B). LEN is even, but for the last part. A constant of 16 bits is
 * added by htons(). Good for 2^32 bytes at least.
 */
uint64_t checksum_add(uint64_t sum, const void *data, size_t len);
/* The checksum, as it lies in memory: to be stored without a change of its bytes' order. */
uint16_t checksum_fold(uint64_t sum);
