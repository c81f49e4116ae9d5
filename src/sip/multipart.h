/*
 * The parts of a message's body (RFC 5621, RFC 2046 5.1): found within bounds, never copied. A
 * body that is no multipart is one part. Pure; spans borrow from the message.
 */
#pragma once

#include "base/buf.h"
#include "base/err.h"
#include "sip/message.h"

#define MULTIPART_PARTS_MAX 16
#define MULTIPART_DEPTH_MAX 3     /* multiparts within each other */
#define MULTIPART_BOUNDARY_MAX 70 /* RFC 2046 5.1.1 */
#define MULTIPART_PART_HEADERS_MAX 16

struct multipart_part {
	struct span type;        /* "application/sdp", without parameters */
	struct span type_line;   /* the whole Content-Type; empty where none was given */
	struct span disposition; /* the whole Content-Disposition; may be empty */
	struct span id;          /* Content-ID, with its brackets; may be empty */
	struct span encoding;    /* Content-Transfer-Encoding; may be empty */
	struct span body;
	unsigned alternative; /* parts with the same number, not 0, are one thing in other
			       * forms, the best of them last */
};

struct multipart {
	struct multipart_part parts[MULTIPART_PARTS_MAX];
	unsigned count;
	unsigned alternatives; /* numbers given to multipart/alternative so far */
	bool multipart;        /* the body was one */
};

/*
 * What MESSAGE has for a body; no part when it has none. A last part without its closing
 * boundary counts, and a body without a type that begins as SDP does is SDP. 0; ERR_FORMAT with
 * TEXT for a multipart without a usable boundary; ERR_LIMIT beyond the bounds above;
 * ERR_SUPPORT for a Content-Encoding.
 */
int multipart_read(
	struct multipart *ret, const struct message *message, struct err_text *text);

/*
 * The NTH description of the session, the best one first: the last one of several alternatives,
 * the first one of the rest. Those with another disposition than "session" do not count, nor
 * those whose transfer encoding would have to be decoded. NULL: there are no more.
 */
const struct multipart_part *multipart_sdp(
	const struct multipart *multipart, unsigned nth);

/* Whether PART may be passed over by who does not understand it (RFC 3261 20.11). */
bool multipart_is_optional(const struct multipart_part *part);

/* Appends a line "Name: value" for what PART says of itself, an empty line, and its body, byte for
 * byte. */
void multipart_add(struct buf *out, const struct multipart_part *part);
