/*
 * Whether a thread still turns. It beats once a turn; another thread looks now and then. A thread that turns at
 * least once between two looks is alive. Zero-initialised.
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>

struct pulse {
	atomic_uint beats; /* atomic */
	/* of the one who looks: */
	unsigned seen;
	bool looked;
};

/* The thread that beats is the only one that does. */
static inline void pulse_beat(struct pulse *pulse)
{
	unsigned beats = atomic_load_explicit(&pulse->beats, memory_order_relaxed);

	atomic_store_explicit(&pulse->beats, beats + 1, memory_order_relaxed);
}

/* Whether it has beaten since the last look. At the first look it is taken to be alive. */
static inline bool pulse_look(struct pulse *pulse)
{
	unsigned beats = atomic_load_explicit(&pulse->beats, memory_order_relaxed);
	bool alive = !pulse->looked || beats != pulse->seen;

	pulse->looked = true;
	pulse->seen = beats;
	return alive;
}
