#include "media/remote.h"

/* An address to send to: 0.0.0.0 is how RFC 2543 said hold. */
static bool is_known(const struct addr *addr)
{
	return addr->len && !addr_is_any(addr) && addr_port(addr) != 0;
}

void remote_set(
	struct remote *remote, const struct relay_remote *said, bool mux, uint64_t now_us)
{
	struct addr announced[2] = {{.len = 0}, {.len = 0}};
	bool findable = said->latch || said->asymmetric;

	if (is_known(&said->rtp))
		announced[0] = said->rtp;
	if (!mux && !said->udptl && is_known(&said->rtcp))
		announced[1] = said->rtcp;
	for (unsigned i = 0; i < 2; i++) {
		remote->open[i] = findable && announced[i].len;
		if (!remote->open[i] || !addr_equal(&announced[i], &remote->announced[i]))
			remote->to[i] = remote->from[i] = announced[i];
		remote->announced[i] = announced[i];
		remote->payload_types[i] = said->payload_types[i];
	}
	remote->latches = said->latch && !said->asymmetric;
	remote->asymmetric = said->asymmetric;
	remote->until_us = now_us + REMOTE_LATCH_US;
}

static bool has_type(const uint64_t types[static 2], uint8_t type)
{
	return types[type / 64] >> (type % 64) & 1;
}

static bool is_other_port(
	const struct remote *remote, unsigned channel, const struct addr *source)
{
	return remote->asymmetric && addr_equal_host(source, &remote->announced[channel]);
}

bool remote_may_be(const struct remote *remote, const struct remote_packet *packet)
{
	bool other_port = is_other_port(remote, packet->channel, packet->source);

	if (!remote->open[packet->channel] || (!remote->latches && !other_port))
		return false;
	if (packet->channel == 1 && !addr_equal_host(packet->source, &remote->to[0]))
		return false;
	if (packet->authentic)
		return true;
	if (packet->rtp && !has_type(remote->payload_types, packet->type))
		return false;
	/* Its own host may begin to send whenever it likes. */
	return other_port || packet->now_us <= remote->until_us;
}

bool remote_settle(struct remote *remote, unsigned channel, const struct addr *source,
	struct addr *ret_before)
{
	/* It may send from where SDP says first, and from elsewhere later. */
	remote->open[channel] &=
		remote->asymmetric && addr_equal(source, &remote->announced[channel]);
	if (remote_is_source(remote, channel, source))
		return false;
	remote->from[channel] = *source;
	if (is_other_port(remote, channel, source))
		return false;
	*ret_before = remote->to[channel];
	remote->to[channel] = *source;
	return true;
}
