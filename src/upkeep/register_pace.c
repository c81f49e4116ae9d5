#include "upkeep/register_pace.h"

#define SECOND UINT64_C(1000)
#define MINUTE (60 * SECOND)

/* Bindings that begin in a second, and those that are too few to be spread. */
#define SPREAD_RATE 100
#define SPREAD_FREE 10

static const struct {
	uint64_t first_ms, last_ms;
} pauses[REGISTER_TROUBLES] = {
	[REGISTER_TROUBLE_UNREACHED] = {4 * SECOND, 5 * MINUTE},
	[REGISTER_TROUBLE_REFUSED] = {MINUTE, 30 * MINUTE},
};

/* A part of WHOLE, all of it at most. */
static uint64_t part(uint64_t whole, uint32_t dice)
{
	return whole * dice / UINT32_MAX;
}

uint64_t register_refresh_ms(uint64_t granted_ms, uint32_t dice)
{
	const uint64_t granted =
		granted_ms < REGISTER_LONGEST_MS ? granted_ms : REGISTER_LONGEST_MS;
	const uint64_t latest = granted * 85 / 100;
	const uint64_t at = latest - part(latest / 20, dice);

	return at > SECOND ? at : SECOND;
}

uint64_t register_pause_ms(
	enum register_trouble trouble, unsigned nth, uint64_t after_ms, uint32_t dice)
{
	uint64_t whole = pauses[trouble].first_ms;
	uint64_t pause;

	for (unsigned i = 1; i < nth && whole < pauses[trouble].last_ms; i++)
		whole *= 2;
	if (whole > pauses[trouble].last_ms)
		whole = pauses[trouble].last_ms;
	pause = whole - part(whole / 2, dice);
	if (after_ms > REGISTER_RETRY_AFTER_MAX_MS)
		after_ms = REGISTER_RETRY_AFTER_MAX_MS;
	return pause > after_ms ? pause : after_ms + part(after_ms / 10, dice);
}

uint64_t register_spread_ms(unsigned count, uint32_t dice)
{
	return count <= SPREAD_FREE ? 0 : part(count * SECOND / SPREAD_RATE, dice);
}
