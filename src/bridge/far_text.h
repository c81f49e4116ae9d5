/*
 * What a far end wrote, as a record keeps it: bounded, on one line, and without what a terminal obeys. Pure; any thread.
 */
#pragma once

#include "base/span.h"

/* VALUE, a word or a quoted string (RFC 3261 25.1, without its quotes and escapes then), trimmed, with a blank for each
 * control character, a question mark for each byte above ASCII where it is no UTF-8, and cut to MAX bytes, of UTF-8 between two characters. The caller's to free; NULL: nothing is left of it,
 * or no memory. */
char *far_text(struct span value, size_t max);
