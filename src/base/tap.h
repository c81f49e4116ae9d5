/*
 * Taps: how messages and packets are observed. The layers that move traffic call the tap
 * that main gave them; what listens (audit) sits above them. A tap never blocks and never
 * fails. All pointers are valid during the call alone.
 */
#pragma once

#include "base/addr.h"
#include "base/span.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum tap_transport { TAP_UDP, TAP_TCP, TAP_TLS };

/* A call has two ends of media (relay.h). */
#define TAP_ENDS 2

/*
 * A party is somebody whom a call talks with: a leg on its way to one trunk. It has a number of its own, so
 * that what one target sent is told from what the next one did. A call and a party in one number: for the
 * layers below, which pass it on and need not know what it means. 0: nobody's.
 */
#define TAP_PARTY_BITS 24

static inline uint64_t tap_owner(uint64_t call, uint32_t party)
{
	return call == 0 ? 0 : call << TAP_PARTY_BITS | party;
}

static inline uint64_t tap_owner_call(uint64_t owner)
{
	return owner >> TAP_PARTY_BITS;
}

static inline uint32_t tap_owner_party(uint64_t owner)
{
	return owner & ((UINT32_C(1) << TAP_PARTY_BITS) - 1);
}

/* Who a party is. Told before its first message, and again, the same, now and then. Loop thread. */
struct tap_party {
	uint64_t call;
	const char *id; /* of the call, as in its record */
	uint32_t party;
	bool captured; /* what the call says is captured; else it is told of where all calls are watched */
	unsigned
		end; /* of the call's media, below TAP_ENDS: its packets are this party's from now on */
	const char *
		leg; /* "a": sent us the INVITE; "b": gets ours; "c": came by a transfer */
	const char *trunk; /* "server pbx1" */
};

/* One SIP message, decrypted, as it was received or is sent. Loop thread. */
struct tap_message {
	uint64_t call;  /* the call's number; 0: belongs to none */
	uint32_t party; /* 0: not known */
	uint64_t mono_us;
	enum tap_transport transport;
	bool sent; /* by us */
	/* The first of its call. It may be told twice: when the call begins, and when its capture does. */
	bool first;
	bool waits; /* sent: its connection is being made, and it leaves when that is ready */
	struct addr source;
	struct addr destination;
	const char *version;    /* TLS: "TLS1.3"; else "" */
	const char *cipher;     /* TLS: "AES-256-GCM"; else "" */
	const char *peer_names; /* TLS: names in the far end's certificate; else "" */
	/* TLS: gives the certificates that the far end presented, DER, its own first, MAX at most, borrowed of PEER. Returns how many;
	 * NULL: none. */
	unsigned (*chain_h)(const void *peer, struct span *ret, unsigned max);
	const void *peer;
	const char *data;
	size_t len;
};

/* How many bytes of a packet that goes on become others: the fixed head of RTP (RFC 3550 5.1). */
#define TAP_HEAD 12

/* How a packet that came is sent on, in clear: with other numbers in its head, and all else as it came. */
struct tap_onward {
	struct addr source;
	struct addr destination;
	uint8_t end; /* which it goes to */
	uint8_t head_len;
	uint8_t head[TAP_HEAD]; /* instead of as many bytes */
};

/* One media packet, in clear. The worker's thread. */
struct tap_packet {
	uint64_t call;
	uint64_t mono_us;
	unsigned worker; /* 0..N-1: which thread calls */
	unsigned end;    /* below TAP_ENDS: which end it came from, or goes to */
	bool sent;
	bool captured; /* the media of its call is; else it is RTCP, which struct tap asked for */
	bool rtcp;  /* that was received */
	bool event; /* a telephone-event of RFC 4733 */
	/* NULL: it goes no further, or what it is sent as is told by itself */
	const struct tap_onward *onward;
	struct addr source;
	struct addr destination;
	const uint8_t *data;
	size_t len;
};

struct tap {
	void (*party_h)(void *arg, const struct tap_party *party);       /* may be NULL */
	void (*message_h)(void *arg, const struct tap_message *message); /* may be NULL */
	void (*packet_h)(void *arg, const struct tap_packet *packet);    /* may be NULL */
	void *arg;
	/* Loop thread: parties and first messages are told of each call, not of those alone that are captured. */
	bool all;
	/* atomic; any thread: RTCP is told of each call. */
	_Atomic bool rtcp;
};
