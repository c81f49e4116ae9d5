#include "sdp/fields.h"

#include "base/err.h"

#include <string.h>

/* A reason and its code in one expression. */
static int wrong(const char **ret_reason, const char *reason)
{
	*ret_reason = reason;
	return ERR_FORMAT;
}

static bool is_token_char(char c)
{
	if (c <= ' ' || c > '~')
		return false;
	/* " ( ) , / : ; < = > ? @ [ \ ] */
	return !(c == '"' || c == '(' || c == ')' || c == ',' || c == '/' ||
		 (c >= ':' && c <= '@') || (c >= '[' && c <= ']'));
}

bool field_is_token(struct span s)
{
	for (size_t i = 0; i < s.len; i++)
		if (!is_token_char(s.p[i]))
			return false;
	return s.len > 0;
}

bool field_is_text(struct span s)
{
	for (size_t i = 0; i < s.len; i++)
		if (s.p[i] == '\r' || s.p[i] == '\n' || s.p[i] == '\0')
			return false;
	return true;
}

bool field_word(struct span *rest, struct span *ret_word)
{
	size_t start = 0;

	/* Words are short: a loop beats a call of memchr(). */
	while (start < rest->len && rest->p[start] == ' ')
		start++;
	size_t end = start;

	while (end < rest->len && rest->p[end] != ' ')
		end++;
	if (start == end)
		return false;
	*ret_word = (struct span){rest->p + start, end - start};
	rest->p += end;
	rest->len -= end;
	return true;
}

int field_origin(struct span value, uint64_t *ret_version, const char **ret_reason)
{
	struct span word[6];
	struct span extra;

	/* user, session id, version, IN, IP4 or IP6, address */
	for (unsigned i = 0; i < 6; i++)
		if (!field_word(&value, &word[i]))
			return wrong(ret_reason, "o= has fewer than six words");
	if (field_word(&value, &extra))
		return wrong(ret_reason, "o= has more than six words");
	uint64_t version = 0;

	/* Larger numbers, or none, are seen: they only cannot be compared. */
	(void)span_uint(word[2], UINT64_MAX, &version);
	*ret_version = version;
	return 0;
}

/* What may be a fully qualified domain name. One that ends in an all-digit label is a
 * mistyped address, which some resolvers read as another one. */
static bool is_host_name(struct span s)
{
	bool digits = true;

	for (size_t i = 0; i < s.len; i++) {
		char c = s.p[i];
		bool digit = c >= '0' && c <= '9';
		bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');

		if (!digit && !letter && c != '-' && c != '.' && c != '_')
			return false;
		digits = c == '.' ? true : digits && digit;
	}
	return s.len > 0 && s.len <= 255 && !digits;
}

/* "IN IP4 host" or "IN IP6 host": a numeric host of that family, or a name (len 0). */
static int read_host(bool v6, struct span host, struct addr *ret)
{
	struct addr addr = {.len = 0};

	/* A scope ("%eth0") is not in SDP's grammar and means nothing to another host. */
	if (!memchr(host.p, '%', host.len) &&
		addr_parse_host(&addr, host.p, host.len, 0) == 0) {
		if (addr_is_v6(&addr) != v6)
			return ERR_FORMAT;
	} else if (!is_host_name(host)) {
		return ERR_FORMAT;
	}
	*ret = addr;
	return 0;
}

/* What may follow a multicast address: "/ttl" and "/count" for IPv4, "/count" for IPv6. */
static bool is_scope(struct span rest, bool v6)
{
	struct span part;
	unsigned parts = 0;
	uint64_t number;

	while (span_next(&rest, '/', &part))
		if (++parts > (v6 ? 1 : 2) || span_uint(part, 255, &number) != 0)
			return false;
	return true;
}

int field_connection(struct span value, struct addr *ret, const char **ret_reason)
{
	struct span network, family, host, extra;

	if (!field_word(&value, &network) || !field_word(&value, &family) ||
		!field_word(&value, &host))
		return wrong(ret_reason, "c= has fewer than three words");
	/* PSTN (RFC 7195), ATM: no address of ours to make of it. Some write small letters. */
	if (!span_equal_nocase(network, "IN"))
		return wrong(ret_reason, "c= is of another network than IN");
	bool v6 = span_equal_nocase(family, "IP6");

	if (!v6 && !span_equal_nocase(family, "IP4"))
		return wrong(ret_reason, "c= names neither IP4 nor IP6");
	if (field_word(&value, &extra))
		return wrong(ret_reason, "c= has more than three words");
	const char *slash = memchr(host.p, '/', host.len);

	if (slash) {
		struct span scope = {slash + 1, host.len - (size_t)(slash + 1 - host.p)};

		if (!scope.len || !is_scope(scope, v6))
			return wrong(ret_reason, "c= has a wrong TTL or count");
		host.len = (size_t)(slash - host.p);
	}
	struct addr addr;

	if (read_host(v6, host, &addr) != 0)
		return wrong(ret_reason, "c= has no valid address");
	/* Names that a peer wrote are not asked for: it would steer our DNS and our media. */
	if (!addr.len)
		return wrong(ret_reason, "c= has the name of a host, not an address");
	*ret = addr;
	return 0;
}

