/*
 * Reads the blocks of pcapng that pcapng.h writes: whose a packet is, which way it went, how it was protected. libpcap
 * reads such files too, and says nothing of that. A file may have been changed by whoever has its folder; so nothing of
 * it is believed. Pure; any thread.
 */
#pragma once

#include "base/span.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Interfaces of a section; packets of further ones are nobody's. */
#define PCAPNG_READ_INTERFACES 64
#define PCAPNG_READ_NAME 8
#define PCAPNG_READ_DESCRIPTION 80
/* What every file of pcapng begins with, in any byte order. */
#define PCAPNG_READ_MAGIC "\x0a\x0d\x0d\x0a"

/* Texts are cut to their room. */
struct pcapng_read_interface {
	bool cooked; /* of our link type */
	char name[PCAPNG_READ_NAME];
	char description[PCAPNG_READ_DESCRIPTION];
};

/* All zero: nothing was read. */
struct pcapng_read {
	bool begun; /* a section header of ours came */
	unsigned count;
	struct pcapng_read_interface interfaces[PCAPNG_READ_INTERFACES];
};

/* The length of the block that begins with HEAD (PCAPNG_BLOCK_HEAD bytes), of whatever type; 0: it is no block of a
 * file of ours. */
size_t pcapng_read_len(const uint8_t *head);

struct pcapng_read_packet {
	uint64_t wall_us;
	bool sent;
	const struct pcapng_read_interface *interface; /* NULL: nobody's */
	struct span comment;                           /* may be empty */
	struct span ip;                                /* an IP packet that was not cut */
};

/*
 * Takes the next BLOCK, of LEN bytes as pcapng_read_len() said. 1: it is a whole packet; *RET is borrowed of BLOCK and
 * READ. 0: it is something else. ERR_FORMAT: no block of ours.
 */
int pcapng_read_block(struct pcapng_read *read, const uint8_t *block, size_t len,
	struct pcapng_read_packet *ret);
