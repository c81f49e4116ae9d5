#include "network.h"

#include <stdbool.h>
#include <string.h>

void network_init(
	struct network *network, const struct network_params *params, uint64_t seed)
{
	*network = (struct network){.params = *params, .random = seed * 2 + 1};
}

/* splitmix64 */
static uint64_t next_random(struct network *network)
{
	uint64_t z = network->random += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

static bool happens(struct network *network, unsigned of_thousand)
{
	return next_random(network) % 1000 < of_thousand;
}

static void let_out(struct network *network, const uint8_t *data, size_t len,
	network_out_h *h, void *arg)
{
	network->out++;
	h(arg, data, len);
}

static void let_out_due(
	struct network *network, uint64_t now, network_out_h *h, void *arg)
{
	for (unsigned i = 0; i <= NETWORK_DELAY_MAX; i++) {
		struct network_held *held = &network->held[i];

		if (held->len == 0 || held->due > now)
			continue;
		let_out(network, held->data, held->len, h, arg);
		held->len = 0;
	}
}

static struct network_held *free_place(struct network *network)
{
	for (unsigned i = 0; i <= NETWORK_DELAY_MAX; i++)
		if (network->held[i].len == 0)
			return &network->held[i];
	return NULL;
}

void network_put(struct network *network, const uint8_t *data, size_t len,
	network_out_h *h, void *arg)
{
	struct network_held *held;

	network->in++;
	if (happens(network, network->params.loss)) {
		network->lost++;
	} else if (len > 0 && len <= NETWORK_PACKET_MAX &&
		   happens(network, network->params.delay) &&
		   (held = free_place(network))) {
		network->delayed++;
		held->due = network->in + 1 + next_random(network) % NETWORK_DELAY_MAX;
		held->len = len;
		memcpy(held->data, data, len);
	} else {
		let_out(network, data, len, h, arg);
		if (happens(network, network->params.doubling)) {
			network->doubled++;
			let_out(network, data, len, h, arg);
		}
	}
	let_out_due(network, network->in, h, arg);
}

void network_flush(struct network *network, network_out_h *h, void *arg)
{
	let_out_due(network, UINT64_MAX, h, arg);
}
