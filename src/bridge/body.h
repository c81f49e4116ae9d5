/*
 * The one place where a message of ours gets its body, and so the one place where keys can
 * leave: SRTP keys are sent over TLS only (RFC 4568 7). Loop thread.
 */
#pragma once

#include "base/buf.h"
#include "sdp/sdp.h"
#include "sip/message.h"
#include "sip/transport.h"

/*
 * Ends OUT, the headers of a message that is to leave by FLOW, with BODY of TYPE, or with SDP
 * (NULL: no body). A body with a key, toward a flow that is not TLS, is not added: OUT's
 * error is then ERR_TRUST, so that nothing of it can be sent. Returns OUT's error.
 */
int body_add(
	struct buf *out, const struct flow *flow, const char *type, struct span body);
/* The same with the body of REQUEST, and its Content-Type as it came. */
int body_add_of(struct buf *out, const struct flow *flow, const struct message *request);
int body_add_sdp(struct buf *out, const struct flow *flow, const struct sdp *sdp);

/* Whether the body of REQUEST, whatever its type, can cross as it is: 0; else what REQUEST is refused with, and *RET_WHY,
 * static. */
int body_fault(const struct message *request, const char **ret_why);
