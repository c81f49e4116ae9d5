/*
 * Packets that wait to leave, in order: their bytes one after another, since each says its own length (packet.h). By a
 * stream they may leave in any pieces, by datagrams one by one. One owner, no locking.
 */
#pragma once

#include "base/buf.h"

#include <stdint.h>
#include <sys/socket.h>

struct pending {
	struct buf bytes;
	size_t start; /* of the first packet that has not left as a whole */
	size_t at;    /* as far as a stream came; START at least */
};

void pending_init(struct pending *pending);
void pending_free(struct pending *pending);
/* Bytes of packets that did not leave as a whole. */
size_t pending_len(const struct pending *pending);
/* One more packet, as long as there are MAX bytes at most. False: there would be more, or no memory; nothing changed. */
bool pending_add(struct pending *pending, const uint8_t *packet, size_t len, size_t max);
/* The first packet is done with; there is one. */
void pending_drop(struct pending *pending);

/* For a stream: what is to be written next; and that LEN bytes of it were. Returns how many packets have now left as a whole. */
struct span pending_rest(const struct pending *pending);
unsigned pending_written(struct pending *pending, size_t len);
/* The stream is another one, which begins with a whole packet: whoever read half of one has thrown that away. */
void pending_restart(struct pending *pending);
/* For datagrams: the first COUNT packets at most, a message each; MESSAGES and PIECES have COUNT. Returns how many. */
unsigned pending_gather(const struct pending *pending, struct mmsghdr *messages,
	struct iovec *pieces, unsigned count);
/* Gives room back, now and then. Not between pending_gather() and the use of what it gave. */
void pending_tidy(struct pending *pending);
