/*
 * Base64 as RFC 4648 4 has it, with its padding. Pure; any thread.
 */
#pragma once

#include "base/buf.h"

void radix64_add(struct buf *out, const void *bytes, size_t len);
/*
 * Writes what TEXT stands for to RET, which has SIZE, and its length to RET_LEN. 0; ERR_FORMAT where
 * TEXT is not what radix64_add() would have written, bits behind the end included (3.5): one value has one text;
 * ERR_LIMIT where it does not fit.
 */
int radix64_read(struct span text, void *ret, size_t size, size_t *ret_len);
