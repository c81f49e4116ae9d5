#include "hep/pending.h"

#include "hep/packet.h"

/* What is gone is taken off the front when it is that much. */
#define GONE_BYTES ((size_t)256 * 1024)

void pending_init(struct pending *pending)
{
	*pending = (struct pending){.start = 0};
	buf_init(&pending->bytes, 0);
}

void pending_free(struct pending *pending)
{
	buf_free(&pending->bytes);
}

size_t pending_len(const struct pending *pending)
{
	return pending->bytes.len - pending->start;
}

bool pending_add(struct pending *pending, const uint8_t *packet, size_t len, size_t max)
{
	if (len > max || pending_len(pending) > max - len)
		return false;
	buf_add(&pending->bytes, packet, len);
	if (!pending->bytes.err)
		return true;
	/* all that it had is still there */
	pending->bytes.err = 0;
	return false;
}

static size_t len_at(const struct pending *pending, size_t at)
{
	return hep_packet_len((const uint8_t *)pending->bytes.data + at);
}

void pending_drop(struct pending *pending)
{
	pending->start += len_at(pending, pending->start);
	if (pending->at < pending->start)
		pending->at = pending->start;
}

struct span pending_rest(const struct pending *pending)
{
	const char *data = pending->bytes.data;

	return (struct span){
		data ? data + pending->at : NULL, pending->bytes.len - pending->at};
}

unsigned pending_written(struct pending *pending, size_t len)
{
	unsigned count = 0;

	pending->at += len;
	for (; pending_len(pending) > 0 &&
		pending->at - pending->start >= len_at(pending, pending->start);
		count++)
		pending_drop(pending);
	return count;
}

void pending_restart(struct pending *pending)
{
	pending->at = pending->start;
}

unsigned pending_gather(const struct pending *pending, struct mmsghdr *messages,
	struct iovec *pieces, unsigned count)
{
	unsigned found = 0;

	for (size_t at = pending->start; at < pending->bytes.len && found < count;
		found++) {
		const size_t len = len_at(pending, at);

		pieces[found] = (struct iovec){
			.iov_base = pending->bytes.data + at, .iov_len = len};
		messages[found] = (struct mmsghdr){
			.msg_hdr = {.msg_iov = &pieces[found], .msg_iovlen = 1}};
		at += len;
	}
	return found;
}

void pending_tidy(struct pending *pending)
{
	if (pending->start < GONE_BYTES && pending_len(pending) > 0)
		return;
	buf_consume(&pending->bytes, pending->start);
	pending->at -= pending->start;
	pending->start = 0;
}
