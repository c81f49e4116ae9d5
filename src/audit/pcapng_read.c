#include "audit/pcapng_read.h"

#include "audit/pcapng.h"
#include "base/err.h"
#include "base/pcapng_block.h"

#include <stdio.h>
#include <string.h>

#define LINKTYPE_LINUX_SLL 113
#define OPTION_END 0
#define OPTION_COMMENT 1
#define OPTION_FLAGS 2
#define OPTION_NAME 2
#define OPTION_DESCRIPTION 3
#define OUTBOUND 2
#define SECTION_FIXED 16
#define INTERFACE_FIXED 8
#define PACKET_FIXED 20

static uint32_t get32(const uint8_t *at)
{
	uint32_t value;

	memcpy(&value, at, sizeof(value));
	return value;
}

static uint16_t get16(const uint8_t *at)
{
	uint16_t value;

	memcpy(&value, at, sizeof(value));
	return value;
}

size_t pcapng_read_len(const uint8_t *head)
{
	const uint32_t len = get32(head + 4);

	return len >= PCAPNG_BLOCK_LEAST && len <= PCAPNG_BLOCK_MAX && len % 4 == 0 ? len
										    : 0;
}

/* Takes the next option off the front of REST. False: there are no more, or what follows is none. */
static bool next_option(struct span *rest, uint16_t *ret_code, struct span *ret_value)
{
	const uint8_t *at = (const uint8_t *)rest->p;
	size_t len, padded;

	if (rest->len < 4)
		return false;
	*ret_code = get16(at);
	len = get16(at + 2);
	padded = (len + 3) & ~(size_t)3;
	if (*ret_code == OPTION_END || padded > rest->len - 4)
		return false;
	*ret_value = (struct span){rest->p + 4, len};
	rest->p += 4 + padded;
	rest->len -= 4 + padded;
	return true;
}

/* What stands between the fixed part of BODY and its end. */
static struct span behind(struct span body, size_t fixed)
{
	return (struct span){body.p + fixed, body.len - fixed};
}

static int read_section(struct pcapng_read *read, struct span body)
{
	if (body.len < SECTION_FIXED ||
		get32((const uint8_t *)body.p) != PCAPNG_BLOCK_MAGIC)
		return ERR_FORMAT;
	read->begun = true;
	read->count = 0;
	return 0;
}

static int read_interface(struct pcapng_read *read, struct span body)
{
	struct pcapng_read_interface *interface;
	struct span rest, value;
	uint16_t code;

	if (body.len < INTERFACE_FIXED)
		return ERR_FORMAT;
	if (read->count == PCAPNG_READ_INTERFACES)
		return 0;
	interface = &read->interfaces[read->count++];
	memset(interface, 0, sizeof(*interface));
	interface->cooked = get16((const uint8_t *)body.p) == LINKTYPE_LINUX_SLL;
	rest = behind(body, INTERFACE_FIXED);
	while (next_option(&rest, &code, &value)) {
		if (code == OPTION_NAME)
			snprintf(interface->name, sizeof(interface->name), "%.*s",
				SPAN_ARG(value));
		else if (code == OPTION_DESCRIPTION)
			snprintf(interface->description, sizeof(interface->description),
				"%.*s", SPAN_ARG(value));
	}
	return 0;
}

static int read_packet(
	const struct pcapng_read *read, struct span body, struct pcapng_read_packet *ret)
{
	const uint8_t *at = (const uint8_t *)body.p;
	struct pcapng_read_packet packet = {.comment = {"", 0}};
	struct span rest, value;
	size_t len, padded;
	uint16_t code;

	if (body.len < PACKET_FIXED)
		return ERR_FORMAT;
	len = get32(at + 12);
	padded = (len + 3) & ~(size_t)3;
	if (len > PCAPNG_BLOCK_MAX || padded > body.len - PACKET_FIXED)
		return ERR_FORMAT;
	if (get32(at) < read->count)
		packet.interface = &read->interfaces[get32(at)];
	packet.wall_us = (uint64_t)get32(at + 4) << 32 | get32(at + 8);
	/* without an interface nobody says what it begins with; it may have been cut */
	if (!packet.interface || !packet.interface->cooked || len < PCAPNG_COOKED_HEAD ||
		len != get32(at + 16))
		return 0;
	packet.ip = (struct span){
		body.p + PACKET_FIXED + PCAPNG_COOKED_HEAD, len - PCAPNG_COOKED_HEAD};
	rest = behind(body, PACKET_FIXED + padded);
	while (next_option(&rest, &code, &value)) {
		if (code == OPTION_COMMENT)
			packet.comment = value;
		else if (code == OPTION_FLAGS && value.len == 4)
			packet.sent = (get32((const uint8_t *)value.p) & 3) == OUTBOUND;
	}
	*ret = packet;
	return 1;
}

int pcapng_read_block(struct pcapng_read *read, const uint8_t *block, size_t len,
	struct pcapng_read_packet *ret)
{
	struct span body;
	uint32_t type;

	if (len < PCAPNG_BLOCK_LEAST || get32(block + len - 4) != len)
		return ERR_FORMAT;
	type = get32(block);
	body = (struct span){
		(const char *)block + PCAPNG_BLOCK_HEAD, len - PCAPNG_BLOCK_LEAST};
	if (type == PCAPNG_BLOCK_SECTION)
		return read_section(read, body);
	if (!read->begun)
		return ERR_FORMAT;
	if (type == PCAPNG_BLOCK_INTERFACE)
		return read_interface(read, body);
	return type == PCAPNG_BLOCK_PACKET ? read_packet(read, body, ret) : 0;
}
