/*
 * A packet is "HEP3", its length, and chunks of vendor, type, length (with these six bytes) and data, all in network byte
 * order. The chunks stand in the order of their numbers but for the texts: Kamailio's collector takes key and
 * correlation for strings that end in a NUL, which is the first byte of the next chunk. So none of them is
 * the last one.
 */
#include "hep/packet.h"

#include <string.h>

#define HEAD_LEN 6
#define CHUNK_HEAD 6
#define TEXT_MAX 256

/* Chunk types of vendor 0. */
enum chunk {
	CHUNK_FAMILY = 0x0001,
	CHUNK_PROTOCOL = 0x0002,
	CHUNK_SOURCE_V4 = 0x0003,
	CHUNK_DESTINATION_V4 = 0x0004,
	CHUNK_SOURCE_V6 = 0x0005,
	CHUNK_DESTINATION_V6 = 0x0006,
	CHUNK_SOURCE_PORT = 0x0007,
	CHUNK_DESTINATION_PORT = 0x0008,
	CHUNK_SECONDS = 0x0009,
	CHUNK_MICROSECONDS = 0x000a,
	CHUNK_TYPE = 0x000b,
	CHUNK_CAPTURE_ID = 0x000c,
	CHUNK_KEY = 0x000e,
	CHUNK_PAYLOAD = 0x000f,
	CHUNK_CORRELATION = 0x0011,
	CHUNK_NODE = 0x0013,
};

/* Families as the specification has them, which are those of Linux. */
#define FAMILY_V4 2
#define FAMILY_V6 10

struct writing {
	uint8_t *out;
	size_t len;
};

static void put_16(uint8_t *out, size_t number)
{
	out[0] = (uint8_t)(number >> 8);
	out[1] = (uint8_t)number;
}

static void add(struct writing *writing, enum chunk type, const void *data, size_t len)
{
	uint8_t *out = writing->out + writing->len;

	put_16(out, 0);
	put_16(out + 2, type);
	put_16(out + 4, CHUNK_HEAD + len);
	if (len > 0)
		memcpy(out + CHUNK_HEAD, data, len);
	writing->len += CHUNK_HEAD + len;
}

static void add_8(struct writing *writing, enum chunk type, uint8_t number)
{
	add(writing, type, &number, 1);
}

static void add_16(struct writing *writing, enum chunk type, uint16_t number)
{
	const uint8_t data[2] = {(uint8_t)(number >> 8), (uint8_t)number};

	add(writing, type, data, sizeof(data));
}

static void add_32(struct writing *writing, enum chunk type, uint32_t number)
{
	const uint8_t data[4] = {(uint8_t)(number >> 24), (uint8_t)(number >> 16),
		(uint8_t)(number >> 8), (uint8_t)number};

	add(writing, type, data, sizeof(data));
}

static void add_text(struct writing *writing, enum chunk type, struct span text)
{
	if (text.len > 0)
		add(writing, type, text.p, text.len < TEXT_MAX ? text.len : TEXT_MAX);
}

static void add_v4(struct writing *writing, enum chunk type, const struct addr *addr)
{
	static const uint8_t none[4];

	add(writing, type, addr->len ? (const void *)&addr->v4.sin_addr : none, 4);
}

/* Where one is IPv4 and the other is not, it is shown as the IPv6 address that stands for it (RFC 4291 2.5.5.2). */
static void add_v6(struct writing *writing, enum chunk type, const struct addr *addr)
{
	uint8_t mapped[16] = {0};

	if (addr->len && addr_is_v6(addr)) {
		memcpy(mapped, &addr->v6.sin6_addr, sizeof(mapped));
	} else if (addr->len) {
		mapped[10] = mapped[11] = 0xff;
		memcpy(mapped + 12, &addr->v4.sin_addr, 4);
	}
	add(writing, type, mapped, sizeof(mapped));
}

static void add_addresses(struct writing *writing, const struct hep_packet *packet)
{
	const struct addr *source = &packet->source, *destination = &packet->destination;
	const bool v6 = (source->len && addr_is_v6(source)) ||
			(destination->len && addr_is_v6(destination));

	add_8(writing, CHUNK_FAMILY, v6 ? FAMILY_V6 : FAMILY_V4);
	add_8(writing, CHUNK_PROTOCOL, packet->protocol);
	if (v6) {
		add_v6(writing, CHUNK_SOURCE_V6, source);
		add_v6(writing, CHUNK_DESTINATION_V6, destination);
	} else {
		add_v4(writing, CHUNK_SOURCE_V4, source);
		add_v4(writing, CHUNK_DESTINATION_V4, destination);
	}
	add_16(writing, CHUNK_SOURCE_PORT, source->len ? addr_port(source) : 0);
	add_16(writing, CHUNK_DESTINATION_PORT,
		destination->len ? addr_port(destination) : 0);
}

size_t hep_packet_write(uint8_t out[static HEP_PACKET_MAX],
	const struct hep_packet *packet, bool *ret_cut)
{
	struct writing writing = {.out = out, .len = HEAD_LEN};
	size_t len = packet->payload.len, room;

	add_addresses(&writing, packet);
	add_32(&writing, CHUNK_SECONDS, (uint32_t)(packet->wall_us / 1000000));
	add_32(&writing, CHUNK_MICROSECONDS, (uint32_t)(packet->wall_us % 1000000));
	add_8(&writing, CHUNK_TYPE, (uint8_t)packet->type);
	add_32(&writing, CHUNK_CAPTURE_ID, packet->capture_id);
	add_text(&writing, CHUNK_KEY, packet->key);
	add_text(&writing, CHUNK_NODE, packet->node);
	add_text(&writing, CHUNK_CORRELATION, packet->correlation);
	room = HEP_PACKET_MAX - writing.len - CHUNK_HEAD;
	*ret_cut = len > room;
	add(&writing, CHUNK_PAYLOAD, packet->payload.p, len > room ? room : len);
	memcpy(out, "HEP3", 4);
	put_16(out + 4, writing.len);
	return writing.len;
}
