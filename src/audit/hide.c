#include "audit/hide.h"

#include "base/span.h"

#include <string.h>
#include <strings.h>

/* So many digits are a number, wherever they are; and of one so many stay. As the log has it (base/log.h). */
#define NUMBER_DIGITS 7
#define TAIL_DIGITS 3

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* What is hidden: letters, digits, and all that is no ASCII. */
static bool is_telling(char c)
{
	return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (unsigned char)c >= 0x80;
}

/* What may stand between the digits of a number (RFC 3966 5.1.1), but for '.', which an address has. */
static bool is_separator(char c)
{
	return c == '-' || c == '(' || c == ')';
}

static size_t digits_of(const char *text, size_t len)
{
	size_t count = 0;

	for (size_t i = 0; i < len; i++)
		count += is_digit(text[i]);
	return count;
}

/* A user part or a name. */
static bool hide_all(char *text, size_t len)
{
	size_t digits = digits_of(text, len);
	bool number = digits >= NUMBER_DIGITS, any = false;

	for (size_t i = 0; i < len; i++)
		number &= is_digit(text[i]) || is_separator(text[i]) || text[i] == '+';
	for (size_t i = 0; i < len; i++) {
		if (number && is_digit(text[i]) && digits-- <= TAIL_DIGITS)
			continue;
		if (is_telling(text[i]) && text[i] != 'x') {
			text[i] = 'x';
			any = true;
		}
	}
	return any;
}

/* Numbers within a text: digits, one separator at most between two of them. */
static bool hide_numbers(char *text, size_t len)
{
	bool any = false;
	size_t end, last;

	for (size_t at = 0; at < len; at = end) {
		end = at + 1;
		if (!is_digit(text[at]))
			continue;
		last = at;
		for (; end < len && (is_digit(text[end]) || is_separator(text[end]));
			end++) {
			if (is_digit(text[end]))
				last = end;
			else if (last != end - 1)
				break;
		}
		end = last + 1;
		if (digits_of(text + at, end - at) >= NUMBER_DIGITS)
			any |= hide_all(text + at, end - at);
	}
	return any;
}

/* Whether TEXT at AT is a scheme whose user part tells somebody; *RET_LEN: its length. */
static bool is_scheme(const char *text, size_t at, size_t len, size_t *ret_len)
{
	static const char *const schemes[] = {
		"sip:", "sips:", "tel:", "pres:", "im:", "mailto:", "xmpp:"};
	size_t n;

	if (at > 0 && is_telling(text[at - 1]))
		return false;
	for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++) {
		n = strlen(schemes[i]);
		if (len - at > n && strncasecmp(text + at, schemes[i], n) == 0) {
			*ret_len = n;
			return true;
		}
	}
	return false;
}

static bool ends_uri(char c)
{
	return strchr(">\r\n \t\"", c) != NULL;
}

/* Where what may be the user part of a URI behind its scheme at AT ends: of tel: at a parameter, else it may have a comma. */
static size_t user_end(const char *text, size_t at, size_t len, bool tel)
{
	while (at < len && !ends_uri(text[at]) && text[at] != '@' &&
		!(tel && (text[at] == ';' || text[at] == ',')))
		at++;
	return at;
}

/* The user parts of URIs: all up to '@', where there is one; of tel: all. */
static bool hide_users(char *text, size_t len)
{
	size_t hostly = 0; /* up to here no '@' is */
	bool any = false;
	size_t n, end;

	for (size_t at = 0; at < len; at++) {
		const bool tel = (text[at] | 0x20) == 't';

		if (text[at] == '\0' || (at < hostly && !tel) ||
			!is_scheme(text, at, len, &n))
			continue;
		end = user_end(text, at + n, len, tel);
		if (tel || (end < len && text[end] == '@'))
			any |= hide_all(text + at + n, end - at - n);
		else
			hostly = end;
	}
	return any;
}

/* What is hidden of a header's value beside numbers and users: names before URIs; or nothing. Of any other header all is. */
static const struct {
	const char *name;
	bool names;
} headers[] = {{"From", true}, {"f", true}, {"To", true}, {"t", true}, {"Contact", true},
	{"m", true}, {"P-Asserted-Identity", true}, {"P-Preferred-Identity", true},
	{"P-Called-Party-ID", true}, {"Remote-Party-ID", true}, {"Diversion", true},
	{"History-Info", true}, {"Referred-By", true}, {"b", true}, {"Refer-To", true},
	{"r", true}, {"Reply-To", true}, {"Route", true}, {"Record-Route", true},
	{"Via", false}, {"v", false}, {"CSeq", false}, {"Call-ID", false}, {"i", false},
	{"Max-Forwards", false}, {"Content-Type", false}, {"c", false},
	{"Content-Length", false}, {"l", false}, {"Content-Disposition", false},
	{"Allow", false}, {"Supported", false}, {"k", false}, {"Require", false},
	{"Proxy-Require", false}, {"Unsupported", false}, {"Accept", false},
	{"Expires", false}, {"Min-Expires", false}, {"Session-Expires", false},
	{"x", false}, {"Min-SE", false}, {"User-Agent", false}, {"Server", false},
	{"Date", false}, {"Timestamp", false}, {"RSeq", false}, {"RAck", false},
	{"Reason", false}, {"Retry-After", false}, {"Warning", false}, {"Event", false},
	{"o", false}, {"Subscription-State", false}, {"Allow-Events", false},
	{"u", false}, {"Privacy", false}, {"MIME-Version", false}};

