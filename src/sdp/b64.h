/*
 * Base64 (RFC 4648 section 4) for keys: strict, and without branches or table look-ups
 * that depend on the bytes. Private to src/sdp. Any thread.
 */
#pragma once

#include "base/span.h"

#include <stddef.h>
#include <stdint.h>

/* Characters that LEN bytes take, padding included. */
#define B64_LEN(len) (((len) + 2) / 3 * 4)

/*
 * TEXT to exactly LEN bytes in OUT. The padding may be there in full or not at all (RFC
 * 4568 6.1 has it discarded, and some peers never send it). 0, or ERR_FORMAT for another
 * length, another character, or bits behind the last byte; OUT is then undefined.
 */
int b64_decode(struct span text, uint8_t *out, size_t len);

/* LEN bytes to B64_LEN(LEN) characters with padding, no NUL. */
void b64_encode(const uint8_t *bytes, size_t len, char *out);
