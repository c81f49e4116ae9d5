/*
 * What an INVITE carries beside its description: parts of its body that cross byte for byte,
 * where the far end's body-types names their type (RFC 5621), and the headers that refer to
 * them. Of an emergency call also what it says of its place (RFC 6442) and of its caller (RFC 7852). Loop
 * thread.
 */
#pragma once

#include "bridge/body.h"
#include "config/config.h"
#include "sip/multipart.h"

/* Parts that cross; spans borrow from the message that they were in. */
struct parts {
	struct multipart_part part[MULTIPART_PARTS_MAX];
	unsigned count;
	bool emergency; /* references to other places cross too */
	bool location;  /* a location is among them */
};

/* What may cross to a far end. */
struct parts_rules {
	const struct config_words *types; /* of parts, by its body-types */
	bool emergency;                   /* and what an emergency call is to carry */
};

/* Those of INVITE that may cross by RULES. None where its body cannot be read. */
void parts_choose(
	struct parts *ret, const struct message *invite, const struct parts_rules *rules);
/* Appends the headers of INVITE that refer to one of PARTS: Geolocation, and Call-Info with emergency data. Of an
 * emergency call's those too that refer to a place outside of the message. */
void parts_add_headers(
	struct parts *parts, const struct message *invite, struct buf *out);
/* Whether INVITE says where its caller is, in its body or by reference. */
bool parts_has_location(const struct message *invite);
/* Ends OUT as body_add_sdp() does, with PARTS behind SDP in a multipart/mixed. NULL, or no parts:
 * SDP alone. Returns OUT's error. */
int parts_add(struct buf *out, const struct flow *flow, const struct sdp *sdp,
	const struct parts *parts);
