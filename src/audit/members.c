/*
 * Written by hand rather than through jansson: it runs on the loop thread once a call, and
 * a tree of eighty nodes for it would cost more than all the rest of a call's end.
 */
#include "audit/members.h"

#include "base/clock.h"

/* What stands for bytes that are not UTF-8: U+FFFD. */
#define REPLACEMENT "\xef\xbf\xbd"

/* The length of the well-formed UTF-8 sequence at TEXT (Unicode table 3-7), or 0. */
static size_t utf8_len(const unsigned char *text)
{
	unsigned char low = 0x80, high = 0xbf;
	size_t len;

	if (text[0] >= 0xc2 && text[0] <= 0xdf)
		len = 2;
	else if (text[0] >= 0xe0 && text[0] <= 0xef)
		len = 3;
	else if (text[0] >= 0xf0 && text[0] <= 0xf4)
		len = 4;
	else
		return 0;
	if (text[0] == 0xe0)
		low = 0xa0;
	else if (text[0] == 0xed)
		high = 0x9f;
	else if (text[0] == 0xf0)
		low = 0x90;
	else if (text[0] == 0xf4)
		high = 0x8f;
	if (text[1] < low || text[1] > high)
		return 0;
	for (size_t i = 2; i < len; i++)
		if (text[i] < 0x80 || text[i] > 0xbf)
			return 0;
	return len;
}

static bool is_plain(unsigned char c)
{
	return c >= 0x20 && c < 0x7f && c != '"' && c != '\\';
}

/* One character at TEXT that is not plain. Returns how many bytes it took. */
static size_t add_special(struct buf *out, const unsigned char *text)
{
	static const char digits[] = "0123456789abcdef";
	size_t len;

	if (*text == '"' || *text == '\\') {
		buf_add_char(out, '\\');
		buf_add_char(out, (char)*text);
		return 1;
	}
	if (*text < 0x20 || *text == 0x7f) {
		buf_add(out, "\\u00", 4);
		buf_add_char(out, digits[*text >> 4]);
		buf_add_char(out, digits[*text & 15]);
		return 1;
	}
	len = utf8_len(text);
	if (len == 0) {
		buf_add_str(out, REPLACEMENT);
		return 1;
	}
	buf_add(out, text, len);
	return len;
}

void members_value(struct buf *out, const char *value)
{
	const unsigned char *text = (const unsigned char *)(value ? value : "");
	size_t plain;

	buf_add_char(out, '"');
	while (*text) {
		for (plain = 0; is_plain(text[plain]); plain++)
			;
		buf_add(out, text, plain);
		text += plain;
		if (*text)
			text += add_special(out, text);
	}
	buf_add_char(out, '"');
}

void members_name(struct buf *out, struct span name)
{
	bool first = out->len > 0 && out->data[out->len - 1] == '{';

	buf_add(out, name.p + first, name.len - first);
}

void members_string(struct buf *out, struct span name, const char *value)
{
	members_name(out, name);
	members_value(out, value);
}

void members_text(struct buf *out, struct span name, const char *value)
{
	members_string(out, name, value ? value : "");
}

void members_uint(struct buf *out, struct span name, uint64_t value)
{
	members_name(out, name);
	buf_add_uint(out, value);
}

void members_bool(struct buf *out, struct span name, bool value)
{
	members_name(out, name);
	buf_add_str(out, value ? "true" : "false");
}

void members_addr(struct buf *out, struct span name, const struct addr *addr)
{
	char text[ADDR_TEXT_SIZE];

	members_name(out, name);
	if (addr->len > 0)
		members_value(out, addr_text(addr, text));
	else
		buf_add_str(out, "null");
}

void members_time(struct buf *out, struct span name, uint64_t start_us, uint64_t after_us,
	bool happened)
{
	char text[CLOCK_TEXT_SIZE];

	members_name(out, name);
	if (happened)
		members_value(out, clock_text(start_us + after_us, text));
	else
		buf_add_str(out, "null");
}
