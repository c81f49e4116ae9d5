/*
 * The way to a collector: a socket, or a connection by TCP or TLS that is made again when it ends, and a bounded queue of what
 * waits for it. Whoever adds a packet never waits, and is never told no: what finds no room is counted and declared.
 * Nothing is known of what a collector does with packets, since HEP has no answers. Loop thread.
 */
#pragma once

#include "base/loop.h"
#include "config/collector.h"
#include "sip/resolve.h"
#include "tls/peer.h"

struct sender;

struct sender_params {
	struct loop *loop;
	struct resolver *resolver; /* borrowed */
};

/* 0 or -ENOMEM. It sends nowhere. */
int sender_new(struct sender **ret, const struct sender_params *params);
/* What waits is given to the kernel as far as that takes it at once. NULL is fine. */
void sender_free(struct sender *sender);

struct sender_target {
	struct collector_place place;
	size_t queue_bytes; /* HEP_PACKET_MAX at least */
	/* For TLS: what we present, and who must be there; references are taken. */
	struct cred *cred;
	const struct peer *peer;
};

/* From now on to TARGET, copied: over a new connection; what waits goes there too. NULL: nowhere, and what waits is lost. */
void sender_use(struct sender *sender, const struct sender_target *target);
/* One more packet, with its length in it (packet.h). Nothing while it sends nowhere. */
void sender_add(struct sender *sender, const uint8_t *packet, size_t len);
/* COUNT packets never came to be added. */
void sender_lost(struct sender *sender, uint64_t count);

struct sender_state {
	bool open;     /* what is added leaves; by UDP: nobody has refused it of late */
	uint64_t sent; /* packets that the kernel took */
	uint64_t lost; /* packets for which there was no room, or that were refused */
	size_t waiting_bytes;
	const char *
		why; /* it is not open; "": it is, or was never tried. Lives as long as SENDER, until it changes */
};
void sender_state(const struct sender *sender, struct sender_state *ret);
