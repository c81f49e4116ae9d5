#include "sip/stateless.h"

#include "base/hash.h"
#include "sip/compose.h"

#include <stdio.h>
#include <string.h>

/* ---- lines ---- */

/* The value has nothing in it that we would not write ourselves. */
static bool is_clean(struct span value)
{
	for (size_t i = 0; i < value.len; i++)
		if ((unsigned char)value.p[i] < ' ' || value.p[i] == 0x7f)
			return false;
	return value.len > 0;
}

/* The next line of REST, without its end. False: it ends otherwise than by CRLF, or goes on in the next line. */
static bool next_line(struct span *rest, struct span *ret)
{
	const char *end = memchr(rest->p, '\n', rest->len);
	size_t len = end ? (size_t)(end - rest->p) : 0;

	if (len == 0 || end[-1] != '\r')
		return false;
	*ret = (struct span){rest->p, len - 1};
	rest->p += len + 1;
	rest->len -= len + 1;
	return rest->len > 0 && rest->p[0] != ' ' && rest->p[0] != '\t';
}

static bool is_named(struct span name, const char *whole, char compact)
{
	return (name.len == 1 && compact && (name.p[0] | 0x20) == compact) ||
	       span_equal_nocase(name, whole);
}

/* A header that there is once. */
static bool take(struct span *header, struct span value)
{
	if (header->p || !is_clean(value))
		return false;
	*header = value;
	return true;
}

static bool take_via(struct stateless *ret, struct span value)
{
	if (ret->via_count == STATELESS_VIAS || !is_clean(value))
		return false;
	ret->vias[ret->via_count++] = value;
	return true;
}

/* False: for the parser. The first letter leaves out most of those that we do not need. */
static bool read_header(struct stateless *ret, struct span line)
{
	const char *colon = memchr(line.p, ':', line.len);
	struct span name, value;

	if (!colon)
		return false;
	name = span_trim((struct span){line.p, (size_t)(colon - line.p)});
	value = span_trim(
		(struct span){colon + 1, (size_t)(line.p + line.len - colon - 1)});
	if (name.len == 0)
		return false;
	switch (name.p[0] | 0x20) {
	case 'v':
		return !is_named(name, "Via", 'v') || take_via(ret, value);
	case 'f':
		return !is_named(name, "From", 'f') || take(&ret->from, value);
	case 't':
		return !is_named(name, "To", 't') || take(&ret->to, value);
	case 'i':
		return !is_named(name, "Call-ID", 'i') || take(&ret->call_id, value);
	case 'c':
		if (is_named(name, "Call-ID", 0))
			return take(&ret->call_id, value);
		return !is_named(name, "CSeq", 0) || take(&ret->cseq, value);
	case 'p':
		ret->has_priority |= is_named(name, "Priority", 0);
		return true;
	default:
		return true;
	}
}

/* ---- what is in a line ---- */

static bool read_start(struct stateless *ret, struct span line)
{
	struct span method, uri;

	if (!span_next(&line, ' ', &method) || !span_next(&line, ' ', &uri) ||
		!span_equal_str(line, "SIP/2.0") || !is_clean(uri))
		return false;
	ret->uri = uri;
	if (span_equal_str(method, "INVITE"))
		ret->kind = STATELESS_INVITE;
	else if (span_equal_str(method, "ACK"))
		ret->kind = STATELESS_ACK;
	return ret->kind != STATELESS_OTHER;
}

/* Of a header with an address: behind its ">" or, without one, its first ";". */
static struct span parameters(struct span value)
{
	const char *from = memrchr(value.p, '>', value.len);

	if (!from)
		from = memchr(value.p, ';', value.len);
	return from ? (struct span){from, (size_t)(value.p + value.len - from)}
		    : (struct span){value.p, 0};
}

static bool read_tag(struct stateless *ret)
{
	struct span rest = parameters(ret->to);
	struct span part;

	while (span_next(&rest, ';', &part)) {
		part = span_trim(part);
		if (part.len > 4 && span_equal_nocase((struct span){part.p, 4}, "tag="))
			ret->to_tag = (struct span){part.p + 4, part.len - 4};
	}
	return ret->kind == STATELESS_INVITE ? ret->to_tag.len == 0 : ret->to_tag.len > 0;
}

/* "host", "host:port", "[::1]:port". */
static bool read_sent_by(struct stateless *ret, struct span sent_by)
{
	const char *from = sent_by.len && sent_by.p[0] == '['
				   ? memchr(sent_by.p, ']', sent_by.len)
				   : sent_by.p;
	const char *colon =
		from ? memchr(from, ':', (size_t)(sent_by.p + sent_by.len - from)) : NULL;
	uint64_t port = 0;

	ret->via_host = sent_by;
	if (colon) {
		ret->via_host.len = (size_t)(colon - sent_by.p);
		if (span_uint(
			    (struct span){colon + 1, sent_by.len - ret->via_host.len - 1},
			    65535, &port) ||
			port == 0)
			return false;
	}
	ret->via_port = (uint16_t)port;
	return from && ret->via_host.len > 0;
}

