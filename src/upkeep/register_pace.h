/*
 * When the next REGISTER of a binding goes: refreshes, and pauses after failures, which grow to a bound and are
 * spread at random (RFC 5626 4.5). Pure, but for the random number that is handed in. Any thread.
 */
#pragma once

#include <stdint.h>

/* Why there is a pause. */
enum register_trouble {
	REGISTER_TROUBLE_UNREACHED, /* nobody answered, or with 5xx: from 4 s to 5 min */
	REGISTER_TROUBLE_REFUSED, /* somebody must change something: from 1 min to 30 min */
	REGISTER_TROUBLES,
};

/* The longest time that is granted, asked for or waited for, whatever a registrar says. */
#define REGISTER_LONGEST_MS UINT64_C(86400000)
/* The longest that we stay away since a registrar said so (Retry-After). */
#define REGISTER_RETRY_AFTER_MAX_MS UINT64_C(1800000)

/* DICE is a random number of 32 bits in all of these. */

/*
 * After so long a binding that was GRANTED_MS is refreshed: at 85 % of it, or up to a twentieth of that
 * earlier, so that those that began together do not stay together; a second at least.
 */
uint64_t register_refresh_ms(uint64_t granted_ms, uint32_t dice);
/*
 * The pause after the NTH failure in a row, from 1 on: twice as long each time up to the bound, and of
 * that between a half and all. With AFTER_MS (Retry-After; 0: none) no less than that, bounded, and up to a
 * tenth more.
 */
uint64_t register_pause_ms(
	enum register_trouble trouble, unsigned nth, uint64_t after_ms, uint32_t dice);
/* The first time of one of COUNT bindings that begin together: so that there are no more than 100 a second
 * in the mean; up to ten begin at once. */
uint64_t register_spread_ms(unsigned count, uint32_t dice);
