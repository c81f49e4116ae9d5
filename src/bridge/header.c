#include "bridge/header.h"

#include "bridge/identity.h"
#include "sip/compose.h"

#include <errno.h>
#include <string.h>

/* Headers that say nothing of addresses or routes and mean the same on both sides. */
static const char *const plain_headers[] = {
	"Privacy", "Priority", "User-to-User", "Accept-Language", "Answer-Mode"};

/* "sip:USER@HOST", or "sip:HOST" without a user. */
static void add_uri(struct buf *out, struct span user, const char *host)
{
	buf_add_str(out, "sip:");
	if (user.len) {
		buf_add_span(out, user);
		buf_add_char(out, '@');
	}
	buf_add_str(out, host);
}

static void add_phone(struct buf *out, const struct leg *leg)
{
	if (leg->gateway && leg->gateway->user_phone)
		buf_add_str(out, ";user=phone");
}

/* The trunk's host as a URI has it: an IPv6 address in brackets. */
static void add_host(struct buf *out, const char *host)
{
	bool v6 = strchr(host, ':') != NULL && host[0] != '[';

	if (v6)
		buf_add_char(out, '[');
	buf_add_str(out, host);
	if (v6)
		buf_add_char(out, ']');
}

static void cross_uri(const struct call *call, const struct flow *flow, struct buf *out)
{
	const struct leg *leg = &call->b;
	uint16_t port = trunk_port(leg->trunk);
	struct buf host;

	buf_init(&host, 0);
	add_host(&host, leg_host(leg));
	if (port) {
		buf_add_char(&host, ':');
		buf_add_uint(&host, port);
	}
	add_uri(out, span_of(call->number_uri), buf_str(&host) ? buf_str(&host) : "");
	add_phone(out, leg);
	if (flow->kind != TRANSPORT_UDP) {
		buf_add_str(out, ";transport=");
		buf_add_str(out, transport_kind_param(flow->kind));
	}
	buf_free(&host);
}

/* Splits `"Name" <uri>` or `uri`; a ">" or "<" within the quotes is part of the name. */
static void split_name_addr(
	struct span value, struct span *ret_display, struct span *ret_uri)
{
	bool quoted = false;

	*ret_display = (struct span){0};
	*ret_uri = value;
	for (size_t i = 0; i < value.len; i++) {
		if (value.p[i] == '"' && (i == 0 || value.p[i - 1] != '\\'))
			quoted = !quoted;
		if (quoted || value.p[i] != '<')
			continue;
		*ret_display = span_trim((struct span){value.p, i});
		value = (struct span){value.p + i + 1, value.len - i - 1};
		span_next(&value, '>', ret_uri);
		return;
	}
}

/* P-Asserted-Identity (RFC 3325): the peers of both sides are trusted by configuration. */
static void cross_asserted(struct call *call, const struct message *invite,
	const char *host, struct buf *out)
{
	struct span value, display, text;
	struct message_uri uri;
	struct buf line;

	if (!message_header(invite, "P-Asserted-Identity", 0, &value))
		return;
	split_name_addr(value, &display, &text);
	if (message_uri_parse(&uri, text) || !uri.user.len)
		return;
	buf_init(&line, 0);
	if (display.len) {
		buf_add_span(&line, display);
		buf_add_char(&line, ' ');
	}
	buf_add_char(&line, '<');
	add_uri(&line, uri.user, host);
	add_phone(&line, &call->b);
	buf_add_char(&line, '>');
	compose_header(out, "P-Asserted-Identity", buf_span(&line));
	buf_free(&line);
}

static void cross_plain(const struct message *invite, struct buf *out)
{
	struct span value;

	for (size_t i = 0; i < sizeof(plain_headers) / sizeof(plain_headers[0]); i++)
		for (unsigned nth = 0;
			message_header(invite, plain_headers[i], nth, &value); nth++)
			compose_header(out, plain_headers[i], value);
}

int header_cross(struct call *call, struct flow *flow, struct header_invite *ret)
{
	const struct message *invite = leg_invite_in(&call->a);
	const struct message_address *from = message_from(invite);
	struct leg *leg = &call->b;
	char host_text[IDENTITY_SIZE];
	const char *host;

	leg_set_flow(leg, flow);
	host = identity_host(leg->home, leg->flow, host_text);
	if (leg->gateway && leg->gateway->from_host[0])
		host = leg->gateway->from_host;
	cross_uri(call, flow, &ret->uri);
	if (from->display.len) {
		buf_add_span(&ret->from, from->display);
		buf_add_char(&ret->from, ' ');
	}
	buf_add_char(&ret->from, '<');
	add_uri(&ret->from, from->uri.user, host);
	add_phone(&ret->from, leg);
	buf_add_char(&ret->from, '>');
	buf_add_char(&ret->to, '<');
	buf_add_span(&ret->to, buf_span(&ret->uri));
	buf_add_char(&ret->to, '>');
	cross_asserted(call, invite, host, &ret->headers);
	cross_plain(invite, &ret->headers);
	if (!buf_str(&ret->uri) || !buf_str(&ret->from) || !buf_str(&ret->to) ||
		ret->headers.err)
		return -ENOMEM;
	return 0;
}

void header_free(struct header_invite *invite)
{
	buf_free(&invite->uri);
	buf_free(&invite->from);
	buf_free(&invite->to);
	buf_free(&invite->headers);
}
