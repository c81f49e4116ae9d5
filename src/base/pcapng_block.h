/*
 * Blocks of pcapng (draft-ietf-opsawg-pcapng), which its files are made of: for whoever writes or reads them. In the byte order of
 * the machine. Any thread.
 */
#pragma once

#include "base/buf.h"

#include <stdint.h>

enum pcapng_block_type {
	PCAPNG_BLOCK_INTERFACE = 0x00000001,
	PCAPNG_BLOCK_PACKET = 0x00000006,
	PCAPNG_BLOCK_SECRETS = 0x0000000a,
	PCAPNG_BLOCK_SECTION = 0x0a0d0d0a,
};

/* What a section begins with. */
#define PCAPNG_BLOCK_MAGIC 0x1a2b3c4d
/* Of a block with nothing in it: type and length before, length behind. */
#define PCAPNG_BLOCK_LEAST 12

/* Begins a block behind what is in OUT. Returns where it is, for pcapng_block_end(). */
size_t pcapng_block_begin(struct buf *out, enum pcapng_block_type type);
/* Ends it: pads it to whole words, and fills its length in. */
void pcapng_block_end(struct buf *out, size_t at);

void pcapng_block_put32(struct buf *out, uint32_t value);
/* Zeros behind what has LEN bytes, up to a whole word; and how many these are. */
void pcapng_block_pad(struct buf *out, size_t len);
size_t pcapng_block_padding(size_t len);
