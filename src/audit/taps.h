/*
 * Who observes: one tap for the layers below, and behind it each who listens. Keys are
 * overwritten here, once for all of them (mask.h), so nobody behind it ever has one.
 *
 * Listeners are added before there is traffic, and stay; what they want may change at any
 * time. Loop thread, but for packets, which come on the workers' threads.
 */
#pragma once

#include "base/tap.h"

#include <stdatomic.h>
#include <stdbool.h>

#define TAPS_MAX 4
/* Of a message longer than any datagram the rest is not told. */
#define TAPS_MESSAGE_MAX 65536

/* What a listener wants; a set of bits. */
enum taps_want {
	TAPS_CAPTURED =
		1,      /* messages and parties of captured calls, and of others none */
	TAPS_ALL = 2,   /* messages and parties of every call */
	TAPS_MEDIA = 4, /* packets of calls whose media is captured */
	TAPS_RTCP = 8,  /* RTCP of every call */
};

struct taps;

/* Its owner's, until taps_free(). Zero-initialised but for what its owner sets. */
struct taps_listener {
	struct tap tap; /* party_h, message_h, packet_h: each may be NULL; arg */
	/* Whether it takes MESSAGE, which still has its keys; asked first, so that no other one is copied.
	 * NULL: each. Messages that belong to no call are asked for too, and come with call 0. */
	bool (*wants_h)(void *arg, const struct tap_message *message);
	_Atomic unsigned wants; /* atomic; enum taps_want, by taps_want() */
};

/* 0 or -ENOMEM. */
int taps_new(struct taps **ret);
/* NULL is fine. */
void taps_free(struct taps *taps);
/* What is given to those who move traffic. Lives as long as TAPS. */
const struct tap *taps_tap(const struct taps *taps);
/* One more, who wants WANTS; there is room for TAPS_MAX. */
void taps_add(struct taps *taps, struct taps_listener *listener, unsigned wants);
/* Whether digits that callers press are overwritten from now on: in messages (mask_digits()), and in telephone-events, of which
 * that there were some stays. Any thread. */
void taps_mask_digits(struct taps *taps, bool mask);
/* From now on it wants WANTS. A worker may still bring a packet by what was wanted before. */
void taps_want(struct taps *taps, struct taps_listener *listener, unsigned wants);
