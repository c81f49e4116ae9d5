#include "tls/escape.h"

#include <string.h>

#define CUT "..."

/* Writes C to WORD and returns its length, at most 4. */
static size_t escape_byte(char word[static 4], unsigned char c)
{
	static const char hex[] = "0123456789abcdef";

	if (c == '"' || c == '\\') {
		word[0] = '\\';
		word[1] = (char)c;
		return 2;
	}
	if (c >= 0x20 && c < 0x7f) {
		word[0] = (char)c;
		return 1;
	}
	word[0] = '\\';
	word[1] = 'x';
	word[2] = hex[c >> 4];
	word[3] = hex[c & 15];
	return 4;
}

void escape_add(char *out, size_t size, const char *text, size_t len)
{
	const size_t cut_len = strlen(CUT);
	size_t used = strlen(out);
	size_t fits = used; /* the longest prefix behind which CUT still has room */

	if (used >= cut_len && strcmp(out + used - cut_len, CUT) == 0)
		return;
	if (fits + cut_len + 1 > size)
		fits = size - cut_len - 1;
	for (size_t i = 0; i < len; i++) {
		char word[4];
		size_t n = escape_byte(word, (unsigned char)text[i]);

		if (used + n + 1 > size) {
			memcpy(out + fits, CUT, cut_len + 1);
			return;
		}
		memcpy(out + used, word, n);
		used += n;
		out[used] = '\0';
		if (used + cut_len + 1 <= size)
			fits = used;
	}
}

void escape_add_str(char *out, size_t size, const char *text)
{
	escape_add(out, size, text, strlen(text));
}
