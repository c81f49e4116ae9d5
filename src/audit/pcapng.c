#include "audit/pcapng.h"

#include "base/pcapng_block.h"

#include <arpa/inet.h>
#include <string.h>

enum option {
	OPTION_END = 0,
	OPTION_COMMENT = 1,
	OPTION_PACKET_FLAGS = 2,
	OPTION_INTERFACE_NAME = 2,
	OPTION_INTERFACE_DESCRIPTION = 3,
	OPTION_SECTION_APPLICATION = 4,
	OPTION_PACKET_ID = 5,
	OPTION_INTERFACE_RESOLUTION = 9,
};

#define LINKTYPE_LINUX_SLL 113
#define COOKED_TO_US 0
#define COOKED_BY_US 4
#define COOKED_NONE 0xfffe /* no hardware */
#define ETHERTYPE_IPV4 0x0800
#define ETHERTYPE_IPV6 0x86dd
#define RESOLUTION_US 6 /* 10^-6 s */
#define INBOUND 1
#define OUTBOUND 2

static void put16(struct buf *out, uint16_t value)
{
	buf_add(out, &value, sizeof(value));
}

static void put_option(struct buf *out, enum option code, const void *value, size_t len)
{
	const uint16_t head[2] = {(uint16_t)code, (uint16_t)len};

	buf_add(out, head, sizeof(head));
	buf_add(out, value, len);
	pcapng_block_pad(out, len);
}

static void put_text(struct buf *out, enum option code, const char *text)
{
	size_t len = strlen(text);

	if (len > PCAPNG_TEXT_MAX) {
		len = PCAPNG_TEXT_MAX;
		while (len > 0 && ((unsigned char)text[len] & 0xc0) == 0x80)
			len--;
	}
	if (len > 0)
		put_option(out, code, text, len);
}

void pcapng_section(struct buf *out, const char *application, const char *comment)
{
	const size_t at = pcapng_block_begin(out, PCAPNG_BLOCK_SECTION);

	pcapng_block_put32(out, PCAPNG_BLOCK_MAGIC);
	put16(out, 1);
	put16(out, 0);
	/* its length: not given */
	pcapng_block_put32(out, UINT32_MAX);
	pcapng_block_put32(out, UINT32_MAX);
	put_text(out, OPTION_SECTION_APPLICATION, application);
	put_text(out, OPTION_COMMENT, comment);
	put_option(out, OPTION_END, NULL, 0);
	pcapng_block_end(out, at);
}

void pcapng_interface(struct buf *out, const char *name, const char *description)
{
	const size_t at = pcapng_block_begin(out, PCAPNG_BLOCK_INTERFACE);
	const uint8_t resolution = RESOLUTION_US;

	put16(out, LINKTYPE_LINUX_SLL);
	put16(out, 0);
	pcapng_block_put32(out, 0); /* no limit */
	put_text(out, OPTION_INTERFACE_NAME, name);
	put_text(out, OPTION_INTERFACE_DESCRIPTION, description);
	put_option(out, OPTION_INTERFACE_RESOLUTION, &resolution, 1);
	put_option(out, OPTION_END, NULL, 0);
	pcapng_block_end(out, at);
}

/* In the byte order of networks. There is no address of the link: its words stay zero. */
static void put_cooked(struct buf *out, const struct pcapng_packet *packet)
{
	const uint8_t *ip = packet->data;
	const bool v6 = packet->len > 0 && ip[0] >> 4 == 6;
	const uint16_t head[PCAPNG_COOKED_HEAD / sizeof(uint16_t)] = {
		[0] = htons(packet->sent ? COOKED_BY_US : COOKED_TO_US),
		[1] = htons(COOKED_NONE),
		[7] = htons(v6 ? ETHERTYPE_IPV6 : ETHERTYPE_IPV4)};

	buf_add(out, head, sizeof(head));
}

void pcapng_packet(struct buf *out, const struct pcapng_packet *packet)
{
	const size_t at = pcapng_block_begin(out, PCAPNG_BLOCK_PACKET);
	const uint32_t flags = packet->sent ? OUTBOUND : INBOUND;
	const uint32_t head[5] = {packet->interface, (uint32_t)(packet->wall_us >> 32),
		(uint32_t)packet->wall_us, (uint32_t)(PCAPNG_COOKED_HEAD + packet->len),
		(uint32_t)(PCAPNG_COOKED_HEAD + packet->whole)};

	buf_add(out, head, sizeof(head));
	put_cooked(out, packet);
	buf_add(out, packet->data, packet->len);
	pcapng_block_pad(out, packet->len);
	put_option(out, OPTION_PACKET_FLAGS, &flags, sizeof(flags));
	put_option(out, OPTION_PACKET_ID, &packet->id, sizeof(packet->id));
	put_text(out, OPTION_COMMENT, packet->comment);
	put_option(out, OPTION_END, NULL, 0);
	pcapng_block_end(out, at);
}

bool pcapng_is_packet(const uint8_t head[static PCAPNG_BLOCK_HEAD])
{
	uint32_t type;

	memcpy(&type, head, sizeof(type));
	return type == PCAPNG_BLOCK_PACKET;
}

size_t pcapng_block_len(const uint8_t head[static PCAPNG_BLOCK_HEAD])
{
	uint32_t type, len;

	memcpy(&type, head, sizeof(type));
	memcpy(&len, head + sizeof(type), sizeof(len));
	if (type != PCAPNG_BLOCK_SECTION && type != PCAPNG_BLOCK_INTERFACE &&
		type != PCAPNG_BLOCK_PACKET)
		return 0;
	return len >= PCAPNG_BLOCK_LEAST && len <= PCAPNG_BLOCK_MAX && len % 4 == 0 ? len
										    : 0;
}

/* What the options at AT of BLOCK, up to END, say of its packet. */
static void read_options(
	const uint8_t *block, size_t at, size_t end, struct pcapng_view *view)
{
	uint16_t head[2];
	size_t whole;

	for (; end - at >= sizeof(head); at += whole) {
		memcpy(head, block + at, sizeof(head));
		whole = sizeof(head) + head[1] + pcapng_block_padding(head[1]);
		if (head[0] == OPTION_END || whole > end - at)
			return;
		if (head[0] == OPTION_COMMENT)
			view->commented = true;
		else if (head[0] == OPTION_PACKET_ID && head[1] == PCAPNG_ID_LEN)
			view->id = at + sizeof(head);
	}
}

/* Of a packet's block: its head, and what stands behind its options. */
#define PACKET_HEAD 28
#define PACKET_TAIL 4

bool pcapng_open(const uint8_t *block, size_t len, struct pcapng_view *ret)
{
	uint32_t kept;
	size_t end;

	if (len < PACKET_HEAD + PACKET_TAIL || !pcapng_is_packet(block))
		return false;
	memcpy(&kept, block + 20, sizeof(kept));
	if (kept < PCAPNG_COOKED_HEAD || kept > len - PACKET_HEAD - PACKET_TAIL)
		return false;
	end = PACKET_HEAD + kept + pcapng_block_padding(kept);
	if (end > len - PACKET_TAIL)
		return false;
	*ret = (struct pcapng_view){
		.at = PACKET_HEAD + PCAPNG_COOKED_HEAD, .len = kept - PCAPNG_COOKED_HEAD};
	read_options(block, end, len - PACKET_TAIL, ret);
	return true;
}
