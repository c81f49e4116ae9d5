#include "loadgen_text.h"

#include <string.h>
#include <strings.h>

/* What a peer that is not broken stays below. */
#define HEAD_MAX 32768

static bool starts(struct span s, const char *prefix, size_t len)
{
	return s.len >= len && memcmp(s.p, prefix, len) == 0;
}
#define STARTS(s, literal) starts(s, literal, sizeof(literal) - 1)

static uint32_t read_number(const char *p, const char *end)
{
	uint32_t number = 0;
	const char *first = p;

	while (p < end && *p >= '0' && *p <= '9')
		number = number * 10 + (uint32_t)(*p++ - '0');
	return p == first ? UINT32_MAX : number;
}

uint32_t text_number(struct span s, const char *prefix)
{
	size_t len = strlen(prefix);
	const char *at = memmem(s.p, s.len, prefix, len);

	return at ? read_number(at + len, s.p + s.len) : UINT32_MAX;
}

static size_t body_length(const char *head, size_t len)
{
	static const char name[] = "\r\nContent-Length:";
	const char *at = memmem(head, len, name, sizeof(name) - 1);

	if (!at)
		return 0;
	at += sizeof(name) - 1;
	while (*at == ' ')
		at++;
	return read_number(at, head + len);
}

ssize_t text_frame(const char *data, size_t len)
{
	const char *end;
	size_t head, body;

	if (data[0] == '\r')
		return len < 2 ? 0 : 2;
	end = memmem(data, len, "\r\n\r\n", 4);
	if (!end)
		return len > HEAD_MAX ? -1 : 0;
	head = (size_t)(end - data) + 4;
	body = body_length(data, head);
	if (body > HEAD_MAX)
		return -1;
	return len < head + body ? 0 : (ssize_t)(head + body);
}

static enum text_method method_of(struct span s)
{
	if (STARTS(s, "INVITE"))
		return TEXT_INVITE;
	if (STARTS(s, "ACK"))
		return TEXT_ACK;
	if (STARTS(s, "BYE"))
		return TEXT_BYE;
	return STARTS(s, "OPTIONS") ? TEXT_OPTIONS : TEXT_OTHER;
}

/* What is between < and >. */
static struct span angle(struct span s)
{
	const char *from = memchr(s.p, '<', s.len);
	const char *to = from ? memchr(from, '>', (size_t)(s.p + s.len - from)) : NULL;

	if (!to)
		return s;
	return (struct span){from + 1, (size_t)(to - from) - 1};
}

/* A Record-Route may have several values in one line; each is in < >. */
static void add_routes(struct text *text, struct span value)
{
	const char *end = value.p + value.len;
	const char *at = value.p;

	while (text->route_count < TEXT_ROUTES_MAX) {
		const char *from = memchr(at, '<', (size_t)(end - at));
		const char *to = from ? memchr(from, '>', (size_t)(end - from)) : NULL;

		if (!to)
			return;
		text->routes[text->route_count++] =
			(struct span){from, (size_t)(to - from) + 1};
		at = to + 1;
	}
}

static struct span value_of(struct span line)
{
	const char *colon = memchr(line.p, ':', line.len);
	struct span rest = {colon + 1, (size_t)(line.p + line.len - colon) - 1};

	return span_trim(rest);
}

static void add_echo(struct text *text, struct span line)
{
	if (text->echo_count < TEXT_LINES_MAX)
		text->echo[text->echo_count++] = line;
}

static void read_header(struct text *text, struct span line)
{
	if (STARTS(line, "Via:") || STARTS(line, "v:")) {
		add_echo(text, line);
	} else if (STARTS(line, "From:")) {
		add_echo(text, line);
		text->from = value_of(line);
	} else if (STARTS(line, "To:")) {
		text->to = value_of(line);
	} else if (STARTS(line, "Call-ID:")) {
		add_echo(text, line);
		text->call_id = value_of(line);
	} else if (STARTS(line, "CSeq:")) {
		struct span value = value_of(line);
		const char *space = memchr(value.p, ' ', value.len);

		add_echo(text, line);
		if (space && text->status)
			text->method = method_of((struct span){
				space + 1, (size_t)(value.p + value.len - space) - 1});
	} else if (STARTS(line, "Record-Route:")) {
		add_echo(text, line);
		add_routes(text, value_of(line));
	} else if (STARTS(line, "Contact:")) {
		text->contact = angle(value_of(line));
	}
}

static bool read_first_line(struct text *text, struct span line)
{
	struct span method;

	if (STARTS(line, "SIP/2.0 ")) {
		text->status = (int)read_number(line.p + 8, line.p + line.len);
		return text->status >= 100 && text->status < 700;
	}
	text->method = method_of(line);
	return span_next(&line, ' ', &method) && span_next(&line, ' ', &text->uri);
}

bool text_read(struct text *ret, struct span message)
{
	const char *at = message.p;
	const char *end = message.p + message.len;
	bool first = true;

	memset(ret, 0, sizeof(*ret));
	while (at < end) {
		const char *newline = memchr(at, '\n', (size_t)(end - at));
		struct span line;

		if (!newline || newline == at)
			return false;
		line = (struct span){at, (size_t)(newline - at) - 1};
		at = newline + 1;
		if (line.len == 0)
			break;
		if (first && !read_first_line(ret, line))
			return false;
		if (!first && memchr(line.p, ':', line.len))
			read_header(ret, line);
		first = false;
	}
	ret->body = (struct span){at, (size_t)(end - at)};
	return ret->call_id.len && ret->to.len && ret->from.len;
}

void text_reply(struct buf *out, const struct text *request, const char *status,
	const char *tag, const char *contact, struct span body)
{
	buf_add_str(out, "SIP/2.0 ");
	buf_add_str(out, status);
	for (unsigned i = 0; i < request->echo_count; i++) {
		buf_add(out, "\r\n", 2);
		buf_add_span(out, request->echo[i]);
	}
	buf_add_str(out, "\r\nTo: ");
	buf_add_span(out, request->to);
	if (tag && !memmem(request->to.p, request->to.len, ";tag=", 5)) {
		buf_add_str(out, ";tag=");
		buf_add_str(out, tag);
	}
	if (contact) {
		buf_add_str(out, "\r\nContact: ");
		buf_add_str(out, contact);
	}
	if (body.len)
		buf_add_str(out, "\r\nContent-Type: application/sdp");
	buf_add_str(out, "\r\nContent-Length: ");
	buf_add_uint(out, body.len);
	buf_add_str(out, "\r\n\r\n");
	buf_add_span(out, body);
}
