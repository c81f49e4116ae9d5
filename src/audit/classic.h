/*
 * The classic format of captures, pcap: link type RAW, microseconds, in our byte order, by libpcap. One thread.
 */
#pragma once

#include "base/buf.h"

#include <stddef.h>
#include <stdint.h>

struct classic;

#define CLASSIC_HEAD 24        /* of a file */
#define CLASSIC_RECORD_HEAD 16 /* of each packet in it */

/* 0 or -ENOMEM. */
int classic_new(struct classic **ret);
void classic_free(struct classic *classic); /* NULL is fine */

/* Appends what a file begins with. */
void classic_head(const struct classic *classic, struct buf *out);
/* Appends one packet; WHOLE is its length before it was cut to LEN. */
void classic_packet(struct classic *classic, struct buf *out, uint64_t wall_us,
	const void *packet, size_t len, size_t whole);

/* The length of the record that begins with HEAD; 0: it is none of ours. */
size_t classic_record_len(const uint8_t head[static CLASSIC_RECORD_HEAD]);
