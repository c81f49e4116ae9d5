#include <pcap/dlt.h>

#include "ctl/wire_frame.h"

#include <string.h>

#define ETHERNET_LEN 14
#define TAG_LEN 4
#define TAGS_MAX 2
#define COOKED_LEN 16
#define COOKED2_LEN 20
#define TYPE_IP4 0x0800
#define TYPE_IP6 0x86dd
#define TYPE_TAG 0x8100
#define TYPE_SERVICE_TAG 0x88a8
#define IP4_LEN 20
#define IP6_LEN 40
#define UDP_LEN 8
#define PROTO_UDP 17
/* More fragments, and the offset (RFC 791 3.1). */
#define FRAGMENT 0x3fff

static unsigned get16(const uint8_t *data)
{
	return (unsigned)data[0] << 8 | data[1];
}

static void put16(uint8_t *data, size_t value)
{
	data[0] = (uint8_t)(value >> 8);
	data[1] = (uint8_t)value;
}

/* ---- what is below IP ---- */

static bool skip_ethernet(
	const uint8_t *data, size_t len, size_t *ret, unsigned *ret_type)
{
	size_t at = ETHERNET_LEN;

	if (len < at)
		return false;
	*ret_type = get16(data + at - 2);
	for (unsigned i = 0;
		i < TAGS_MAX && (*ret_type == TYPE_TAG || *ret_type == TYPE_SERVICE_TAG);
		i++) {
		at += TAG_LEN;
		if (len < at)
			return false;
		*ret_type = get16(data + at - 2);
	}
	*ret = at;
	return true;
}

static bool skip_link(
	int link_type, const uint8_t *data, size_t len, size_t *ret, unsigned *ret_type)
{
	switch (link_type) {
	case DLT_EN10MB:
		return skip_ethernet(data, len, ret, ret_type);
	case DLT_LINUX_SLL:
		*ret = COOKED_LEN;
		*ret_type = len < COOKED_LEN ? 0 : get16(data + COOKED_LEN - 2);
		return len >= COOKED_LEN;
	case DLT_LINUX_SLL2:
		*ret = COOKED2_LEN;
		*ret_type = len < COOKED2_LEN ? 0 : get16(data);
		return len >= COOKED2_LEN;
	case DLT_RAW:
		*ret = 0;
		*ret_type = len > 0 && data[0] >> 4 == 6 ? TYPE_IP6 : TYPE_IP4;
		return len > 0;
	default:
		return false;
	}
}

/* ---- IP and UDP ---- */

static void set_addr(struct addr *ret, bool v6, const uint8_t *host, unsigned port)
{
	memset(ret, 0, sizeof(*ret));
	if (v6) {
		ret->v6.sin6_family = AF_INET6;
		memcpy(&ret->v6.sin6_addr, host, sizeof(ret->v6.sin6_addr));
		ret->len = sizeof(ret->v6);
	} else {
		ret->v4.sin_family = AF_INET;
		memcpy(&ret->v4.sin_addr, host, sizeof(ret->v4.sin_addr));
		ret->len = sizeof(ret->v4);
	}
	addr_set_port(ret, (uint16_t)port);
}

/* The end of the packet in *END. */
static bool find_udp4(
	struct wire_frame *frame, const uint8_t *ip, size_t len, size_t *end)
{
	size_t head;

	if (len < IP4_LEN || ip[0] >> 4 != 4)
		return false;
	head = (size_t)(ip[0] & 15) * 4;
	*end = get16(ip + 2);
	frame->udp = frame->ip + head;
	return head >= IP4_LEN && ip[9] == PROTO_UDP && (get16(ip + 6) & FRAGMENT) == 0 &&
	       *end <= len && *end >= head + UDP_LEN;
}

/* Headers between IP and UDP are not followed: nobody's media has them. */
static bool find_udp6(
	struct wire_frame *frame, const uint8_t *ip, size_t len, size_t *end)
{
	if (len < IP6_LEN || ip[0] >> 4 != 6)
		return false;
	*end = IP6_LEN + get16(ip + 4);
	frame->udp = frame->ip + IP6_LEN;
	return ip[6] == PROTO_UDP && *end <= len && *end >= IP6_LEN + UDP_LEN;
}

bool wire_frame_read(
	struct wire_frame *ret, int link_type, const uint8_t *data, size_t len)
{
	struct wire_frame frame = {.ip = 0};
	const uint8_t *ip, *udp;
	unsigned type;
	size_t end;

	if (!skip_link(link_type, data, len, &frame.ip, &type) ||
		(type != TYPE_IP4 && type != TYPE_IP6))
		return false;
	frame.v6 = type == TYPE_IP6;
	ip = data + frame.ip;
	if (frame.v6 ? !find_udp6(&frame, ip, len - frame.ip, &end)
		     : !find_udp4(&frame, ip, len - frame.ip, &end))
		return false;
	udp = data + frame.udp;
	end += frame.ip;
	if (get16(udp + 4) < UDP_LEN || get16(udp + 4) > end - frame.udp)
		return false;
	frame.payload = frame.udp + UDP_LEN;
	frame.payload_len = get16(udp + 4) - UDP_LEN;
	set_addr(&frame.from, frame.v6, ip + (frame.v6 ? 8 : 12), get16(udp));
	set_addr(&frame.to, frame.v6, ip + (frame.v6 ? 24 : 16), get16(udp + 2));
	*ret = frame;
	return true;
}

/* ---- checksums: RFC 1071 ---- */

static uint32_t add_sum(uint32_t sum, const uint8_t *data, size_t len)
{
	for (; len > 1; data += 2, len -= 2)
		sum += get16(data);
	return len ? sum + ((uint32_t)data[0] << 8) : sum;
}

static unsigned fold(uint32_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return ~sum & 0xffff;
}

size_t wire_frame_write(const struct wire_frame *frame, uint8_t *data, size_t len)
{
	const size_t udp_len = UDP_LEN + len;
	uint8_t *ip = data + frame->ip, *udp = data + frame->udp;
	uint32_t sum = PROTO_UDP + (uint32_t)udp_len;
	unsigned folded;

	if (frame->v6) {
		put16(ip + 4, udp_len);
		sum = add_sum(sum, ip + 8, 32);
	} else {
		put16(ip + 2, frame->udp - frame->ip + udp_len);
		put16(ip + 10, 0);
		put16(ip + 10, fold(add_sum(0, ip, frame->udp - frame->ip)));
		sum = add_sum(sum, ip + 12, 8);
	}
	put16(udp + 4, udp_len);
	put16(udp + 6, 0);
	folded = fold(add_sum(sum, udp, udp_len));
	put16(udp + 6, folded ? folded : 0xffff);
	return frame->payload + len;
}
