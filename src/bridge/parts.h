/*
 * What an INVITE carries beside its description: parts of its body that cross byte for byte,
 * where the far end's body-types names their type (RFC 5621), and the headers that refer to
 * them. Loop thread.
 */
#pragma once

#include "bridge/body.h"
#include "config/config.h"
#include "sip/multipart.h"

/* Parts that cross; spans borrow from the message that they were in. */
struct parts {
	struct multipart_part part[MULTIPART_PARTS_MAX];
	unsigned count;
};

/* Those of INVITE whose type is one of TYPES. None where its body cannot be read. */
void parts_choose(struct parts *ret, const struct message *invite,
	const struct config_words *types);
/* Appends the Geolocation headers (RFC 6442) of INVITE that refer to one of PARTS. */
void parts_add_headers(
	const struct parts *parts, const struct message *invite, struct buf *out);
/* Ends OUT as body_add_sdp() does, with PARTS behind SDP in a multipart/mixed. NULL, or no parts:
 * SDP alone. Returns OUT's error. */
int parts_add(struct buf *out, const struct flow *flow, const struct sdp *sdp,
	const struct parts *parts);
