/*
 * The blocks of pcapng (draft-ietf-opsawg-pcapng) that a capture is made of: section headers, interfaces, packets. They
 * are appended to a buffer in our byte order. Pure; any thread.
 *
 * libpcap cannot write these blocks. It can read them; but of several interfaces of raw IP it says (1.10) that they are
 * of different types. So the link type is Linux's "cooked" one, whose header says which way a packet went as well.
 */
#pragma once

#include "base/buf.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* The longest text of one option; what is longer is cut, at the beginning of a UTF-8 sequence. */
#define PCAPNG_TEXT_MAX 1024
/* A block of ours is no longer than this; a longer one in a file is none of ours. */
#define PCAPNG_BLOCK_MAX ((uint32_t)1 << 18)

/* Section Header Block (4.1), its length not given. Both texts may be "". */
void pcapng_section(struct buf *out, const char *application, const char *comment);

/* What stands before each IP packet. */
#define PCAPNG_COOKED_HEAD 16

/* Interface Description Block (4.2): link type LINUX_SLL, microseconds, packets are not cut. Interfaces have numbers from 0
 * in the order in which they are added to a section. Texts may be "". */
void pcapng_interface(struct buf *out, const char *name, const char *description);

struct pcapng_packet {
	uint32_t interface;
	uint64_t wall_us;
	bool sent;           /* flags (4.3.1): outbound; else inbound */
	const char *comment; /* "": none */
	uint64_t
		id; /* packetid (4.3.1): random, so that a hash of the block tells nothing of it */
	const void *data; /* an IP packet */
	size_t len;       /* below 2^18 less the rest of the block */
	size_t whole;     /* the packet's length before it was cut to LEN */
};

/* Enhanced Packet Block (4.3). */
void pcapng_packet(struct buf *out, const struct pcapng_packet *packet);

/* What pcapng_packet() appends at most beside the packet and its padding. */
#define PCAPNG_PACKET_HEAD                                                               \
	(28 + PCAPNG_COOKED_HEAD + 4 + PCAPNG_TEXT_MAX + 8 + 12 + 4 + 4)

/* Bytes at the beginning of a block that tell how long it is. */
#define PCAPNG_BLOCK_HEAD 8
/* Whether the block that begins with HEAD has a packet. */
bool pcapng_is_packet(const uint8_t head[static PCAPNG_BLOCK_HEAD]);
/* The length of the block that begins with HEAD; 0: it is no block of ours. */
size_t pcapng_block_len(const uint8_t head[static PCAPNG_BLOCK_HEAD]);

#define PCAPNG_ID_LEN 8
/* A packet in its block. */
struct pcapng_view {
	size_t at, len; /* of the IP packet, within the block */
	size_t id;      /* where its packetid is, of PCAPNG_ID_LEN; 0: it has none */
	bool commented; /* as those of messages are */
};
/* BLOCK, LEN bytes, is one of pcapng_packet(), whatever it has. False: it is none. */
bool pcapng_open(const uint8_t *block, size_t len, struct pcapng_view *ret);
