#include "evidence/radix64.h"

#include "base/err.h"

static const char letters[] =
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void radix64_add(struct buf *out, const void *bytes, size_t len)
{
	const uint8_t *from = bytes;

	for (size_t i = 0; i < len; i += 3) {
		uint32_t group = (uint32_t)from[i] << 16;
		size_t left = len - i;
		char text[4];

		if (left > 1)
			group |= (uint32_t)from[i + 1] << 8;
		if (left > 2)
			group |= from[i + 2];
		text[0] = letters[group >> 18];
		text[1] = letters[group >> 12 & 63];
		text[2] = left > 1 ? letters[group >> 6 & 63] : '=';
		text[3] = left > 2 ? letters[group & 63] : '=';
		buf_add(out, text, sizeof(text));
	}
}

static int value_of(char letter)
{
	if (letter >= 'A' && letter <= 'Z')
		return letter - 'A';
	if (letter >= 'a' && letter <= 'z')
		return letter - 'a' + 26;
	if (letter >= '0' && letter <= '9')
		return letter - '0' + 52;
	if (letter == '+')
		return 62;
	return letter == '/' ? 63 : -1;
}

/* Of the four letters at TEXT, PADDING of them being '='. Negative: they are none. */
static int32_t group_of(const char *text, size_t padding)
{
	int32_t group = 0;

	for (size_t i = 0; i < 4; i++) {
		int value = i < 4 - padding ? value_of(text[i]) : 0;

		if (value < 0)
			return -1;
		group = group << 6 | value;
	}
	/* What no byte takes must be zero. */
	return group & ((1 << 8 * padding) - 1) ? -1 : group;
}

int radix64_read(struct span text, void *ret, size_t size, size_t *ret_len)
{
	uint8_t *out = ret;
	size_t padding = 0, len;

	if (text.len % 4 != 0)
		return ERR_FORMAT;
	while (padding < 2 && padding < text.len && text.p[text.len - 1 - padding] == '=')
		padding++;
	len = text.len / 4 * 3 - padding;
	if (len > size)
		return ERR_LIMIT;
	for (size_t i = 0; i < text.len; i += 4) {
		size_t missing = i + 4 == text.len ? padding : 0;
		int32_t group = group_of(text.p + i, missing);

		if (group < 0)
			return ERR_FORMAT;
		for (size_t k = 0; k < 3 - missing; k++)
			*out++ = (uint8_t)(group >> (16 - 8 * k));
	}
	*ret_len = len;
	return 0;
}
