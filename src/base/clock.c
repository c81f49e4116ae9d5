#include "base/clock.h"

#include <stdio.h>
#include <time.h>

#define US_PER_S UINT64_C(1000000)

static uint64_t read_clock_us(clockid_t id)
{
	struct timespec now;

	/* Cannot fail: both clocks exist in every kernel. */
	clock_gettime(id, &now);
	return (uint64_t)now.tv_sec * US_PER_S + (uint64_t)now.tv_nsec / 1000;
}

static uint64_t real_mono_us(struct clock *clock)
{
	(void)clock;
	return read_clock_us(CLOCK_MONOTONIC);
}

static uint64_t real_wall_us(struct clock *clock)
{
	(void)clock;
	return read_clock_us(CLOCK_REALTIME);
}

struct clock *clock_real(void)
{
	static struct clock real = {.mono_us = real_mono_us, .wall_us = real_wall_us};

	return &real;
}

/* The clock is the first member of its struct clock_virtual. */
static uint64_t virtual_mono_us(struct clock *clock)
{
	return ((struct clock_virtual *)clock)->mono_us;
}

static uint64_t virtual_wall_us(struct clock *clock)
{
	return ((struct clock_virtual *)clock)->wall_us;
}

void clock_virtual_init(struct clock_virtual *clock, uint64_t wall_us)
{
	*clock = (struct clock_virtual){
		.clock = {.mono_us = virtual_mono_us, .wall_us = virtual_wall_us},
		.wall_us = wall_us,
	};
}

void clock_virtual_advance(struct clock_virtual *clock, uint64_t us)
{
	clock->mono_us += us;
	clock->wall_us += us;
}

const char *clock_text(uint64_t wall_us, char buf[static CLOCK_TEXT_SIZE])
{
	time_t seconds = (time_t)(wall_us / US_PER_S);
	struct tm tm;
	size_t len;

	/* Cannot fail: 64 bits of microseconds end in the year 586,524. */
	gmtime_r(&seconds, &tm);
	len = strftime(buf, CLOCK_TEXT_SIZE, "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(buf + len, CLOCK_TEXT_SIZE - len, ".%06uZ",
		(unsigned)(wall_us % US_PER_S));
	return buf;
}
