#include "sip/framer.h"

#include "base/span.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

/* What a search of the header section came to. */
enum scan_result { SCAN_MORE, SCAN_END, SCAN_TOO_BIG, SCAN_BROKEN };

static enum scan_result scan_broken(const char **ret_reason, const char *reason)
{
	*ret_reason = reason;
	return SCAN_BROKEN;
}

/* Without a whole start line nobody knows that it is SIP at all. */
static enum scan_result scan_too_big(
	const struct framer *framer, const char **ret_reason, const char *reason)
{
	*ret_reason = reason;
	return framer->line_start ? SCAN_TOO_BIG : SCAN_BROKEN;
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
	if ((line[0] | 0x20) != 'c' && (line[0] | 0x20) != 'l')
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
		return scan_too_big(framer, ret_reason, "too many header lines");
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

/* A byte that plain_len() ended at, but no CR. */
static enum scan_result scan_byte(struct framer *framer, char c, const char **ret_reason)
{
	if (c == '\n')
		return scan_broken(ret_reason, "bare LF");
	if (c == '\0')
		return scan_broken(ret_reason, "NUL in a header");
	/* A comma. Quoted ones count too: what is a quoted string depends on the header, and
	 * a quote that only we see must not hide a list from the limit. */
	if (++framer->list_elements > FRAMER_MAX_LIST)
		return scan_too_big(framer, ret_reason, "too many list elements");
	return SCAN_MORE;
}

/* How many bytes of DATA scan_headers() need not look at: this decides the framer's speed. Most
 * lines have none of the others before their end. */
static size_t plain_len(const char *data, size_t len)
{
	static const char special[] = {'\0', '\n', ','};
	const char *end = memchr(data, '\r', len);

	if (end != NULL)
		len = (size_t)(end - data);
	for (size_t i = 0; i < sizeof(special) && len > 0; i++) {
		end = memchr(data, special[i], len);
		if (end != NULL)
			len = (size_t)(end - data);
	}
	return len;
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

		if (i < limit)
			i += plain_len(data + i, limit - i);
		if (i == len)
			break;
		if (i >= limit)
			return scan_too_big(
				framer, ret_reason, "line too long or headers too big");
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

/* ---- messages over a limit: their end is looked for, and nothing kept ---- */

/* The headers are over; the body is to be read past, if its length is of use. */
static enum framer_result skip_body_next(struct framer *framer, const char **ret_reason)
{
	if (framer->length != FRAMER_LENGTH_KNOWN ||
		framer->body_len > FRAMER_MAX_SKIP - framer->skipped) {
		*ret_reason = "message too big";
		return FRAMER_BROKEN;
	}
	if (framer->body_len == 0)
		*framer = (struct framer){0};
	else
		framer->phase = FRAMER_SKIPPING_BODY;
	return FRAMER_SKIP;
}

/* A line of headers without its CRLF, which counts when it is Content-Length. */
static void skip_line(struct framer *framer, const char *line, size_t len)
{
	if (!framer->in_line)
		take_length(framer, line, len);
	framer->in_line = false;
}

/*
 * At a CR, at DATA[*POS], in the line that begins at *START. As scan_line_end(), but the end
 * of the headers alone is looked for.
 */
static enum scan_result skip_line_end(
	struct framer *framer, const char *data, size_t len, size_t *start, size_t *pos)
{
	size_t i = *pos;

	if (i + 1 == len)
		return SCAN_MORE;
	if (data[i + 1] != '\n')
		return SCAN_BROKEN;
	if (i == *start && !framer->in_line) {
		*pos = i + 2;
		return SCAN_END;
	}
	if (i + 2 == len)
		return SCAN_MORE;
	*pos = i + 2;
	if (data[i + 2] != ' ' && data[i + 2] != '\t') {
		skip_line(framer, data + *start, i - *start);
		*start = i + 2;
	}
	return SCAN_MORE;
}

/* Reads on in the headers. A line stays until it is whole, or too long to be Content-Length. */
static enum framer_result skip_lines(struct framer *framer, const char *data, size_t len,
	size_t *ret_len, const char **ret_reason)
{
	enum scan_result result = SCAN_MORE;
	size_t start = 0, i = framer->scanned;

	while (i < len && result == SCAN_MORE) {
		size_t before = i;

		if (data[i] != '\r' && data[i] != '\n' && data[i] != '\0') {
			i++;
			continue;
		}
		result = data[i] == '\r' ? skip_line_end(framer, data, len, &start, &i)
					 : SCAN_BROKEN;
		if (i == before)
			break;
	}
	if (result == SCAN_END) {
		start = i;
	} else if (i - start > FRAMER_MAX_LINE) {
		framer->in_line = true;
		start = i;
	}
	framer->scanned = i - start;
	framer->skipped += start;
	*ret_len = start;
	if (result == SCAN_BROKEN || framer->skipped > FRAMER_MAX_SKIP) {
		*ret_reason = result == SCAN_BROKEN ? "not SIP" : "message too big";
		return FRAMER_BROKEN;
	}
	if (result == SCAN_END)
		return skip_body_next(framer, ret_reason);
	return start ? FRAMER_SKIP : FRAMER_MORE;
}

static enum framer_result skip_body(struct framer *framer, size_t len, size_t *ret_len)
{
	*ret_len = len < framer->body_len ? len : framer->body_len;
	framer->body_len -= *ret_len;
	if (framer->body_len == 0)
		*framer = (struct framer){0};
	return FRAMER_SKIP;
}

/* The headers broke a limit: their whole lines before it are the message's head. */
static enum framer_result stream_headers_too_big(struct framer *framer, size_t *ret_len)
{
	const struct framer skipping = {
		.phase = FRAMER_SKIPPING_LINES,
		.length = framer->length,
		.body_len = framer->body_len,
		.skipped = framer->line_start,
	};

	*ret_len = framer->line_start;
	*framer = skipping;
	return FRAMER_TOO_BIG;
}

static enum framer_result stream_body_too_big(
	struct framer *framer, size_t *ret_len, const char **ret_reason)
{
	const size_t headers_len = framer->headers_len;

	*ret_reason = "message too big";
	framer->skipped = headers_len;
	if (skip_body_next(framer, ret_reason) == FRAMER_BROKEN)
		return FRAMER_BROKEN;
	*ret_len = headers_len;
	return FRAMER_TOO_BIG;
}

/* ---- streams ---- */

static enum framer_result frame_stream(struct framer *framer, const char *data,
	size_t len, size_t *ret_len, const char **ret_reason)
{
	if (framer->headers_len == 0) {
		switch (scan_headers(framer, data, len, ret_reason)) {
		case SCAN_MORE:
			return FRAMER_MORE;
		case SCAN_TOO_BIG:
			return stream_headers_too_big(framer, ret_len);
		case SCAN_BROKEN:
			return FRAMER_BROKEN;
		case SCAN_END:
			break;
		}
	}
	if (framer->length != FRAMER_LENGTH_KNOWN) {
		*ret_reason = framer->length == FRAMER_LENGTH_NONE ? "no Content-Length"
								   : "bad Content-Length";
		return FRAMER_BROKEN;
	}
	if (framer->body_len > FRAMER_MAX_MESSAGE - framer->headers_len)
		return stream_body_too_big(framer, ret_len, ret_reason);
	if (len - framer->headers_len < framer->body_len)
		return FRAMER_MORE;
	*ret_len = framer->headers_len + framer->body_len;
	*framer = (struct framer){0};
	return FRAMER_MESSAGE;
}

enum framer_result framer_stream(struct framer *framer, const char *data, size_t len,
	size_t *ret_len, const char **ret_reason)
{
	enum framer_result result;

	if (len == 0)
		return FRAMER_MORE;
	if (framer->phase == FRAMER_SKIPPING_LINES)
		return skip_lines(framer, data, len, ret_len, ret_reason);
	if (framer->phase == FRAMER_SKIPPING_BODY)
		return skip_body(framer, len, ret_len);
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
	if (result == FRAMER_BROKEN)
		*framer = (struct framer){0};
	return result;
}

/* ---- datagrams ---- */

/* Keep-alives of various makers: nothing, CRLFs, zero bytes. */
static bool is_idle_datagram(const char *data, size_t len, size_t crlf_len)
{
	if (crlf_len == len)
		return true;
	for (size_t i = 0; i < len; i++) {
		if (data[i] != '\0')
			return false;
	}
	return true;
}

/* Bytes of whole CRLFs that DATA begins with. */
static size_t leading_crlf(const char *data, size_t len)
{
	size_t i = 0;

	while (i + 2 <= len && data[i] == '\r' && data[i + 1] == '\n')
		i += 2;
	return i;
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
	switch (take_line(framer, data + start, framer->scanned - start, ret_reason)) {
	case SCAN_TOO_BIG:
		return SCAN_TOO_BIG;
	case SCAN_BROKEN:
		return SCAN_BROKEN;
	default:
		return SCAN_END;
	}
}

/* DATA begins with the message. */
static enum framer_result frame_datagram(
	const char *data, size_t len, struct framer_datagram *ret)
{
	struct framer framer = {0};
	enum scan_result result = scan_headers(&framer, data, len, &ret->reason);

	if (result == SCAN_MORE) {
		ret->is_short = true;
		result = end_datagram(&framer, data, len, &ret->reason);
	}
	if (result == SCAN_BROKEN)
		return FRAMER_BROKEN;
	ret->len = len;
	if (result == SCAN_TOO_BIG) {
		ret->len = framer.line_start;
		return FRAMER_TOO_BIG;
	}
	if (framer.length == FRAMER_LENGTH_KNOWN) {
		if (framer.body_len > len - framer.headers_len)
			ret->is_short = true;
		else
			ret->len = framer.headers_len + framer.body_len;
	}
	return FRAMER_MESSAGE;
}

enum framer_result framer_datagram(
	const char *data, size_t len, struct framer_datagram *ret)
{
	const size_t crlf_len = leading_crlf(data, len);

	*ret = (struct framer_datagram){.len = len};
	if (is_idle_datagram(data, len, crlf_len))
		return crlf_len == 4 ? FRAMER_KEEPALIVE : FRAMER_SKIP;
	*ret = (struct framer_datagram){.at = crlf_len};
	if (crlf_len > FRAMER_MAX_CRLF || !is_token(data[crlf_len])) {
		ret->reason = "not SIP";
		return FRAMER_BROKEN;
	}
	if (len - crlf_len > FRAMER_MAX_MESSAGE) {
		ret->reason = "message too big";
		return FRAMER_BROKEN;
	}
	return frame_datagram(data + crlf_len, len - crlf_len, ret);
}
