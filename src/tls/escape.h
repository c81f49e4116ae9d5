/*
 * A peer's text made safe for a log line or a report: quotes, backslashes, control and
 * non-ASCII bytes become \xNN or \c, and what does not fit is cut with "...". Any thread.
 */
#pragma once

#include <stddef.h>

/*
 * Appends LEN bytes of TEXT to the NUL-terminated OUT of SIZE bytes (4 at least). Once a
 * text ends in "...", later appends do nothing.
 */
void escape_add(char *out, size_t size, const char *text, size_t len);
/* The same for a NUL-terminated text. */
void escape_add_str(char *out, size_t size, const char *text);
