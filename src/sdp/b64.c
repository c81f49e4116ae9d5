#include "sdp/b64.h"

#include "base/err.h"

#include <stdbool.h>

/* All ones when LOW <= C <= HIGH, else 0. */
static unsigned in_range(unsigned c, unsigned low, unsigned high)
{
	return 0u - ((~((c - low) | (high - c)) >> 31) & 1u);
}

/* 0 to 63, or a value with bit 8 set for what is no base64 character. */
static unsigned decode_char(char character)
{
	unsigned c = (unsigned char)character;
	unsigned upper = in_range(c, 'A', 'Z');
	unsigned lower = in_range(c, 'a', 'z');
	unsigned digit = in_range(c, '0', '9');
	unsigned plus = in_range(c, '+', '+');
	unsigned slash = in_range(c, '/', '/');

	return (upper & (c - 'A')) | (lower & (c - 'a' + 26)) | (digit & (c - '0' + 52)) |
	       (plus & 62u) | (slash & 63u) |
	       (~(upper | lower | digit | plus | slash) & 0x100u);
}

static char encode_char(unsigned value)
{
	unsigned c = (in_range(value, 0, 25) & (value + 'A')) |
		     (in_range(value, 26, 51) & (value - 26 + 'a')) |
		     (in_range(value, 52, 61) & (value - 52 + '0')) |
		     (in_range(value, 62, 62) & '+') | (in_range(value, 63, 63) & '/');

	return (char)c;
}

/* Takes the padding off; false when it is neither complete nor absent. */
static bool strip_padding(struct span *text, size_t len)
{
	size_t bare = (len * 8 + 5) / 6;

	if (text->len == B64_LEN(len)) {
		for (size_t i = bare; i < text->len; i++)
			if (text->p[i] != '=')
				return false;
		text->len = bare;
	}
	return text->len == bare;
}

int b64_decode(struct span text, uint8_t *out, size_t len)
{
	unsigned bits = 0; /* not yet written, in the low end */
	unsigned bit_count = 0;
	unsigned bad = 0;
	size_t written = 0;

	if (!strip_padding(&text, len))
		return ERR_FORMAT;
	for (size_t i = 0; i < text.len; i++) {
		unsigned value = decode_char(text.p[i]);

		bad |= value & 0x100u;
		bits = (bits << 6 | (value & 63u)) & 0xfffu;
		bit_count += 6;
		if (bit_count >= 8) {
			bit_count -= 8;
			out[written++] = (uint8_t)(bits >> bit_count);
		}
	}
	/* Two spellings of one key would be one too many: the spare bits must be 0. */
	bad |= bits & ((1u << bit_count) - 1);
	return bad ? ERR_FORMAT : 0;
}

void b64_encode(const uint8_t *bytes, size_t len, char *out)
{
	for (size_t i = 0; i < len; i += 3) {
		size_t left = len - i;
		unsigned group = (unsigned)bytes[i] << 16 |
				 (left > 1 ? (unsigned)bytes[i + 1] << 8 : 0) |
				 (left > 2 ? bytes[i + 2] : 0u);

		*out++ = encode_char(group >> 18);
		*out++ = encode_char(group >> 12 & 63u);
		*out++ = (char)(left > 1 ? encode_char(group >> 6 & 63u) : '=');
		*out++ = (char)(left > 2 ? encode_char(group & 63u) : '=');
	}
}
