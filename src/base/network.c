#include "base/network.h"

#include "base/err.h"

#include <string.h>

static const uint8_t *bytes_of(const struct addr *addr, size_t *ret_len)
{
	if (addr_is_v6(addr)) {
		*ret_len = sizeof(addr->v6.sin6_addr);
		return (const uint8_t *)&addr->v6.sin6_addr;
	}
	*ret_len = sizeof(addr->v4.sin_addr);
	return (const uint8_t *)&addr->v4.sin_addr;
}

/* The bits of byte INDEX that belong to a prefix of BITS. */
static uint8_t mask_of(unsigned bits, size_t index)
{
	size_t first = 8 * index;

	if (bits >= first + 8)
		return 0xff;
	if (bits <= first)
		return 0;
	return (uint8_t)((0xffU << (8 - (bits - first))) & 0xffU);
}

int network_parse(struct network *ret, struct span text)
{
	struct network network;
	struct span host;
	uint64_t bits;
	size_t len;

	if (!span_next(&text, '/', &host) ||
		addr_parse_host(&network.base, host.p, host.len, 0) != 0 ||
		memchr(host.p, '%', host.len))
		return ERR_FORMAT;
	const uint8_t *bytes = bytes_of(&network.base, &len);

	bits = 8 * len;
	if (text.p && span_uint(text, 8 * len, &bits) != 0)
		return ERR_FORMAT;
	network.bits = (unsigned)bits;
	for (size_t i = 0; i < len; i++)
		if (bytes[i] & ~mask_of(network.bits, i))
			return ERR_FORMAT;
	*ret = network;
	return 0;
}

bool network_has(const struct network *network, const struct addr *addr)
{
	size_t len;

	if (!addr->len || addr_is_v6(addr) != addr_is_v6(&network->base))
		return false;
	const uint8_t *a = bytes_of(addr, &len);
	const uint8_t *b = bytes_of(&network->base, &len);

	for (size_t i = 0; i < len; i++)
		if ((a[i] ^ b[i]) & mask_of(network->bits, i))
			return false;
	return true;
}
