#include "sip/message_uri.h"

#include "base/err.h"

#include <ctype.h>
#include <string.h>

/* ASCII alone, whatever the locale. Not isalnum(): all of every URI passes through here, and that
 * one is a call a byte. */
static bool is_alphanum(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z');
}

static struct span cut(struct span s, size_t from, size_t to)
{
	if (s.p == NULL)
		return s; /* NULL may not be counted from, not even by 0 */
	return (struct span){s.p + from, to - from};
}

size_t message_quoted_len(struct span text)
{
	for (size_t i = 1; i < text.len; i++) {
		if (text.p[i] == '\\')
			i++;
		else if (text.p[i] == '"')
			return i + 1;
	}
	return 1;
}

/* The first C outside quoted strings (RFC 3261 25.1), or S.len. A quote that nobody closes
 * is a character like others. */
size_t message_find_unquoted(struct span s, char c)
{
	for (size_t i = 0; i < s.len; i++) {
		if (s.p[i] == '"')
			i += message_quoted_len(cut(s, i, s.len)) - 1;
		else if (s.p[i] == c)
			return i;
	}
	return s.len;
}

static size_t find(struct span s, char c)
{
	const char *p = s.len > 0 ? memchr(s.p, c, s.len) : NULL;

	return p != NULL ? (size_t)(p - s.p) : s.len;
}

/* What may stand in a URI at all: visible ASCII without the delimiters around it. */
static bool characters_valid(struct span s)
{
	for (size_t i = 0; i < s.len; i++) {
		char c = s.p[i];

		if (c <= ' ' || c > '~' || c == '"' || c == '<' || c == '>')
			return false;
	}
	return true;
}

/* Every '%' begins an escape. */
static bool escapes_valid(struct span s)
{
	for (size_t i = find(s, '%'); i < s.len;) {
		if (s.len - i < 3 || !isxdigit((unsigned char)s.p[i + 1]) ||
			!isxdigit((unsigned char)s.p[i + 2]))
			return false;
		i += 3;
		i += find(cut(s, i, s.len), '%');
	}
	return true;
}

/* RFC 3986 3.1 */
static bool scheme_valid(struct span scheme)
{
	if (scheme.len == 0 || !isalpha((unsigned char)scheme.p[0]))
		return false;
	for (size_t i = 1; i < scheme.len; i++) {
		char c = scheme.p[i];

		if (!is_alphanum(c) && c != '+' && c != '-' && c != '.')
			return false;
	}
	return true;
}

bool message_token_valid(struct span token)
{
	for (size_t i = 0; i < token.len; i++) {
		if (!is_alphanum(token.p[i]) &&
			memchr("-.!%*_+`'~", token.p[i], 10) == NULL)
			return false;
	}
	return token.len > 0;
}

bool message_host_valid(struct span host)
{
	bool v6 = host.len > 0 && host.p[0] == '[';

	if (v6) {
		if (host.len < 4 || host.p[host.len - 1] != ']')
			return false;
		host = cut(host, 1, host.len - 1);
	}
	for (size_t i = 0; i < host.len; i++) {
		char c = host.p[i];
		bool ok = v6 ? isxdigit((unsigned char)c) || c == ':' || c == '.'
			     : is_alphanum(c) || c == '-' || c == '.' || c == '_';

		if (!ok)
			return false;
	}
	return host.len > 0;
}

/* host [":" port] */
static bool split_host(struct message_uri *uri, struct span text)
{
	size_t colon = find(text, ']');
	uint64_t port = 0;

	colon = colon < text.len ? colon + 1 : find(text, ':');
	uri->host = cut(text, 0, colon);
	if (colon < text.len) {
		if (text.p[colon] != ':' ||
			span_uint(cut(text, colon + 1, text.len), UINT16_MAX, &port) < 0)
			return false;
	}
	uri->port = (uint16_t)port;
	return message_host_valid(uri->host);
}

/* [user [":" password] "@"] host [":" port] [";" params] ["?" headers]; RFC 3261 19.1.1 */
static bool split_sip(struct message_uri *uri, struct span text)
{
	size_t at = find(text, '@');

	if (at < text.len) {
		struct span user = cut(text, 0, at);

		uri->user = cut(user, 0, find(user, ':'));
		text = cut(text, at + 1, text.len);
		if (find(text, '@') < text.len)
			return false;
	}
	size_t mark = find(text, '?');
	if (mark < text.len)
		uri->headers = cut(text, mark + 1, text.len);
	text = cut(text, 0, mark);
	size_t semicolon = find(text, ';');
	if (semicolon < text.len)
		uri->params = cut(text, semicolon + 1, text.len);
	return split_host(uri, cut(text, 0, semicolon));
}

