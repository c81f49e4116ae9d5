/*
 * How a datagram of a call looks in its capture. Audit thread.
 */
#pragma once

#include "audit/datagram.h"
#include "audit/store.h"

/* As an IP packet, as it came or, with ONWARD, as it was sent on. Returns its length; *ret_whole: before it was cut. */
size_t store_packet_build(uint8_t out[static DATAGRAM_MAX],
	const struct store_datagram *datagram, bool onward, size_t *ret_whole);
