#include "audit/datagram.h"

#include "base/checksum.h"

#include <arpa/inet.h>
#include <string.h>

#define IPV4_HEAD 20
#define IPV6_HEAD 40
#define UDP_HEAD 8
#define IP_MAX 65535
#define UDP_PROTOCOL 17
#define HOP_LIMIT 64

static void put16(uint8_t *out, size_t value)
{
	out[0] = (uint8_t)(value >> 8);
	out[1] = (uint8_t)value;
}

static void put_checksum(uint8_t *out, uint64_t sum)
{
	uint16_t checksum = checksum_fold(sum);

	memcpy(out, &checksum, sizeof(checksum));
}

/* Host of ADDR as an IPv6 address: an IPv4 one mapped, RFC 4291 2.5.5.2. */
static void put_host_v6(uint8_t out[static 16], const struct addr *addr)
{
	memset(out, 0, 16);
	if (addr->len == 0)
		return;
	if (addr_is_v6(addr)) {
		memcpy(out, &addr->v6.sin6_addr, 16);
		return;
	}
	out[10] = out[11] = 0xff;
	memcpy(out + 12, &addr->v4.sin_addr, 4);
}

static void put_host_v4(uint8_t out[static 4], const struct addr *addr)
{
	memset(out, 0, 4);
	if (addr->len > 0)
		memcpy(out, &addr->v4.sin_addr, 4);
}

static void put_ipv4(uint8_t *out, const struct addr *source,
	const struct addr *destination, size_t udp_len)
{
	memset(out, 0, IPV4_HEAD);
	out[0] = 0x45;
	put16(out + 2, IPV4_HEAD + udp_len);
	out[6] = 0x40; /* don't fragment: the identification may stay 0, RFC 6864 */
	out[8] = HOP_LIMIT;
	out[9] = UDP_PROTOCOL;
	put_host_v4(out + 12, source);
	put_host_v4(out + 16, destination);
	put_checksum(out + 10, checksum_add(0, out, IPV4_HEAD));
}

static void put_ipv6(uint8_t *out, const struct addr *source,
	const struct addr *destination, size_t udp_len)
{
	memset(out, 0, IPV6_HEAD);
	out[0] = 0x60;
	put16(out + 4, udp_len);
	out[6] = UDP_PROTOCOL;
	out[7] = HOP_LIMIT;
	put_host_v6(out + 8, source);
	put_host_v6(out + 24, destination);
}

/* HOSTS: both addresses as they stand in the IP header, for the pseudo header. */
static void put_udp_checksum(
	uint8_t *out, const uint8_t *hosts, size_t hosts_len, size_t udp_len)
{
	uint64_t sum = checksum_add(0, hosts, hosts_len);

	put16(out + 6, 0);
	sum += htons(UDP_PROTOCOL) + (uint64_t)htons((uint16_t)udp_len);
	put_checksum(out + 6, checksum_add(sum, out, udp_len));
	/* 0 would say "no checksum". */
	if (out[6] == 0 && out[7] == 0)
		out[6] = out[7] = 0xff;
}

static void put_udp(uint8_t *out, const struct addr *source,
	const struct addr *destination, const uint8_t *hosts, size_t hosts_len,
	size_t udp_len)
{
	put16(out, source->len > 0 ? addr_port(source) : 0);
	put16(out + 2, destination->len > 0 ? addr_port(destination) : 0);
	put16(out + 4, udp_len);
	put_udp_checksum(out, hosts, hosts_len, udp_len);
}

size_t datagram_build_with(uint8_t out[static DATAGRAM_MAX], const struct addr *source,
	const struct addr *destination, struct span first, const void *data, size_t len,
	size_t *ret_whole)
{
	bool v6 = (source->len > 0 && addr_is_v6(source)) ||
		  (destination->len > 0 && addr_is_v6(destination));
	size_t head = v6 ? IPV6_HEAD : IPV4_HEAD;
	size_t max = v6 ? IP_MAX - UDP_HEAD : IP_MAX - IPV4_HEAD - UDP_HEAD;
	size_t kept = len < max ? len : max;

	if (kept > 0)
		memcpy(out + head + UDP_HEAD, data, kept);
	if (first.len > 0 && first.len <= kept)
		memcpy(out + head + UDP_HEAD, first.p, first.len);
	if (v6) {
		put_ipv6(out, source, destination, UDP_HEAD + kept);
		put_udp(out + head, source, destination, out + 8, 32, UDP_HEAD + kept);
	} else {
		put_ipv4(out, source, destination, UDP_HEAD + kept);
		put_udp(out + head, source, destination, out + 12, 8, UDP_HEAD + kept);
	}
	*ret_whole = head + UDP_HEAD + len;
	return head + UDP_HEAD + kept;
}

static size_t get16(const uint8_t *at)
{
	return (size_t)at[0] << 8 | at[1];
}

/* Where the UDP header of PACKET is; 0: it has none. */
static size_t udp_at(const uint8_t *packet, size_t len)
{
	if (len >= IPV4_HEAD + UDP_HEAD && packet[0] == 0x45 && packet[9] == UDP_PROTOCOL)
		return IPV4_HEAD;
	if (len >= IPV6_HEAD + UDP_HEAD && packet[0] >> 4 == 6 &&
		packet[6] == UDP_PROTOCOL)
		return IPV6_HEAD;
	return 0;
}

size_t datagram_open(const uint8_t *packet, size_t len, size_t *ret_len)
{
	const size_t at = udp_at(packet, len);

	if (!at || get16(packet + at + 4) != len - at)
		return 0;
	*ret_len = len - at - UDP_HEAD;
	return at + UDP_HEAD;
}

void datagram_close(uint8_t *packet)
{
	const bool v6 = packet[0] >> 4 == 6;
	uint8_t *udp = packet + (v6 ? IPV6_HEAD : IPV4_HEAD);

	put_udp_checksum(udp, packet + (v6 ? 8 : 12), v6 ? 32 : 8, get16(udp + 4));
}

size_t datagram_build(uint8_t out[static DATAGRAM_MAX], const struct addr *source,
	const struct addr *destination, const void *data, size_t len, size_t *ret_whole)
{
	const struct span none = {.len = 0};

	return datagram_build_with(out, source, destination, none, data, len, ret_whole);
}
