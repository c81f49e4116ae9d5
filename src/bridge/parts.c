#include "bridge/parts.h"

#include "base/secret.h"
#include "sip/compose.h"

#include <string.h>

/* Locations that are looked at in one INVITE. */
#define LOCATIONS_MAX 8

static bool has_type(const struct config_words *types, struct span type)
{
	for (size_t i = 0; i < types->count; i++)
		if (span_equal_nocase(type, types->words[i]))
			return true;
	return false;
}

void parts_choose(
	struct parts *ret, const struct message *invite, const struct config_words *types)
{
	struct multipart all;

	ret->count = 0;
	if (!types->count || multipart_read(&all, invite, NULL))
		return;
	for (unsigned i = 0; i < all.count; i++)
		if (has_type(types, all.parts[i].type))
			ret->part[ret->count++] = all.parts[i];
}

/* Whether ELEMENT is "<cid:ID>", with or without parameters, and ID one of PARTS (RFC 2392).
 * *RET_URI is then "<cid:ID>". */
static bool names_part(
	const struct parts *parts, struct span element, struct span *ret_uri)
{
	const char *end = element.len ? memchr(element.p, '>', element.len) : NULL;
	struct span id;

	if (!span_starts(element, "<cid:") || !end)
		return false;
	*ret_uri = (struct span){element.p, (size_t)(end + 1 - element.p)};
	id = (struct span){element.p + 5, ret_uri->len - 6};
	for (unsigned i = 0; i < parts->count; i++) {
		struct span own = parts->part[i].id;

		if (own.len == id.len + 2 && !memcmp(own.p + 1, id.p, id.len))
			return true;
	}
	return false;
}

void parts_add_headers(
	const struct parts *parts, const struct message *invite, struct buf *out)
{
	struct span element, uri, routing;
	unsigned count = 0;

	for (unsigned nth = 0; nth < LOCATIONS_MAX &&
			       message_element(invite, "Geolocation", nth, &element);
		nth++) {
		if (!names_part(parts, element, &uri))
			continue;
		compose_header(out, "Geolocation", uri);
		count++;
	}
	if (count && message_line(invite, "Geolocation-Routing", 0, &routing) &&
		message_token_valid(routing))
		compose_header(out, "Geolocation-Routing", routing);
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
