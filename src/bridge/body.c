#include "bridge/body.h"

#include "base/log.h"
#include "base/secret.h"
#include "sip/compose.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Every form of RFC 4568's key parameters has this word before a colon, and nothing else in SDP
 * has it. */
static const char key_method[] = "inline";

static bool has_key(struct span body)
{
	const size_t len = sizeof(key_method) - 1;
	const char *p = body.p;
	size_t left = body.len;

	while (left && (p = memchr(p, ':', left)) != NULL) {
		if ((size_t)(p - body.p) >= len && !strncasecmp(p - len, key_method, len))
			return true;
		p++;
		left = body.len - (size_t)(p - body.p);
	}
	return false;
}

int body_add(struct buf *out, const struct flow *flow, const char *type, struct span body)
{
	if (flow->kind != TRANSPORT_TLS && has_key(body)) {
		log_error("bridge", "event=key-stopped transport=%s",
			transport_kind_name(flow->kind));
		out->err = ERR_TRUST;
		return out->err;
	}
	compose_body(out, type, body);
	return out->err;
}

int body_add_of(struct buf *out, const struct flow *flow, const struct message *request)
{
	const struct span body = message_body(request);
	struct span type;
	char *copy = NULL;

	if (body.len && message_header(request, "Content-Type", 0, &type))
		copy = span_dup(type);
	body_add(out, flow, copy, body.len ? body : (struct span){0});
	free(copy);
	return out->err;
}

int body_add_sdp(struct buf *out, const struct flow *flow, const struct sdp *sdp)
{
	struct buf body;

	buf_init(&body, 0);
	if (sdp)
		sdp_write(sdp, &body);
	if (body.err)
		out->err = body.err;
	else
		body_add(out, flow, sdp ? "application/sdp" : NULL, buf_span(&body));
	buf_free(&body);
	return out->err;
}

int body_fault(const struct message *request, const char **ret_why)
{
	struct message_body_lines lines;

	if (!message_body(request).len)
		return 0;
	message_body_lines(request, &lines);
	if (!message_content_type(request).len) {
		*ret_why = "it has a body, and no Content-Type";
		return 400;
	}
	if (lines.encoding.len && !span_equal_nocase(lines.encoding, "identity")) {
		*ret_why = "its body is encoded (Content-Encoding)";
		return 415;
	}
	return 0;
}
