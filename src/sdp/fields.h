/*
 * The grammar of the SDP lines that we read (RFC 8866 section 9): o=, c=, m=, a=rtcp. Pure
 * functions on spans; a wrong line yields ERR_FORMAT and a reason in words that are our own
 * (never the peer's text). Words may be parted by several spaces, and spaces may follow the
 * last: peers do so. Private to src/sdp. Any thread.
 */
#pragma once

#include "base/addr.h"
#include "base/span.h"
#include "sdp/sdp.h"

#include <stdbool.h>
#include <string.h>

/* Inline because most lines are only looked at for what they are not: with a literal WORD
 * this is a comparison of lengths. */
static inline bool field_is(struct span s, const char *word)
{
	size_t len = strlen(word);

	return s.len == len && memcmp(s.p, word, len) == 0;
}

/* RFC 8866 "token": visible ASCII without separators. */
bool field_is_token(struct span s);
/* No CR, LF or NUL: may stand in a line. */
bool field_is_text(struct span s);
/* Takes the first word off the front of *REST; false when there is none. */
bool field_word(struct span *rest, struct span *ret_word);

/* The value of o=. RET_VERSION is 0 when the version is no number that fits. */
int field_origin(struct span value, uint64_t *ret_version, const char **ret_reason);

/* The value of c=: a numeric address, without port. A TTL and a count (RFC 8866 5.7) are
 * checked and dropped. ERR_FORMAT for a host name and a network other than IN too. */
int field_connection(struct span value, struct addr *ret, const char **ret_reason);

/* The port word of m=, "5000" or "5000/2": sets port and port_count. */
int field_port(struct span word, struct sdp_media *ret, const char **ret_reason);
/* The protocol of m=: token *("/" token) */
bool field_is_proto(struct span text);

/* The value of m=: fills type, port, port_count, proto, proto_text and formats. */
int field_media(struct span value, struct sdp_media *ret, const char **ret_reason);

/*
 * The value of a=rtcp (RFC 3605) for a media line whose c= is CONNECTION: the address, with
 * len 0 when it is a name. ERR_FORMAT when malformed.
 */
int field_rtcp(struct span value, const struct addr *connection, struct addr *ret);

/* Splits the value of a=. RET_VALUE is what follows the colon. */
struct span field_attribute(struct span value, struct span *ret_value);

enum sdp_proto field_proto(struct span text);
/* Decimal 0 to 127. */
bool field_is_payload_type(struct span s);
