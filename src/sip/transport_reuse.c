/* How a stream connection is found again for the next request (RFC 5923). */
#include "sip/transport_priv.h"

#include <strings.h>

static uint64_t stream_key(const struct transport_target *target)
{
	if (target->kind == TRANSPORT_TLS)
		return hash_bytes(&target->peer, sizeof(target->peer), TRANSPORT_TLS);
	return transport_addr_hash(&target->remote);
}

void stream_make_reusable(struct stream *stream, const struct transport_target *target)
{
	struct hash *reusable = &stream->transport->reusable;

	if (stream->reusable)
		hash_remove(reusable, &stream->reuse_node);
	hash_add(reusable, &stream->reuse_node, stream_key(target));
	stream->reusable = true;
}

static bool stream_is_worn(const struct stream *stream)
{
	struct clock *clock = loop_clock(stream->transport->loop);

	return stream->worn && stream->worn <= (time_t)(clock->wall_us(clock) / 1000000);
}

/* How well STREAM serves TARGET; 0: not at all. */
static unsigned stream_rank(
	const struct stream *stream, const struct transport_target *target)
{
	const struct addr *remote = &stream->flow.remote;

	if (stream->ops->kind != target->kind || target->reuse == TRANSPORT_REUSE_NONE ||
		(target->reuse == TRANSPORT_REUSE_HOST &&
			!addr_equal_host(remote, &target->remote)))
		return 0;
	if (target->kind == TRANSPORT_TCP)
		return addr_equal(remote, &target->remote);
	if (stream->cred != target->cred || stream_is_worn(stream) ||
		(stream->expected ? stream->expected : stream->flow.peer) != target->peer)
		return 0;
	/* one that we made by another of its hosts proves that one */
	if (stream->host && target->host && strcasecmp(stream->host, target->host) != 0)
		return 0;
	/* While it is not open it is only as good as its address: who asks for the peer's
	 * next address wants no other attempt at the first. */
	if (stream->state != STREAM_OPEN)
		return addr_equal(remote, &target->remote) ? 1 : 0;
	return addr_equal_host(remote, &target->remote) ? 3 : 2;
}

struct stream *stream_find(
	struct transport *transport, const struct transport_target *target)
{
	struct hash_node *node = hash_find(&transport->reusable, stream_key(target));
	struct stream *best = NULL;
	unsigned best_rank = 0;

	for (; node; node = hash_find_next(node)) {
		struct stream *stream = HASH_ENTRY(node, struct stream, reuse_node);
		unsigned rank = stream_rank(stream, target);

		if (rank > best_rank && stream->state != STREAM_DRAINING) {
			best = stream;
			best_rank = rank;
		}
	}
	return best;
}

void stream_each_open(struct transport *transport, const struct transport_target *target,
	void (*h)(void *arg, struct flow *flow), void *arg)
{
	struct hash_node *node = hash_find(&transport->reusable, stream_key(target));

	while (node) {
		struct stream *stream = HASH_ENTRY(node, struct stream, reuse_node);

		node = hash_find_next(node); /* H may end the stream */
		if (stream->state == STREAM_OPEN && stream_rank(stream, target))
			h(arg, &stream->flow);
	}
}
