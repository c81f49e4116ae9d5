/*
 * Digits in the media of a call's capture: events of RFC 4733, by the payload types that its descriptions name. Pure; loop
 * thread.
 */
#pragma once

#include "base/span.h"

#include <stdbool.h>
#include <stdint.h>

/* All zero: nothing is known yet. */
struct ladder_digits {
	uint64_t types[2]; /* a bit for each payload type that was named */
	uint32_t ssrc, timestamp;
	bool any; /* the last digit is that one */
};

/* Takes the payload types that TEXT, a message, names for telephone-event. */
void ladder_digits_learn(struct ladder_digits *digits, struct span text);
/* The digit that ends with PACKET, RTP perhaps; '\0': none, or one that was told. */
char ladder_digits_read(struct ladder_digits *digits, struct span packet);
