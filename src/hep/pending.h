/*
 * Packets that wait to leave, in order: blocks of whole packets, each of which says its own length (packet.h). By a stream
 * they may leave in any pieces, by datagrams one by one. What waits is never moved, however much it is, and a block that has
 * left is given back. One owner, no locking.
 */
#pragma once

#include "base/list.h"
#include "base/span.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

struct pending {
	struct list blocks; /* oldest first */
	size_t len;         /* of packets that did not leave as a whole */
	size_t written;     /* of the first of them, by a stream */
};

void pending_init(struct pending *pending);
void pending_free(struct pending *pending);
/* Bytes of packets that did not leave as a whole. */
size_t pending_len(const struct pending *pending);
/* One more packet of HEP_PACKET_MAX at most, as long as there are MAX bytes at most. False: there would be more, or no memory;
 * nothing changed. */
bool pending_add(struct pending *pending, const uint8_t *packet, size_t len, size_t max);
/* The first packet is done with; there is one. */
void pending_drop(struct pending *pending);

/* For a stream: what is to be written next, empty where nothing is; and that LEN bytes of it were. Returns how many packets have
 * now left as a whole. */
struct span pending_rest(const struct pending *pending);
unsigned pending_written(struct pending *pending, size_t len);
/* The stream is another one, which begins with a whole packet: whoever read half of one has thrown that away. */
void pending_restart(struct pending *pending);
/* For datagrams: the first COUNT packets at most, a message each; MESSAGES and PIECES have COUNT. Returns how many. Each is valid
 * until it is dropped. */
unsigned pending_gather(const struct pending *pending, struct mmsghdr *messages,
	struct iovec *pieces, unsigned count);
