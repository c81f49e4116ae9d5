#include "base/spoken.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* So much of a first line is looked at. */
#define LINE_MAX_BYTES 512
#define METHOD_MAX 12

static const char *const names[] = {
	[SPOKEN_NOTHING] = "nothing",
	[SPOKEN_SIP] = "SIP",
	[SPOKEN_HTTP] = "HTTP",
	[SPOKEN_TLS] = "a TLS hello",
	[SPOKEN_TLS_ALERT] = "a TLS alert",
	[SPOKEN_DTLS] = "DTLS",
	[SPOKEN_STUN] = "STUN",
	[SPOKEN_SSH] = "SSH",
	[SPOKEN_PROXY] = "a PROXY header",
	[SPOKEN_OTHER] = "no SIP",
};

static bool begins_with(const char *data, size_t len, const char *word)
{
	const size_t word_len = strlen(word);

	return len >= word_len && memcmp(data, word, word_len) == 0;
}

/* Letters of the method that DATA begins with; 0 where it begins with none. */
static size_t method_len(const char *data, size_t len)
{
	size_t n = 0;

	while (n < len && n <= METHOD_MAX && data[n] >= 'A' && data[n] <= 'Z')
		n++;
	return n > 0 && n <= METHOD_MAX && n < len && data[n] == ' ' ? n : 0;
}

static bool line_has(const char *data, size_t len, const char *word)
{
	const char *end;

	if (len > LINE_MAX_BYTES)
		len = LINE_MAX_BYTES;
	end = memchr(data, '\n', len);
	if (end)
		len = (size_t)(end - data);
	return memmem(data, len, word, strlen(word)) != NULL;
}

/* RFC 8446 5.1, RFC 6347 4.1, RFC 8489 5. */
static enum spoken binary_kind(const unsigned char *data, size_t len)
{
	static const unsigned char cookie[] = {0x21, 0x12, 0xa4, 0x42};
	const bool is_record = len >= 3 && data[1] == 3 && data[2] <= 4;

	if (is_record && data[0] == 22)
		return SPOKEN_TLS;
	if (is_record && data[0] == 21)
		return SPOKEN_TLS_ALERT;
	if (len >= 3 && data[0] >= 20 && data[0] <= 23 && data[1] == 254)
		return SPOKEN_DTLS;
	if (len >= 20 && data[0] < 2 && memcmp(data + 4, cookie, sizeof(cookie)) == 0)
		return SPOKEN_STUN;
	return SPOKEN_OTHER;
}

static bool is_blank(const char *data, size_t len)
{
	for (size_t i = 0; i < len && i < LINE_MAX_BYTES; i++) {
		if (data[i] != '\r' && data[i] != '\n' && data[i] != '\0')
			return false;
	}
	return true;
}

enum spoken spoken_kind(const char *data, size_t len)
{
	if (is_blank(data, len))
		return SPOKEN_NOTHING;
	if (begins_with(data, len, "SIP/2.0 "))
		return SPOKEN_SIP;
	if (begins_with(data, len, "HTTP/"))
		return SPOKEN_HTTP;
	if (begins_with(data, len, "SSH-"))
		return SPOKEN_SSH;
	if (begins_with(data, len, "PROXY ") ||
		begins_with(data, len, "\r\n\r\n\0\r\nQUIT\n"))
		return SPOKEN_PROXY;
	if (method_len(data, len) == 0)
		return binary_kind((const unsigned char *)data, len);
	if (line_has(data, len, " HTTP/"))
		return SPOKEN_HTTP;
	/* Also of a first line that is longer than what is looked at. */
	if (line_has(data, len, " SIP/2.0") || line_has(data, len, " sip:") ||
		line_has(data, len, " sips:") || line_has(data, len, " tel:"))
		return SPOKEN_SIP;
	return SPOKEN_OTHER;
}

const char *spoken_text(char buf[static SPOKEN_TEXT_SIZE], const char *data, size_t len)
{
	const enum spoken kind = spoken_kind(data, len);
	const bool has_method = kind == SPOKEN_SIP || kind == SPOKEN_HTTP;
	const size_t method = has_method ? method_len(data, len) : 0;

	if (method)
		snprintf(
			buf, SPOKEN_TEXT_SIZE, "%s %.*s", names[kind], (int)method, data);
	else
		snprintf(buf, SPOKEN_TEXT_SIZE, "%s%s", names[kind],
			has_method ? " response" : "");
	return buf;
}
