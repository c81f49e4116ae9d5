/*
 * What the file of a capture is made of: blocks of pcapng, or the head of a file of pcap and its records. Pure; any thread.
 */
#pragma once

#include "audit/classic.h"
#include "audit/pcapng.h"

#include <stdbool.h>

/* Bytes at the beginning of a block of either that tell how long it is. */
#define BLOCKS_HEAD CLASSIC_HEAD

/* The length of the block at the beginning of BLOCK, LEN bytes, of a file where it is the first or a later one; 0: it is
 * none. */
size_t blocks_len(bool classic, bool first, const uint8_t *block, size_t len);
/* Whether that block has a packet. */
bool blocks_is_packet(bool classic, bool first, const uint8_t *block, size_t len);
