#include "audit/blocks.h"

size_t blocks_len(bool classic, bool first, const uint8_t *block, size_t len)
{
	if (classic && first)
		return len >= CLASSIC_HEAD ? CLASSIC_HEAD : 0;
	if (classic)
		return len >= CLASSIC_RECORD_HEAD ? classic_record_len(block) : 0;
	return len >= PCAPNG_BLOCK_HEAD ? pcapng_block_len(block) : 0;
}

bool blocks_is_packet(bool classic, bool first, const uint8_t *block, size_t len)
{
	if (classic)
		return !first;
	return len >= PCAPNG_BLOCK_HEAD && pcapng_is_packet(block);
}
