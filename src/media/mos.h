/*
 * How good a stream sounds, as a number: the E-model of ITU-T G.107. Any thread.
 */
#pragma once

#include <stdint.h>

struct mos_facts {
	const char *codec; /* its name in SDP: "PCMA"; "" or NULL: not known */
	uint64_t received, lost;
	uint32_t jitter_us;
	uint32_t round_trip_us; /* 0: not known, and then taken for short */
};

/*
 * The mean opinion score times 100, from 100 (bad) to 450; 0 when nothing was received. An
 * estimate: G.107's defaults for what we cannot know (echo, noise), a jitter buffer of twice
 * the jitter, losses taken as random, concealment as G.113 Appendix I has it for the codec.
 */
unsigned mos_estimate(const struct mos_facts *facts);
