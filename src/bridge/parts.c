#include "bridge/parts.h"

#include "base/secret.h"
#include "config/words.h"
#include "sip/compose.h"

#include <string.h>

/* Elements of one header that are looked at in one INVITE. */
#define ELEMENTS_MAX 8
/* The longest reference that crosses. */
#define REFERENCE_MAX 512

static bool starts_nocase(struct span text, const char *prefix)
{
	const size_t len = strlen(prefix);

	return text.len >= len && span_equal_nocase((struct span){text.p, len}, prefix);
}

static bool is_location(const struct multipart_part *part)
{
	return span_equal_nocase(part->type, "application/pidf+xml");
}

/* RFC 7852 11.1. */
static bool is_emergency_data(const struct multipart_part *part)
{
	return starts_nocase(part->type, "application/EmergencyCallData.");
}

static bool may_cross(const struct multipart_part *part, const struct parts_rules *rules)
{
	return words_have_nocase(rules->types, part->type) ||
	       (rules->emergency && (is_location(part) || is_emergency_data(part)));
}

void parts_choose(
	struct parts *ret, const struct message *invite, const struct parts_rules *rules)
{
	struct multipart all;

	ret->count = 0;
	ret->location = false;
	ret->emergency = rules->emergency;
	if ((!rules->types->count && !rules->emergency) ||
		multipart_read(&all, invite, NULL))
		return;
	for (unsigned i = 0; i < all.count; i++) {
		if (!may_cross(&all.parts[i], rules))
			continue;
		ret->location = ret->location || is_location(&all.parts[i]);
		ret->part[ret->count++] = all.parts[i];
	}
}

bool parts_has_location(const struct message *invite)
{
	struct multipart all;
	struct span element;

	if (message_element(invite, "Geolocation", 0, &element))
		return true;
	if (multipart_read(&all, invite, NULL))
		return false;
	for (unsigned i = 0; i < all.count; i++)
		if (is_location(&all.parts[i]))
			return true;
	return false;
}

/* ---- what refers to them ---- */

/* Whether ID is that of one of PARTS (RFC 2392). */
static bool names_part(const struct parts *parts, struct span id)
{
	for (unsigned i = 0; i < parts->count; i++) {
		struct span own = parts->part[i].id;

		if (own.len == id.len + 2 && !memcmp(own.p + 1, id.p, id.len))
			return true;
	}
	return false;
}

/* A place outside of the message where the far end may ask (RFC 6442 4.1). */
static bool leads_outside(struct span uri)
{
	static const char *const schemes[] = {"https:", "sip:", "sips:", "pres:"};
	struct message_uri parsed;

	if (uri.len > REFERENCE_MAX || message_uri_parse(&parsed, uri))
		return false;
	for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++)
		if (starts_nocase(uri, schemes[i]))
			return true;
	return false;
}

/* Whether ELEMENT is "<URI>", with or without parameters, and may cross with PARTS: then these are *RET_URI,
 * with its brackets, and *RET_PARAMS. */
static bool crosses(const struct parts *parts, struct span element, struct span *ret_uri,
	struct span *ret_params)
{
	const char *end = element.len ? memchr(element.p, '>', element.len) : NULL;
	struct span uri, params;

	if (!end || element.p[0] != '<')
		return false;
	uri = (struct span){element.p + 1, (size_t)(end - element.p) - 1};
	params = (struct span){end + 1, (size_t)(element.p + element.len - end) - 1};
	*ret_uri = (struct span){element.p, uri.len + 2};
	*ret_params = params.len && params.p[0] == ';'
			      ? (struct span){params.p + 1, params.len - 1}
			      : (struct span){0};
	if (starts_nocase(uri, "cid:"))
		return names_part(parts, (struct span){uri.p + 4, uri.len - 4});
	return parts->emergency && leads_outside(uri);
}

static void add_locations(
	struct parts *parts, const struct message *invite, struct buf *out)
{
	struct span element, uri, params, routing;
	unsigned count = 0;

	for (unsigned nth = 0; nth < ELEMENTS_MAX &&
			       message_element(invite, "Geolocation", nth, &element);
		nth++) {
		if (!crosses(parts, element, &uri, &params))
			continue;
		compose_header(out, "Geolocation", uri);
		parts->location = true;
		count++;
	}
	if (count && message_line(invite, "Geolocation-Routing", 0, &routing) &&
		message_token_valid(routing))
		compose_header(out, "Geolocation-Routing", routing);
}

/* RFC 7852 5: what is there about the call, and what for. */
static void add_emergency_data(
	const struct parts *parts, const struct message *invite, struct buf *out)
{
	struct span element, uri, params, purpose;

	for (unsigned nth = 0;
		nth < ELEMENTS_MAX && message_element(invite, "Call-Info", nth, &element);
		nth++) {
		if (!crosses(parts, element, &uri, &params) ||
			!message_param(params, "purpose", &purpose) ||
			!starts_nocase(purpose, "EmergencyCallData.") ||
			!message_token_valid(purpose))
			continue;
		buf_printf(out, "Call-Info: %.*s;purpose=%.*s\r\n", SPAN_ARG(uri),
			SPAN_ARG(purpose));
	}
}

void parts_add_headers(struct parts *parts, const struct message *invite, struct buf *out)
{
	add_locations(parts, invite, out);
	if (parts->emergency)
		add_emergency_data(parts, invite, out);
}

static void add_delimiter(struct buf *out, const char *boundary, const char *end)
{
	buf_add_str(out, "--");
	buf_add_str(out, boundary);
	buf_add_str(out, end);
}

int parts_add(struct buf *out, const struct flow *flow, const struct sdp *sdp,
	const struct parts *parts)
{
	char boundary[33], type[80] = "multipart/mixed;boundary=";
	struct buf body;

	if (!parts || !parts->count)
		return body_add_sdp(out, flow, sdp);
	secret_token(boundary, 16); /* 128 bits at random: in no part */
	strcat(type, boundary);
	buf_init(&body, 0);
	if (sdp) {
		add_delimiter(
			&body, boundary, "\r\nContent-Type: application/sdp\r\n\r\n");
		sdp_write(sdp, &body);
		buf_add_str(&body, "\r\n");
	}
	for (unsigned i = 0; i < parts->count; i++) {
		add_delimiter(&body, boundary, "\r\n");
		multipart_add(&body, &parts->part[i]);
		buf_add_str(&body, "\r\n");
	}
	add_delimiter(&body, boundary, "--\r\n");
	if (body.err)
		out->err = body.err;
	else
		body_add(out, flow, type, buf_span(&body));
	buf_free(&body);
	return out->err;
}
