/*
 * Synthetic IP and UDP headers, so that messages and packets, decrypted, open in the tools
 * that people know. Pure; any thread.
 */
#pragma once

#include "base/addr.h"
#include "base/span.h"

#include <stddef.h>
#include <stdint.h>

/* The longest datagram with its headers, IPv6. */
#define DATAGRAM_MAX (40 + 65535)

/*
 * Writes an IP packet that carries DATA over UDP from SOURCE to DESTINATION to OUT, with
 * correct checksums; IPv6 when either address is, an absent address as the unspecified one.
 * What no datagram can hold is cut. Returns the bytes written; *ret_whole is what they would
 * have been uncut (the pcap record's "len", by which a reader learns of the cut).
 */
size_t datagram_build(uint8_t out[static DATAGRAM_MAX], const struct addr *source,
	const struct addr *destination, const void *data, size_t len, size_t *ret_whole);
/* The same, but FIRST stands in the place of as many of its bytes; of more than there are none. */
size_t datagram_build_with(uint8_t out[static DATAGRAM_MAX], const struct addr *source,
	const struct addr *destination, struct span first, const void *data, size_t len,
	size_t *ret_whole);

/* Where what PACKET, which datagram_build() made, carries begins, and its length to *RET_LEN. 0: it is none. */
size_t datagram_open(const uint8_t *packet, size_t len, size_t *ret_len);
/* Makes the checksum of one that was opened anew, after what it carries was changed. */
void datagram_close(uint8_t *packet);
