#include "media/remote.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* An address to send to: 0.0.0.0 is how RFC 2543 said hold. */
static bool is_known(const struct addr *addr)
{
	return addr->len && !addr_is_any(addr) && addr_port(addr) != 0;
}

/* What the SDP names; len 0: nothing. */
static void read_announced(
	struct addr ret[static 2], const struct relay_remote *said, bool mux)
{
	ret[0] = ret[1] = (struct addr){.len = 0};
	if (is_known(&said->rtp))
		ret[0] = said->rtp;
	if (!mux && !said->udptl && is_known(&said->rtcp))
		ret[1] = said->rtcp;
}

/* It may be found elsewhere than where it is ANNOUNCED. */
static void open_search(struct remote *remote, const struct relay_remote *said,
	const struct addr announced[static 2], uint64_t now_us)
{
	struct remote_search *found = remote->found;

	for (unsigned i = 0; i < 2; i++) {
		found->open[i] = announced[i].len > 0;
		if (!found->open[i] || !addr_equal(&announced[i], &found->announced[i]))
			remote->to[i] = found->from[i] = announced[i];
		found->announced[i] = announced[i];
		found->payload_types[i] = said->payload_types[i];
	}
	found->latches = said->latch && !said->asymmetric;
	found->asymmetric = said->asymmetric;
	found->until_us = now_us + REMOTE_LATCH_US;
}

int remote_set(
	struct remote *remote, const struct relay_remote *said, bool mux, uint64_t now_us)
{
	struct addr announced[2];

	read_announced(announced, said, mux);
	if (!said->latch && !said->asymmetric) {
		remote_clear(remote);
		memcpy(remote->to, announced, sizeof(announced));
		return 0;
	}
	if (!remote->found)
		remote->found = calloc(1, sizeof(*remote->found));
	if (!remote->found)
		return -ENOMEM;
	open_search(remote, said, announced, now_us);
	return 0;
}

void remote_clear(struct remote *remote)
{
	free(remote->found);
	*remote = (struct remote){.found = NULL};
}

static bool has_type(const uint64_t types[static 2], uint8_t type)
{
	return types[type / 64] >> (type % 64) & 1;
}

static bool is_other_port(
	const struct remote_search *found, unsigned channel, const struct addr *source)
{
	return found->asymmetric && addr_equal_host(source, &found->announced[channel]);
}

bool remote_may_be(const struct remote *remote, const struct remote_packet *packet)
{
	const struct remote_search *found = remote->found;
	bool other_port;

	if (!found || !found->open[packet->channel])
		return false;
	other_port = is_other_port(found, packet->channel, packet->source);
	if (!found->latches && !other_port)
		return false;
	if (packet->channel == 1 && !addr_equal_host(packet->source, &remote->to[0]))
		return false;
	if (packet->authentic)
		return true;
	if (packet->rtp && !has_type(found->payload_types, packet->type))
		return false;
	/* Its own host may begin to send whenever it likes. */
	return other_port || packet->now_us <= found->until_us;
}

bool remote_settle(struct remote *remote, unsigned channel, const struct addr *source,
	struct addr *ret_before)
{
	struct remote_search *found = remote->found;

	/* It may send from where SDP says first, and from elsewhere later. */
	found->open[channel] &=
		found->asymmetric && addr_equal(source, &found->announced[channel]);
	if (remote_is_source(remote, channel, source))
		return false;
	found->from[channel] = *source;
	if (is_other_port(found, channel, source))
		return false;
	*ret_before = remote->to[channel];
	remote->to[channel] = *source;
	return true;
}
