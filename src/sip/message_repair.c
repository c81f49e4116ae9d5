/*
 * Addresses and Vias that do not follow their grammar, read where they have one meaning
 * only. The quotes that a display name lacks are the most common fault in the field.
 */
#include "sip/message.h"
#include "sip/message_priv.h"
#include "sip/message_uri.h"

#include <arpa/inet.h>
#include <string.h>

/* The length of the UTF-8 sequence (RFC 3629) at TEXT; 0: it is none. */
static size_t utf8_len(struct span text)
{
	const unsigned char *p = (const unsigned char *)text.p;
	size_t len = p[0] < 0x80                   ? 1
		     : p[0] >= 0xc2 && p[0] < 0xe0 ? 2
		     : p[0] >= 0xe0 && p[0] < 0xf0 ? 3
		     : p[0] >= 0xf0 && p[0] < 0xf5 ? 4
						   : 0;

	if (len > text.len)
		return 0;
	for (size_t i = 1; i < len; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	}
	if ((p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xed && p[1] >= 0xa0) ||
		(p[0] == 0xf0 && p[1] < 0x90) || (p[0] == 0xf4 && p[1] >= 0x90))
		return 0;
	return len;
}

static bool is_utf8(struct span text)
{
	while (text.len > 0) {
		size_t len = utf8_len(text);

		if (len == 0)
			return false;
		text = (struct span){text.p + len, text.len - len};
	}
	return true;
}

static bool has_control(struct span text)
{
	for (size_t i = 0; i < text.len; i++) {
		unsigned char c = (unsigned char)text.p[i];

		if ((c < ' ' && c != '\t') || c == 0x7f)
			return true;
	}
	return false;
}

bool message_text_valid(struct span text)
{
	return !has_control(text) && is_utf8(text);
}

/* RFC 3261 25.1: display-name = *(token LWS) / quoted-string */
bool message_display_valid(struct span display)
{
	struct span word;

	if (!message_text_valid(display))
		return false;
	if (display.len > 0 && display.p[0] == '"')
		return display.len > 1 && message_quoted_len(display) == display.len;
	while (span_next(&display, ' ', &word)) {
		word = span_trim(word);
		if (word.len > 0 && !message_token_valid(word))
			return false;
	}
	return true;
}

/* One character of a quoted-string. What is no UTF-8 is taken for ISO 8859-1. */
static void add_quoted_byte(struct buf *out, char c, bool utf8)
{
	unsigned char byte = (unsigned char)c;

	if (byte < ' ' || byte == 0x7f) {
		buf_add_char(out, ' ');
	} else if (byte >= 0x80 && !utf8) {
		buf_add_char(out, (char)(0xc0 | (byte >> 6)));
		buf_add_char(out, (char)(0x80 | (byte & 0x3f)));
	} else {
		if (c == '"' || c == '\\')
			buf_add_char(out, '\\');
		buf_add_char(out, c);
	}
}

void message_add_display(struct buf *out, struct span display)
{
	bool utf8;

	display = span_trim(display);
	if (display.len == 0)
		return;
	if (message_display_valid(display)) {
		buf_add_span(out, display);
		buf_add_char(out, ' ');
		return;
	}
	utf8 = is_utf8(display);
	if (display.p[0] == '"')
		display = (struct span){display.p + 1, display.len - 1};
	if (display.len > 0 && display.p[display.len - 1] == '"')
		display.len--;
	buf_add_char(out, '"');
	for (size_t i = 0; i < display.len; i++) {
		/* an escape that is there already counts as what it stands for */
		if (display.p[i] == '\\' && i + 1 < display.len)
			i++;
		add_quoted_byte(out, display.p[i], utf8);
	}
	buf_add_str(out, "\" ");
}

static struct span cut(struct span s, size_t from)
{
	return (struct span){s.p + from, s.len - from};
}

static size_t find(struct span s, char c)
{
	const char *p = memchr(s.p, c, s.len);

	return p != NULL ? (size_t)(p - s.p) : s.len;
}

bool message_address_repair(struct message_address *ret, struct span text)
{
	struct message_address address = {.whole = text};
	size_t open = message_find_unquoted(text, '<');
	struct span inside, behind, bare;
	size_t close;

	if (open == text.len)
		return false;
	inside = cut(text, open + 1);
	close = find(inside, '>');
	if (close == inside.len)
		return false;
	behind = cut(inside, close + 1);
	inside.len = close;
	/* two URIs: which of them is meant is a guess */
	if (find(inside, '<') < inside.len || find(behind, '<') < behind.len)
		return false;
	bare = span_trim(inside);
	address.display = span_trim((struct span){text.p, open});
	if (find(behind, ';') < behind.len)
		address.params = cut(behind, find(behind, ';') + 1);
	if (!message_param(address.params, "tag", &address.tag))
		address.tag = (struct span){0};
	if (!message_uri_split(&address.uri, bare))
		return false;
	*ret = address;
	return true;
}

bool message_address_read(struct message_address *ret, struct span text)
{
	return message_address_split(ret, text) || message_address_repair(ret, text);
}

/* "SIP / 2.0 / UDP": the three words, blanks around the slashes left out. Moves TEXT behind
 * them. */
static bool take_protocol(struct span *text, struct span words[static 3])
{
	for (unsigned i = 0; i < 3; i++) {
		struct span word;
		size_t end = 0;

		*text = span_trim(*text);
		while (end < text->len && text->p[end] != '/' && text->p[end] != ' ' &&
			text->p[end] != '\t')
			end++;
		word = (struct span){text->p, end};
		if (!message_token_valid(word))
			return false;
		words[i] = word;
		*text = span_trim(cut(*text, end));
		if (i == 2)
			break;
		if (text->len == 0 || text->p[0] != '/')
			return false;
		*text = cut(*text, 1);
	}
	return true;
}

/* RFC 5952 wants brackets; without them every colon is the address's. */
static bool is_bare_v6(struct span host)
{
	struct in6_addr ignored;
	char text[INET6_ADDRSTRLEN];

	return span_copy(host, text, sizeof text) == 0 &&
	       inet_pton(AF_INET6, text, &ignored) == 1;
}

static bool take_sent_by(struct message_via *via, struct span text)
{
	size_t colon = find(text, ']');
	uint64_t port = 0;

	if (is_bare_v6(text)) {
		via->host = text;
		return true;
	}
	colon = colon < text.len ? colon + 1 : find(text, ':');
	via->host = span_trim((struct span){text.p, colon});
	text = colon < text.len ? span_trim(cut(text, colon)) : (struct span){0};
	if (text.len > 0) {
		if (text.p[0] != ':')
			return false;
		text = span_trim(cut(text, 1));
		if (text.len > 0 && span_uint(text, UINT16_MAX, &port) < 0)
			return false;
	}
	via->port = (uint16_t)port;
	return message_host_valid(via->host);
}

bool message_via_split(struct message_via *ret, struct span text)
{
	struct message_via via = {0};
	struct span words[3];
	struct span params = {0};
	struct span value;
	size_t semicolon;

	if (!take_protocol(&text, words) || !span_equal_nocase(words[0], "SIP") ||
		!span_equal_str(words[1], "2.0"))
		return false;
	via.transport = words[2];
	semicolon = find(text, ';');
	if (semicolon < text.len)
		params = cut(text, semicolon + 1);
	if (!take_sent_by(&via, span_trim((struct span){text.p, semicolon})))
		return false;
	message_param(params, "branch", &via.branch);
	message_param(params, "received", &via.received);
	via.rport = message_param(params, "rport", &value);
	*ret = via;
	return true;
}