/* The top Via: one value, without quotes, as nearly every program writes it. */
static bool read_via(struct stateless *ret)
{
	struct span rest = ret->vias[0];
	struct span head, protocol, part;

	if (memchr(rest.p, ',', rest.len) || memchr(rest.p, '"', rest.len) ||
		!span_starts(rest, "SIP/2.0/") || !span_next(&rest, ';', &head))
		return false;
	ret->via_head = head = span_trim(head);
	if (!span_next(&head, ' ', &protocol) || !read_sent_by(ret, span_trim(head)))
		return false;
	while (span_next(&rest, ';', &part)) {
		part = span_trim(part);
		if (span_equal_nocase(part, "rport"))
			ret->rport = true;
		else if (part.len > 7 &&
			 span_equal_nocase((struct span){part.p, 7}, "branch="))
			ret->branch = (struct span){part.p + 7, part.len - 7};
	}
	return span_starts(ret->branch, "z9hG4bK");
}

/* "1 INVITE": the method is that of the start line. */
static bool read_cseq(const struct stateless *ret)
{
	const struct span method =
		span_of(ret->kind == STATELESS_INVITE ? " INVITE" : " ACK");
	uint64_t number;

	return ret->cseq.len > method.len &&
	       memcmp(ret->cseq.p + ret->cseq.len - method.len, method.p, method.len) ==
		       0 &&
	       span_uint((struct span){ret->cseq.p, ret->cseq.len - method.len},
		       UINT32_MAX >> 1, &number) == 0;
}

bool stateless_read(struct stateless *ret, struct span text)
{
	struct span rest = text;
	struct span line;

	*ret = (struct stateless){.kind = STATELESS_OTHER};
	if (!next_line(&rest, &line) || !read_start(ret, line))
		return false;
	while (rest.len > 1 && memcmp(rest.p, "\r\n", 2) != 0)
		if (!next_line(&rest, &line) || !read_header(ret, line))
			return false;
	return rest.len > 1 && ret->via_count && ret->from.p && ret->to.p &&
	       ret->call_id.p && ret->cseq.p && read_cseq(ret) && read_tag(ret) &&
	       read_via(ret);
}

/* ---- the answer ---- */

/* RFC 3261 8.2.7: of what every repetition has as well. The hash is keyed. */
uint64_t stateless_id(const struct stateless *stateless)
{
	const uint64_t seed = hash_bytes(
		stateless->branch.p, stateless->branch.len, UINT64_C(0x73746174656c6573));

	return hash_bytes(stateless->call_id.p, stateless->call_id.len, seed);
}

const char *stateless_tag(
	const struct stateless *stateless, char buf[static STATELESS_TAG_SIZE])
{
	snprintf(buf, STATELESS_TAG_SIZE, "s%016llx",
		(unsigned long long)stateless_id(stateless));
	return buf;
}

bool stateless_is_owed_nothing(const struct stateless *stateless)
{
	char tag[STATELESS_TAG_SIZE];

	return stateless->kind == STATELESS_ACK &&
	       span_equal_str(stateless->to_tag, stateless_tag(stateless, tag));
}

static void add_line(struct buf *out, const char *name, struct span value)
{
	buf_add_str(out, name);
	buf_add_span(out, value);
	buf_add_str(out, "\r\n");
}

/* RFC 3261 18.2.1, RFC 3581 4: where it came from, unless its sender says the same. */
static void add_top_via(struct buf *out, const struct stateless *stateless,
	const char *host, uint16_t port)
{
	struct span rest = stateless->vias[0];
	struct span part;

	buf_add_str(out, "Via: ");
	buf_add_span(out, stateless->via_head);
	span_next(&rest, ';', &part);
	while (span_next(&rest, ';', &part)) {
		part = span_trim(part);
		if (span_equal_nocase(part, "rport") || part.len == 0 ||
			(part.len > 9 &&
				span_equal_nocase((struct span){part.p, 9}, "received=")))
			continue;
		buf_add_char(out, ';');
		buf_add_span(out, part);
	}
	if (stateless->rport || !span_equal_str(stateless->via_host, host)) {
		buf_add_str(out, ";received=");
		buf_add_str(out, host);
	}
	if (stateless->rport) {
		buf_add_str(out, ";rport=");
		buf_add_uint(out, port);
	}
	buf_add_str(out, "\r\n");
}

void stateless_respond(struct buf *out, const struct stateless *stateless, int status,
	const char *extra, const char *host, uint16_t port)
{
	char tag[STATELESS_TAG_SIZE];

	buf_add_str(out, "SIP/2.0 ");
	buf_add_uint(out, (uint64_t)status);
	buf_add_char(out, ' ');
	buf_add_str(out, compose_reason(status));
	buf_add_str(out, "\r\n");
	add_top_via(out, stateless, host, port);
	for (unsigned i = 1; i < stateless->via_count; i++)
		add_line(out, "Via: ", stateless->vias[i]);
	add_line(out, "From: ", stateless->from);
	buf_add_str(out, "To: ");
	buf_add_span(out, stateless->to);
	add_line(out, ";tag=", span_of(stateless_tag(stateless, tag)));
	add_line(out, "Call-ID: ", stateless->call_id);
	add_line(out, "CSeq: ", stateless->cseq);
	buf_add_str(out, extra);
	buf_add_str(out, "Content-Length: 0\r\n\r\n");
}
