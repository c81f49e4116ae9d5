#include "sip/framer.h"

#include "base/span.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

/* What a search of the header section came to. */
enum scan_result { SCAN_MORE, SCAN_END, SCAN_BROKEN };

static enum scan_result scan_broken(const char **ret_reason, const char *reason)
{
	*ret_reason = reason;
	return SCAN_BROKEN;
}

static bool is_lws(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* RFC 3261 25.1: token. */
static bool is_token(char c)
{
	return isalnum((unsigned char)c) ||
	       (c != '\0' && strchr("-.!%*_+`'~", c) != NULL);
}

/*
 * Tells SIP from what else may knock at a port (TLS, HTTP, RTP). A line that is nearly
 * right passes: its sender is owed a 400, which message_parse() will ask for.
 */
static bool is_start_line(const char *line, size_t len)
{
	if (len >= 4 && strncasecmp(line, "SIP/", 4) == 0)
		return true;
	for (size_t i = 0; i + 5 <= len; i++) {
		if (line[i] == ' ' && strncasecmp(line + i, " SIP/", 5) == 0)
			return true;
	}
	return false;
}

/* The value of a Content-Length line; false for all others. Space before the colon, and
 * even a fold there, is taken because the parser takes it (RFC 4475 3.1.1.1). */
static bool find_length(const char *line, size_t len, struct span *ret_value)
{
	size_t name_len = 0;
	size_t i;

	/* Most lines end here. */
	if (strchr("cClL", line[0]) == NULL)
		return false;
	while (name_len < len && is_token(line[name_len]))
		name_len++;
	if (!(name_len == 1 && (line[0] == 'l' || line[0] == 'L')) &&
		!(name_len == 14 && strncasecmp(line, "Content-Length", 14) == 0))
		return false;
	for (i = name_len; i < len && is_lws(line[i]); i++)
		;
	if (i == len || line[i] != ':')
		return false;
	for (i++; i < len && is_lws(line[i]); i++)
		;
	while (len > i && is_lws(line[len - 1]))
		len--;
	*ret_value = (struct span){line + i, len - i};
	return true;
}

/* Doubled lengths that agree are harmless here; that they are doubled is the parser's to
 * find. */
static void take_length(struct framer *framer, const char *line, size_t len)
{
	struct span value;
	uint64_t number;

	if (!find_length(line, len, &value))
		return;
	if (span_uint(value, UINT32_MAX, &number) < 0) {
		framer->length = FRAMER_LENGTH_BAD;
	} else if (framer->length == FRAMER_LENGTH_NONE) {
		framer->length = FRAMER_LENGTH_KNOWN;
		framer->body_len = (size_t)number;
	} else if (framer->body_len != (size_t)number) {
		framer->length = FRAMER_LENGTH_BAD;
	}
}

/* LINE is whole, without its CRLF, with its folds. */
static enum scan_result take_line(
	struct framer *framer, const char *line, size_t len, const char **ret_reason)
{
	if (framer->lines == 0) {
		if (!is_start_line(line, len))
			return scan_broken(ret_reason, "not SIP");
	} else if (framer->lines > FRAMER_MAX_LINES) {
		return scan_broken(ret_reason, "too many header lines");
	} else {
		take_length(framer, line, len);
	}
	framer->lines++;
	return SCAN_MORE;
}

/*
 * At a CR, at DATA[*POS]. Moves *POS past the line end; SCAN_MORE with *POS unmoved means
 * that the bytes which decide (LF, and whether the next line is a fold) are not there yet.
 */
static enum scan_result scan_line_end(struct framer *framer, const char *data, size_t len,
	size_t *pos, const char **ret_reason)
{
	size_t i = *pos;
	size_t start = framer->line_start;

	if (i + 1 == len)
		return SCAN_MORE;
	if (data[i + 1] != '\n')
		return scan_broken(ret_reason, "bare CR");
	if (i == start) {
		*pos = i + 2;
		return SCAN_END;
	}
	if (i + 2 == len)
		return SCAN_MORE;
	*pos = i + 2;
	if (data[i + 2] == ' ' || data[i + 2] == '\t') {
		if (framer->lines == 0)
			return scan_broken(ret_reason, "folded start line");
		return SCAN_MORE;
	}
	framer->line_start = i + 2;
	return take_line(framer, data + start, i - start, ret_reason);
}

/* A byte that is_plain() let through, but no CR. */
static enum scan_result scan_byte(struct framer *framer, char c, const char **ret_reason)
{
	if (c == '\n')
		return scan_broken(ret_reason, "bare LF");
	if (c == '\0')
		return scan_broken(ret_reason, "NUL in a header");
	/* A comma. Quoted ones count too: what is a quoted string depends on the header, and
	 * a quote that only we see must not hide a list from the limit. */
	if (++framer->list_elements > FRAMER_MAX_LIST)
		return scan_broken(ret_reason, "too many list elements");
	return SCAN_MORE;
}

/* What scan_headers() need not look at: this decides the framer's speed. */
static bool is_plain(char c)
{
	static const bool special[256] = {
		['\0'] = true, ['\r'] = true, ['\n'] = true, [','] = true};

	return !special[(unsigned char)c];
}

/* How far the headers may be scanned: to their end, or to the first byte over a limit. */
static size_t scan_limit(const struct framer *framer, size_t len)
{
	size_t limit = framer->line_start + FRAMER_MAX_LINE;

	if (limit > FRAMER_MAX_HEADERS)
		limit = FRAMER_MAX_HEADERS;
	return len < limit ? len : limit;
}

static enum scan_result scan_headers(
	struct framer *framer, const char *data, size_t len, const char **ret_reason)
{
	enum scan_result result = SCAN_MORE;
	size_t i = framer->scanned;

	while (i < len && result == SCAN_MORE) {
		size_t limit = scan_limit(framer, len);
		size_t before;

		while (i < limit && is_plain(data[i]))
			i++;
		if (i == len)
			break;
		if (i == limit)
			return scan_broken(
				ret_reason, "line too long or headers too big");
		before = i;
		if (data[i] != '\r')
			result = scan_byte(framer, data[i++], ret_reason);
		else
			result = scan_line_end(framer, data, len, &i, ret_reason);
		if (i == before)
			break;
	}
	framer->scanned = i;
	if (result == SCAN_END)
		framer->headers_len = i;
	return result;
}

/* CRLF before a message: a ping (RFC 5626 4.4.1), or nothing. A single CRLF waits for the
 * next byte, lest a ping cut in two go unanswered. */
static enum framer_result take_crlf(const char *data, size_t len, size_t *ret_len)
{
	if (len == 1)
		return FRAMER_MORE;
	if (data[1] != '\n')
		return FRAMER_BROKEN;
	if (len == 2 || (len == 3 && data[2] == '\r'))
		return FRAMER_MORE;
	if (data[2] == '\r' && data[3] == '\n') {
		*ret_len = 4;
		return FRAMER_KEEPALIVE;
	}
	*ret_len = 2;
	return FRAMER_SKIP;
}

static enum framer_result frame_stream(struct framer *framer, const char *data,
	size_t len, size_t *ret_len, const char **ret_reason)
{
	if (framer->headers_len == 0) {
		enum scan_result result = scan_headers(framer, data, len, ret_reason);

		if (result != SCAN_END)
			return result == SCAN_MORE ? FRAMER_MORE : FRAMER_BROKEN;
	}
	if (framer->length != FRAMER_LENGTH_KNOWN) {
		*ret_reason = framer->length == FRAMER_LENGTH_NONE ? "no Content-Length"
								   : "bad Content-Length";
		return FRAMER_BROKEN;
	}
	if (framer->body_len > FRAMER_MAX_MESSAGE - framer->headers_len) {
		*ret_reason = "message too big";
		return FRAMER_BROKEN;
	}
	if (len - framer->headers_len < framer->body_len)
		return FRAMER_MORE;
	*ret_len = framer->headers_len + framer->body_len;
	return FRAMER_MESSAGE;
}

enum framer_result framer_stream(struct framer *framer, const char *data, size_t len,
	size_t *ret_len, const char **ret_reason)
{
	enum framer_result result;

	if (len == 0)
		return FRAMER_MORE;
	if (data[0] == '\r') {
		result = take_crlf(data, len, ret_len);
		if (result == FRAMER_BROKEN)
			*ret_reason = "bare CR";
	} else if (!is_token(data[0])) {
		/* At once: a TLS hello would otherwise be waited for until it has a line. */
		*ret_reason = "not SIP";
		result = FRAMER_BROKEN;
	} else {
		result = frame_stream(framer, data, len, ret_len, ret_reason);
	}
	if (result != FRAMER_MORE)
		*framer = (struct framer){0};
	return result;
}

/* Keep-alives of various makers: nothing, CRLF, zero bytes. */
static bool is_idle_datagram(const char *data, size_t len)
{
	if (len == 2 && data[0] == '\r' && data[1] == '\n')
		return true;
	for (size_t i = 0; i < len; i++) {
		if (data[i] != '\0')
			return false;
	}
	return true;
}

/* The headers end with the datagram: whole lines, but no empty one. */
static enum scan_result end_datagram(
	struct framer *framer, const char *data, size_t len, const char **ret_reason)
{
	size_t start = framer->line_start;

	if (framer->scanned + 2 != len || start >= framer->scanned ||
		memcmp(data + len - 2, "\r\n", 2) != 0)
		return scan_broken(ret_reason, "cut off in its headers");
	framer->headers_len = len;
	return take_line(framer, data + start, framer->scanned - start, ret_reason) ==
			       SCAN_BROKEN
		       ? SCAN_BROKEN
		       : SCAN_END;
}

enum framer_result framer_datagram(const char *data, size_t len, size_t *ret_len,
	bool *ret_short, const char **ret_reason)
{
	struct framer framer = {0};
	enum scan_result result;
	bool cut = false;

	if (is_idle_datagram(data, len)) {
		*ret_len = len;
		return FRAMER_SKIP;
	}
	if (len == 4 && memcmp(data, "\r\n\r\n", 4) == 0) {
		*ret_len = len;
		return FRAMER_KEEPALIVE;
	}
	if (!is_token(data[0]) || len > FRAMER_MAX_MESSAGE) {
		*ret_reason = len > FRAMER_MAX_MESSAGE ? "message too big" : "not SIP";
		return FRAMER_BROKEN;
	}
	result = scan_headers(&framer, data, len, ret_reason);
	if (result == SCAN_MORE) {
		cut = true;
		result = end_datagram(&framer, data, len, ret_reason);
	}
	if (result == SCAN_BROKEN)
		return FRAMER_BROKEN;
	*ret_len = len;
	*ret_short = cut;
	if (framer.length == FRAMER_LENGTH_KNOWN) {
		if (framer.body_len > len - framer.headers_len)
			*ret_short = true;
		else
			*ret_len = framer.headers_len + framer.body_len;
	}
	return FRAMER_MESSAGE;
}
