/*
 * Taps: how messages and packets are observed. The layers that move traffic call the tap
 * that main gave them; what listens (audit) sits above them. A tap never blocks and never
 * fails. All pointers are valid during the call alone.
 */
#pragma once

#include "base/addr.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum tap_transport { TAP_UDP, TAP_TCP, TAP_TLS };

/* One SIP message, decrypted, as it was received or is sent. Loop thread. */
struct tap_message {
	uint64_t call; /* the call's number; 0: belongs to none */
	uint64_t wall_us;
	enum tap_transport transport;
	bool sent; /* by us */
	struct addr source;
	struct addr destination;
	const char *data;
	size_t len;
};

/* One media packet, in clear. The worker's thread. */
struct tap_packet {
	uint64_t call;
	uint64_t wall_us;
	unsigned worker; /* 0..N-1: which thread calls */
	bool sent;
	struct addr source;
	struct addr destination;
	const uint8_t *data;
	size_t len;
};

struct tap {
	void (*message_h)(void *arg, const struct tap_message *message); /* may be NULL */
	void (*packet_h)(void *arg, const struct tap_packet *packet);    /* may be NULL */
	void *arg;
};
