#include "hep/pending.h"

#include "base/secret.h"
#include "hep/packet.h"

#include <stdlib.h>
#include <string.h>

/* Some hundred packets of the usual size, and the largest one twice. */
#define BLOCK_BYTES ((size_t)128 * 1024)

/* The last one stays when it is empty, so that a packet now and then costs no memory. */
struct block {
	struct list node;
	size_t begin, end; /* of what has not left as a whole, in DATA */
	uint8_t data[BLOCK_BYTES];
};

static struct block *block_of(struct list *node)
{
	return LIST_ENTRY(node, struct block, node);
}

/* There is one. */
static struct block *first(const struct pending *pending)
{
	return block_of(pending->blocks.next);
}

/* Packets have the password of the collector in them. */
static void block_free(struct block *block)
{
	list_remove(&block->node);
	secret_wipe_bytes(block->data, block->end);
	free(block);
}

void pending_init(struct pending *pending)
{
	*pending = (struct pending){.len = 0};
	list_init(&pending->blocks);
}

void pending_free(struct pending *pending)
{
	LIST_FOREACH (&pending->blocks, node, next)
		block_free(block_of(node));
	pending->len = pending->written = 0;
}

size_t pending_len(const struct pending *pending)
{
	return pending->len;
}

/* One with room for LEN bytes, the last; NULL: no memory. */
static struct block *make_room(struct pending *pending, size_t len)
{
	struct block *block;

	if (!list_empty(&pending->blocks)) {
		block = block_of(pending->blocks.prev);
		if (len <= BLOCK_BYTES - block->end)
			return block;
	}
	block = malloc(sizeof(*block));
	if (!block)
		return NULL;
	block->begin = block->end = 0;
	list_append(&pending->blocks, &block->node);
	return block;
}

bool pending_add(struct pending *pending, const uint8_t *packet, size_t len, size_t max)
{
	struct block *block;

	if (len > max || pending->len > max - len)
		return false;
	block = make_room(pending, len);
	if (!block)
		return false;
	memcpy(block->data + block->end, packet, len);
	block->end += len;
	pending->len += len;
	return true;
}

void pending_drop(struct pending *pending)
{
	struct block *block = first(pending);
	const size_t len = hep_packet_len(block->data + block->begin);

	block->begin += len;
	pending->len -= len;
	pending->written -= pending->written < len ? pending->written : len;
	if (block->begin < block->end)
		return;
	if (pending->len > 0) {
		block_free(block);
		return;
	}
	secret_wipe_bytes(block->data, block->end);
	block->begin = block->end = 0;
}

struct span pending_rest(const struct pending *pending)
{
	const struct block *block;

	if (pending->len == 0)
		return (struct span){.p = NULL};
	block = first(pending);
	return (struct span){
		.p = (const char *)block->data + block->begin + pending->written,
		.len = block->end - block->begin - pending->written};
}

unsigned pending_written(struct pending *pending, size_t len)
{
	unsigned count = 0;

	pending->written += len;
	for (; pending->written > 0; count++) {
		const struct block *block = first(pending);

		if (pending->written < hep_packet_len(block->data + block->begin))
			break;
		pending_drop(pending);
	}
	return count;
}

void pending_restart(struct pending *pending)
{
	pending->written = 0;
}

unsigned pending_gather(const struct pending *pending, struct mmsghdr *messages,
	struct iovec *pieces, unsigned count)
{
	unsigned found = 0;

	LIST_FOREACH (&pending->blocks, node, next) {
		struct block *block = block_of(node);

		if (found == count)
			break;
		for (size_t at = block->begin; at < block->end && found < count;
			found++) {
			const size_t len = hep_packet_len(block->data + at);

			pieces[found] = (struct iovec){
				.iov_base = block->data + at, .iov_len = len};
			messages[found] = (struct mmsghdr){
				.msg_hdr = {.msg_iov = &pieces[found], .msg_iovlen = 1}};
			at += len;
		}
	}
	return found;
}
