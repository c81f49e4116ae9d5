#include "verify/safe.h"

void safe_print(FILE *out, struct span text)
{
	for (size_t i = 0; i < text.len; i++) {
		unsigned char c = (unsigned char)text.p[i];

		fputc(c < 0x20 || c == 0x7f ? '?' : c, out);
	}
}
