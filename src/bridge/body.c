#include "bridge/body.h"

#include "base/log.h"
#include "base/secret.h"
#include "sip/compose.h"

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
