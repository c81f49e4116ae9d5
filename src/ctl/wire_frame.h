/* Where UDP is in a captured frame, and what a frame becomes whose payload is another one. tandemctl's only thread. */
#pragma once

#include "base/addr.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Offsets are from the first byte of the frame. */
struct wire_frame {
	size_t ip, udp, payload;
	size_t payload_len;
	bool v6;
	struct addr from, to;
};

/*
 * Finds UDP in DATA, a frame of LINK_TYPE (DLT_ of libpcap: Ethernet with up to two tags, both kinds of Linux cooked, raw IP). False: there is
 * none, it is a fragment, or it was not captured to its end.
 */
bool wire_frame_read(
	struct wire_frame *ret, int link_type, const uint8_t *data, size_t len);
/* The payload of DATA has LEN bytes now, no more than before: writes lengths and checksums anew. Returns the frame's length. */
size_t wire_frame_write(const struct wire_frame *frame, uint8_t *data, size_t len);
