/*
 * A bad network, the same one each time for the same seed: loses, doubles and delays packets by
 * chance. A delay is a number of packets that overtake, so that no time passes in it.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define NETWORK_PACKET_MAX 2048
/* Packets that may overtake one. */
#define NETWORK_DELAY_MAX 20

/* Chances in a thousand. */
struct network_params {
	unsigned loss, doubling, delay;
};

struct network_held {
	uint64_t due; /* leaves when so many have come in */
	size_t len;   /* 0: the place is free */
	uint8_t data[NETWORK_PACKET_MAX];
};

/* One direction. */
struct network {
	struct network_params params;
	uint64_t random;
	uint64_t in, lost, doubled, delayed, out;
	struct network_held held[NETWORK_DELAY_MAX + 1];
};

typedef void network_out_h(void *arg, const uint8_t *data, size_t len);

void network_init(
	struct network *network, const struct network_params *params, uint64_t seed);
/* Calls H for DATA never, once or twice, now or in a later call; and for those that are due. */
void network_put(struct network *network, const uint8_t *data, size_t len,
	network_out_h *h, void *arg);
/* What is still held comes out. */
void network_flush(struct network *network, network_out_h *h, void *arg);