/* subscriber [";" params]; RFC 3966 3 */
static bool split_tel(struct message_uri *uri, struct span text)
{
	size_t semicolon = find(text, ';');

	uri->user = cut(text, 0, semicolon);
	if (semicolon < text.len)
		uri->params = cut(text, semicolon + 1, text.len);
	return uri->user.len > 0 && find(text, '@') == text.len;
}

bool message_uri_split(struct message_uri *ret, struct span text)
{
	struct message_uri uri = {.whole = text};
	size_t colon = find(text, ':');
	bool ok;

	if (colon == text.len || !characters_valid(text) || !escapes_valid(text))
		return false;
	uri.scheme = cut(text, 0, colon);
	text = cut(text, colon + 1, text.len);
	if (!scheme_valid(uri.scheme))
		return false;
	if (span_equal_nocase(uri.scheme, "sip") || span_equal_nocase(uri.scheme, "sips"))
		ok = split_sip(&uri, text);
	else if (span_equal_nocase(uri.scheme, "tel"))
		ok = split_tel(&uri, text);
	else
		ok = text.len > 0;
	if (ok)
		*ret = uri;
	return ok;
}

int message_uri_parse(struct message_uri *ret, struct span text)
{
	struct message_uri uri;
	bool ok = message_uri_split(&uri, text);

	/* "sip:@host" names nobody, though it says that it does */
	if (!ok || (uri.host.len > 0 && uri.host.p > text.p && uri.user.len == 0 &&
			   uri.host.p[-1] == '@'))
		return ERR_FORMAT;
	*ret = uri;
	return 0;
}

bool message_address_split(struct message_address *ret, struct span text)
{
	struct message_address address = {.whole = text};
	struct span uri;
	size_t open = message_find_unquoted(text, '<');
	size_t end;
	bool ok;

	if (open < text.len) {
		address.display = span_trim(cut(text, 0, open));
		text = cut(text, open + 1, text.len);
		end = find(text, '>');
		uri = cut(text, 0, end);
		text = cut(text, end < text.len ? end + 1 : end, text.len);
		end = find(text, ';');
	} else {
		/* Without brackets all parameters are the header's: RFC 3261 20. */
		end = find(text, ';');
		uri = span_trim(cut(text, 0, end));
	}
	if (end < text.len)
		address.params = cut(text, end + 1, text.len);
	if (!message_param(address.params, "tag", &address.tag))
		address.tag = (struct span){0};
	ok = span_equal_str(uri, "*") || message_uri_split(&address.uri, uri);
	if (ok)
		address.uri.whole = uri;
	*ret = address;
	return ok;
}

bool message_param_next(struct span *params, struct span *ret_param)
{
	size_t end;

	if (params->len == 0)
		return false;
	end = message_find_unquoted(*params, ';');
	*ret_param = span_trim(cut(*params, 0, end));
	*params =
		end < params->len ? cut(*params, end + 1, params->len) : (struct span){0};
	return true;
}

bool message_param(struct span params, const char *name, struct span *ret_value)
{
	struct span param;

	while (message_param_next(&params, &param)) {
		size_t equals = find(param, '=');

		if (!span_equal_nocase(span_trim(cut(param, 0, equals)), name))
			continue;
		*ret_value = equals < param.len
				     ? span_trim(cut(param, equals + 1, param.len))
				     : (struct span){0};
		return true;
	}
	return false;
}

bool message_uri_header(struct span headers, const char *name, struct span *ret_value)
{
	struct span header, found;

	while (span_next(&headers, '&', &header)) {
		if (span_next(&header, '=', &found) && span_equal_nocase(found, name)) {
			*ret_value = header;
			return true;
		}
	}
	return false;
}

static unsigned hex(char c)
{
	return isdigit((unsigned char)c)
		       ? (unsigned)(c - '0')
		       : (unsigned)(tolower((unsigned char)c) - 'a' + 10);
}

bool message_unescape(struct span value, char *text, size_t size, struct span *ret)
{
	size_t len = 0, i = 0;

	while (i < value.len && len < size) {
		const char *at = value.p + i;
		const bool is_escape = *at == '%' && value.len - i > 2;

		text[len++] = is_escape ? (char)(hex(at[1]) << 4 | hex(at[2])) : *at;
		i += is_escape ? 3 : 1;
	}
	*ret = (struct span){text, len};
	return i == value.len;
}