/* Behind the quoted string that begins at AT (RFC 3261 25.1): an escaped quote does not end it. 0: it has no end. */
static size_t quoted_end(const char *value, size_t at, size_t len)
{
	for (at++; at < len && value[at] != '"'; at++)
		at += value[at] == '\\';
	return at < len ? at + 1 : 0;
}

/* The names before each '<' of a value, quoted or not; all of one without, and all behind a quote that is not closed. */
static bool hide_names(char *value, size_t len)
{
	size_t from = 0, end;
	bool any = false, within = false, parameters = false;

	for (size_t i = 0; i < len; i = end) {
		end = value[i] == '"' ? quoted_end(value, i, len) : i + 1;
		if (end == 0)
			return hide_all(value + from, len - from) || any;
		if (value[i] == '<') {
			any |= hide_all(value + from, i - from);
			within = true;
		} else if (value[i] == '>') {
			within = false;
			parameters = true;
		} else if (value[i] == ',' && !within) {
			parameters = false;
			from = end;
		}
		if (parameters)
			from = end;
	}
	if (!memchr(value, '<', len) && !memchr(value, '@', len))
		any |= hide_all(value, len);
	return any;
}

static bool hide_header(char *line, size_t len)
{
	char *colon = memchr(line, ':', len);
	char *value;
	struct span name;

	if (!colon)
		return hide_all(line, len);
	value = colon + 1;
	name = span_trim((struct span){line, (size_t)(colon - line)});
	len -= (size_t)(value - line);
	for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++)
		if (span_equal_nocase(name, headers[i].name))
			return headers[i].names && hide_names(value, len);
	return hide_all(value, len);
}

/* Lines of a description that tell somebody: owner and names. */
static bool hide_sdp_line(char *line, size_t len)
{
	char *space = memchr(line, ' ', len);

	if (len < 2 || line[1] != '=' || !strchr("osiuep", line[0]))
		return false;
	if (line[0] == 'o')
		return space && hide_all(line + 2, (size_t)(space - line) - 2);
	return hide_all(line + 2, len - 2);
}

/* The end of the line at AT: its newline, or LEN. */
static size_t line_end(const char *text, size_t at, size_t len)
{
	const char *newline = memchr(text + at, '\n', len - at);

	return newline ? (size_t)(newline - text) : len;
}

/* A description, or something else, of which nothing stays. */
static bool hide_body(char *text, size_t len)
{
	bool any = false;
	size_t end;

	if (len < 3 || memcmp(text, "v=0", 3) != 0)
		return hide_all(text, len);
	for (size_t at = 0; at < len; at = end + 1) {
		end = line_end(text, at, len);
		any |= hide_sdp_line(text + at, end - at);
	}
	return any;
}

/* Of one of the head with those that go on with it (RFC 3261 7.3.1). */
static size_t header_end(const char *text, size_t at, size_t len)
{
	size_t end = line_end(text, at, len);

	while (end + 1 < len && (text[end + 1] == ' ' || text[end + 1] == '\t'))
		end = line_end(text, end + 1, len);
	return end;
}

bool hide_message(char *text, size_t len)
{
	bool any = false, first = true;
	size_t end;

	for (size_t at = 0; at < len; at = end + 1) {
		end = line_end(text, at, len);
		if (end - at <= 1) {
			at = end + 1;
			any |= at < len && hide_body(text + at, len - at);
			break;
		}
		/* the first line has a URI alone */
		if (!first) {
			end = header_end(text, at, len);
			any |= hide_header(text + at, end - at);
		}
		first = false;
	}
	any |= hide_users(text, len);
	return hide_numbers(text, len) || any;
}

/* ---- records ---- */

/* Members of records whose texts stay: words of ours, moments, addresses, what TLS says. */
static bool stays(struct span name)
{
	static const char *const names[] = {"kind", "time", "id", "method", "start",
		"ringing", "answer", "end", "cause", "ended_by", "after_us", "party",
		"transport", "tls_version", "tls_cipher", "peer_names",
		"signalling_required", "media", "media_required", "codec",
		"media_verdict", "remote", "media_remote", "media_latched",
		"session_refresher", "tolerated", "by", "action", "address", "emergency",
		"diverted_reason", "day", "mode", "state", "header"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (span_equal_str(name, names[i]))
			return true;
	return false;
}

/* Of a text of JSON: an escape has no letters that tell, and stays. */
static bool hide_text(char *text, size_t len)
{
	bool any = false;
	size_t end, n;

	for (size_t at = 0; at < len; at = end) {
		for (end = at; end < len && text[end] != '\\'; end++)
			;
		any |= hide_all(text + at, end - at);
		if (end < len) {
			n = text[end + (end + 1 < len)] == 'u' ? 6 : 2;
			end = len - end > n ? end + n : len;
		}
	}
	return any;
}

/* The end of the string that begins behind AT: its quote. */
static size_t string_end(const char *text, size_t at, size_t len)
{
	while (at < len && text[at] != '"')
		at += text[at] == '\\' ? 2 : 1;
	return at < len ? at : len;
}

bool hide_record(char *text, size_t len)
{
	struct span name = {NULL, 0};
	bool any = false;
	size_t end, salt = 0, salt_len = 0;

	for (size_t at = 0; at < len; at = end + 1) {
		end = at;
		if (text[at] != '"')
			continue;
		end = string_end(text, at + 1, len);
		if (end + 1 < len && text[end + 1] == ':')
			name = (struct span){text + at + 1, end - at - 1};
		else if (salt == 0 && span_equal_str(name, "salt")) {
			salt = at + 1;
			salt_len = end - salt;
		} else if (!stays(name))
			any |= hide_text(text + at + 1, end - at - 1);
	}
	if (any)
		memset(text + salt, 'x', salt_len);
	return any;
}
