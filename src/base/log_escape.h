/*
 * Bytes of a line of the log that no terminal and no reader of lines may see. For the log's own
 * files.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

static inline bool log_is_printable(char c)
{
	return c >= ' ' && c <= '~';
}

/* Writes C to OUT, four bytes of room, as it is, or as \xNN where it is not printable ASCII;
 * returns the length. */
static inline size_t log_escape_byte(char *out, char c)
{
	static const char digits[] = "0123456789abcdef";
	unsigned char byte = (unsigned char)c;

	if (log_is_printable(c)) {
		out[0] = c;
		return 1;
	}
	out[0] = '\\';
	out[1] = 'x';
	out[2] = digits[byte >> 4];
	out[3] = digits[byte & 15];
	return 4;
}
