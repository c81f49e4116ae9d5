/*
 * Where time comes from. The real clock reads the kernel; a test's clock stands still
 * until it is moved. A clock is used by the thread that owns its loop.
 */
#pragma once

#include <stdint.h>

struct clock {
	/* microseconds that only ever grow, for timers and durations */
	uint64_t (*mono_us)(struct clock *clock);
	/* microseconds since 1970 UTC, for what people read */
	uint64_t (*wall_us)(struct clock *clock);
};

/* The kernel's clocks. Stateless, shared by all threads. */
struct clock *clock_real(void);

/* A clock for tests: both times are fields. */
struct clock_virtual {
	struct clock clock;
	uint64_t mono_us;
	uint64_t wall_us;
};

void clock_virtual_init(struct clock_virtual *clock, uint64_t wall_us);
void clock_virtual_advance(struct clock_virtual *clock, uint64_t us);

/* Room for "2026-11-22T15:04:05.123456Z" with its NUL. */
#define CLOCK_TEXT_SIZE 32
/* RFC 3339, UTC, microseconds. Returns BUF. */
const char *clock_text(uint64_t wall_us, char buf[static CLOCK_TEXT_SIZE]);
