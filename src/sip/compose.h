/*
 * Composing SIP messages as text. A B2BUA prints every header itself, in one order, into
 * a buffer that goes to the wire as it is; what crosses from the other leg is added
 * with compose_header() from parsed, re-printed values. RFC 3261 7, 8.1.1, 8.2.6.
 */
#pragma once

#include "base/buf.h"
#include "sip/message.h"

/* "INVITE sip:x SIP/2.0\r\n" */
void compose_request(struct buf *out, struct span method, struct span uri);

/*
 * Status line and the headers that RFC 3261 8.2.6.2 wants copied: every Via (with received
 * and rport), From, To (with ;tag=TO_TAG when it has none and TO_TAG is not NULL), Call-ID,
 * CSeq; Record-Route and, for 100, Timestamp where the RFC asks. REASON NULL: the standard
 * phrase. 0, or ERR_STATE when the request cannot be answered.
 */
int compose_response(struct buf *out, const struct message *request, int status,
	const char *reason, const char *to_tag);

/* "Name: value\r\n"; VALUE must have no CR, LF or NUL: such bytes set out->err. */
void compose_header(struct buf *out, const char *name, struct span value);
void compose_header_str(struct buf *out, const char *name, const char *value);
void compose_header_uint(struct buf *out, const char *name, uint64_t value);

/* Content-Type (when there is a body), Content-Length, the empty line and the body. */
void compose_body(struct buf *out, const char *content_type, struct span body);

/* "Ringing"; of a status that IANA does not list its class, such as "Client Error"; "Unknown"
 * outside of 100 to 699. Static. */
const char *compose_reason(int status);
