/*
 * What is counted of one end of a line: struct relay_stats, as its worker writes it. Any thread
 * may read it.
 */
#pragma once

#include "media/relay.h"

#include <stdatomic.h>

struct counters {
	/* What each packet of RTP changes. */
	_Atomic uint64_t tx_packets, tx_bytes;             /* atomic */
	_Atomic uint64_t rx_packets, rx_bytes, last_rx_us; /* atomic */
	_Atomic uint64_t rx_lost, rx_late, rx_duplicates;  /* atomic */
	_Atomic uint64_t good_since_set;                   /* atomic */
	_Atomic uint32_t jitter_us, ssrc, ssrc_changes;    /* atomic */
	_Atomic uint32_t payload_type; /* atomic; and 1, so that 0 is none */
	_Atomic uint32_t sent_after;   /* atomic; the same */
	_Atomic uint32_t roll_overs, roc_changes, roc_restarts; /* atomic */
	/* The rest. */
	_Atomic uint32_t round_trip_us, far_lost, far_jitter_us; /* atomic */
	_Atomic uint32_t sets, expected;                         /* atomic */
	_Atomic uint64_t rx_rtcp, tx_rtcp;                       /* atomic */
	_Atomic uint64_t dropped_source, dropped_auth;           /* atomic */
	_Atomic uint64_t dropped_replay, dropped_malformed;      /* atomic */
	_Atomic uint64_t dropped_direction, send_errors;         /* atomic */
	_Atomic uint64_t key_us, bad_since_set;                  /* atomic */
	_Atomic uint64_t events_taken, digits_lost;              /* atomic */
};

static inline uint64_t counter_get(const _Atomic uint64_t *counter)
{
	return atomic_load_explicit(counter, memory_order_relaxed);
}

static inline void counter_set(_Atomic uint64_t *counter, uint64_t value)
{
	atomic_store_explicit(counter, value, memory_order_relaxed);
}

/* The worker is the only writer, so a counter needs no locked instruction. */
static inline void counter_add(_Atomic uint64_t *counter, uint64_t amount)
{
	counter_set(counter, counter_get(counter) + amount);
}

static inline uint32_t counter_get32(const _Atomic uint32_t *counter)
{
	return atomic_load_explicit(counter, memory_order_relaxed);
}

static inline void counter_set32(_Atomic uint32_t *counter, uint32_t value)
{
	atomic_store_explicit(counter, value, memory_order_relaxed);
}

/* A consistent enough copy. */
void counters_read(const struct counters *counters, struct relay_stats *ret);
/* Goes on at STATS. Their worker's thread, or before it has them. */
void counters_write(struct counters *counters, const struct relay_stats *stats);