static const struct {
	const char *text;
	enum sdp_proto proto;
} protos[] = {
	{"RTP/AVP", SDP_PROTO_AVP},
	{"RTP/SAVP", SDP_PROTO_SAVP},
	{"RTP/AVPF", SDP_PROTO_AVPF},
	{"RTP/SAVPF", SDP_PROTO_SAVPF},
	{"udptl", SDP_PROTO_UDPTL},
};

enum sdp_proto field_proto(struct span text)
{
	for (size_t i = 0; i < sizeof(protos) / sizeof(protos[0]); i++)
		if (span_equal_nocase(text, protos[i].text))
			return protos[i].proto;
	return SDP_PROTO_OTHER;
}

bool field_is_proto(struct span text)
{
	struct span part;

	if (text.len && text.p[text.len - 1] == '/')
		return false;
	while (span_next(&text, '/', &part))
		if (!field_is_token(part))
			return false;
	return true;
}

bool field_is_payload_type(struct span s)
{
	uint64_t number;

	return s.len <= 3 && span_uint(s, 127, &number) == 0;
}

int field_port(struct span word, struct sdp_media *ret, const char **ret_reason)
{
	const char *slash = memchr(word.p, '/', word.len);
	struct span port = {word.p, slash ? (size_t)(slash - word.p) : word.len};
	uint64_t number;
	uint64_t count = 1;

	if (span_uint(port, UINT16_MAX, &number) != 0)
		return wrong(
			ret_reason, "the port of m= is not a number from 0 to 65535");
	if (slash) {
		struct span rest = {slash + 1, word.len - port.len - 1};

		if (span_uint(rest, UINT16_MAX, &count) != 0 || count == 0)
			return wrong(ret_reason, "the number of ports of m= is wrong");
	}
	ret->port = (uint16_t)number;
	ret->port_count = (unsigned)count;
	return 0;
}

static int check_formats(
	struct span formats, enum sdp_proto proto, const char **ret_reason)
{
	bool rtp = sdp_proto_is_rtp(proto);
	struct span format;

	while (field_word(&formats, &format)) {
		if (rtp && !field_is_payload_type(format))
			return wrong(
				ret_reason, "m= has a payload type that is not 0 to 127");
		if (!field_is_token(format))
			return wrong(ret_reason, "m= has a format that is no token");
	}
	return 0;
}

int field_media(struct span value, struct sdp_media *ret, const char **ret_reason)
{
	struct span port;

	if (!field_word(&value, &ret->type) || !field_is_token(ret->type))
		return wrong(ret_reason, "the media type of m= is no token");
	if (!field_word(&value, &port))
		return wrong(ret_reason, "m= has no port");
	int err = field_port(port, ret, ret_reason);

	if (err)
		return err;
	if (!field_word(&value, &ret->proto_text) || !field_is_proto(ret->proto_text))
		return wrong(ret_reason, "m= has no valid protocol");
	ret->proto = field_proto(ret->proto_text);
	ret->formats = span_trim(value);
	if (!ret->formats.len)
		return wrong(ret_reason, "m= has no format");
	return check_formats(ret->formats, ret->proto, ret_reason);
}

int field_rtcp(struct span value, const struct addr *connection, struct addr *ret)
{
	struct span port, network, family, host, extra;
	struct addr addr = *connection;
	uint64_t number;

	if (!field_word(&value, &port) || span_uint(port, UINT16_MAX, &number) != 0 ||
		number == 0)
		return ERR_FORMAT;
	if (field_word(&value, &network)) {
		if (!field_word(&value, &family) || !field_word(&value, &host) ||
			field_word(&value, &extra) || !field_is(network, "IN"))
			return ERR_FORMAT;
		bool v6 = field_is(family, "IP6");

		if ((!v6 && !field_is(family, "IP4")) || read_host(v6, host, &addr) != 0)
			return ERR_FORMAT;
	}
	if (addr.len)
		addr_set_port(&addr, (uint16_t)number);
	*ret = addr;
	return 0;
}

struct span field_attribute(struct span value, struct span *ret_value)
{
	size_t len = 0;

	while (len < value.len && value.p[len] != ':')
		len++;
	struct span name = {value.p, len};
	size_t skip = len < value.len ? len + 1 : len;

	*ret_value = (struct span){value.p + skip, value.len - skip};
	/* "a=sendonly " and "a=crypto :1" are the attributes that they look like, also to
	 * whoever removes them. */
	while (name.len && (name.p[name.len - 1] == ' ' || name.p[name.len - 1] == '\t'))
		name.len--;
	while (name.len && (*name.p == ' ' || *name.p == '\t')) {
		name.p++;
		name.len--;
	}
	return name;
}
