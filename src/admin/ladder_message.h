/*
 * One message of a call's ladder: what is read of its text, as JSON. It is read leniently and within bounds, since it
 * may come from a file that somebody has spoiled; nothing is done by what it says. Pure; loop thread.
 */
#pragma once

#include "base/addr.h"
#include "base/span.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

/* Media lines of one message that are shown, and codecs of each. */
#define LADDER_MEDIA_MAX 8
#define LADDER_CODECS_MAX 8

struct ladder_message {
	bool sent; /* by us */
	struct addr source, destination;
	struct span how; /* its transport and what TLS says, in words */
	struct span text;
	bool whole; /* "text" is wanted too */
};

/* Whether TEXT begins as a SIP message does. */
bool ladder_message_is(struct span text);
/* A new object; NULL: TEXT is no message of SIP, or out of memory. */
json_t *ladder_message_json(const struct ladder_message *message);
/* The same of a digit in RTP, which is no message: it has neither method nor status. */
json_t *ladder_message_digit(
	const struct addr *source, const struct addr *destination, char digit);
/* The value of the header NAME in TEXT, or of its COMPACT form (NULL: it has none), the first one; empty: there is none. */
struct span ladder_message_header(
	struct span text, const char *name, const char *compact);
