#include "base/clock.h"

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

/* Writes the last DIGITS digits of NUMBER and then END. Returns where the text goes on. */
static char *put(char *out, uint32_t number, unsigned digits, char end)
{
	for (unsigned i = digits; i > 0; i--, number /= 10)
		out[i - 1] = (char)('0' + number % 10);
	out[digits] = end;
	return out + digits + 1;
}

/* The date of DAYS since 1970, in the Gregorian calendar. Its eras of 400 years are alike, and its
 * years are taken to begin in March, so that the leap day is the last. */
static char *put_date(char *out, uint32_t days)
{
	uint32_t shifted = days + 719468; /* since 1 March of the year 0 */
	uint32_t era = shifted / 146097, day = shifted % 146097;
	uint32_t year = (day - day / 1460 + day / 36524 - day / 146096) / 365;
	uint32_t month;
	unsigned digits = 4;

	day -= 365 * year + year / 4 - year / 100;
	month = (5 * day + 2) / 153; /* 0 is March */
	day -= (153 * month + 2) / 5;
	year += era * 400 + (month >= 10);
	for (uint32_t limit = 10000; year >= limit; limit *= 10)
		digits++;
	out = put(out, year, digits, '-');
	out = put(out, month < 10 ? month + 3 : month - 9, 2, '-');
	return put(out, day + 1, 2, 'T');
}

/* By hand, for a call's record has four: gmtime_r() and printf() cost ten times as much. */
const char *clock_text(uint64_t wall_us, char buf[static CLOCK_TEXT_SIZE])
{
	uint64_t seconds = wall_us / US_PER_S; /* they end in the year 586,524 */
	uint32_t second = (uint32_t)(seconds % 86400);
	char *out = put_date(buf, (uint32_t)(seconds / 86400));

	out = put(out, second / 3600, 2, ':');
	out = put(out, second / 60 % 60, 2, ':');
	out = put(out, second % 60, 2, '.');
	out = put(out, (uint32_t)(wall_us % US_PER_S), 6, 'Z');
	*out = '\0';
	return buf;
}
