#include "base/pcapng_block.h"

#include <string.h>

size_t pcapng_block_padding(size_t len)
{
	return (4 - len % 4) % 4;
}

void pcapng_block_pad(struct buf *out, size_t len)
{
	static const char zeros[4];

	buf_add(out, zeros, pcapng_block_padding(len));
}

void pcapng_block_put32(struct buf *out, uint32_t value)
{
	buf_add(out, &value, sizeof(value));
}

size_t pcapng_block_begin(struct buf *out, enum pcapng_block_type type)
{
	const size_t at = out->len;

	pcapng_block_put32(out, type);
	pcapng_block_put32(out, 0);
	return at;
}

void pcapng_block_end(struct buf *out, size_t at)
{
	uint32_t len;

	pcapng_block_pad(out, out->len - at);
	len = (uint32_t)(out->len - at + sizeof(len));
	if (out->err)
		return;
	memcpy(out->data + at + 4, &len, sizeof(len));
	pcapng_block_put32(out, len);
}
