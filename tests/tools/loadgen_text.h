/*
 * SIP as text, for the load generator: as little reading and writing as a call needs, of
 * peers that are known to be well-behaved. Nothing here would do for a product.
 */
#pragma once

#include "base/buf.h"
#include "base/span.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define TEXT_LINES_MAX 12
#define TEXT_ROUTES_MAX 8

enum text_method {
	TEXT_INVITE,
	TEXT_ACK,
	TEXT_BYE,
	TEXT_OPTIONS,
	TEXT_OTHER,
};

/* A message, cut up as far as it matters. Spans point into it. */
struct text {
	int status; /* of a response; 0 for a request */
	enum text_method method;
	struct span uri;                     /* of a request */
	struct span echo[TEXT_LINES_MAX];    /* header lines that a response repeats */
	unsigned echo_count;                 /* To is not among them */
	struct span routes[TEXT_ROUTES_MAX]; /* values of Record-Route, in order */
	unsigned route_count;
	struct span to; /* values */
	struct span from;
	struct span call_id;
	struct span contact; /* the URI alone */
	struct span body;
};

/* The length of the message (or of line ends between messages: its first byte is then CR)
 * that DATA begins with, 0 when more must come, -1 when it is no SIP. */
ssize_t text_frame(const char *data, size_t len);
/* False when it is nothing that a call has to do with. */
bool text_read(struct text *ret, struct span message);
/* The number that a URI or a Call-ID has behind PREFIX; UINT32_MAX when none. */
uint32_t text_number(struct span s, const char *prefix);

/* A response to REQUEST. TAG goes to To unless one is there; BODY may be empty, CONTACT
 * NULL. */
void text_reply(struct buf *out, const struct text *request, const char *status,
	const char *tag, const char *contact, struct span body);
