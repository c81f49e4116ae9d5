/*
 * The framer: cuts a byte stream into SIP messages and refuses, before any parser sees a
 * byte, what would be too big or is no SIP. Datagrams pass the same checks. RFC 3261 7.5,
 * 18.3. No allocation; works on the caller's buffer. One owner.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#define FRAMER_MAX_LINES 256       /* header lines */
#define FRAMER_MAX_LINE (8 * 1024) /* bytes a line, folding included */
#define FRAMER_MAX_HEADERS (32 * 1024)
#define FRAMER_MAX_MESSAGE (64 * 1024)
#define FRAMER_MAX_LIST 500 /* commas in the headers of a message */

enum framer_result {
	FRAMER_MORE,    /* no whole message yet */
	FRAMER_MESSAGE, /* ret_len bytes are one message */
	FRAMER_KEEPALIVE, /* ret_len bytes are a CRLFCRLF ping: answer CRLF (RFC 5626 4.4.1) */
	FRAMER_SKIP,      /* ret_len bytes mean nothing (CRLF between messages, a pong) */
	FRAMER_BROKEN, /* not SIP, or over a limit: close the connection */
};

enum framer_length { FRAMER_LENGTH_NONE, FRAMER_LENGTH_KNOWN, FRAMER_LENGTH_BAD };

/* Where a search for the end of headers may go on when more bytes arrive, so that slow
 * senders cost linear work. Zero-initialise; framer_stream() resets it itself whenever it
 * reports bytes to consume. */
struct framer {
	size_t scanned; /* bytes that need no second look */
	unsigned lines; /* whole lines seen, the start line included */
	size_t line_start;
	unsigned list_elements;    /* commas, quoted or not: quotes hide none */
	size_t headers_len;        /* with the empty line; 0: end not seen yet */
	enum framer_length length; /* what Content-Length said */
	size_t body_len;           /* where it is KNOWN */
};

/*
 * Looks at the LEN bytes received and not yet consumed of a stream. Content-Length (or l)
 * is demanded on streams: a message without it, with two that differ, or with one that is
 * no number or over the limit, is BROKEN. *ret_reason (static text, for the log) is set
 * when BROKEN.
 */
enum framer_result framer_stream(struct framer *framer, const char *data, size_t len,
	size_t *ret_len, const char **ret_reason);

/*
 * One datagram. MESSAGE with *ret_len (bytes past Content-Length are cut off, RFC 3261
 * 18.3; a message shorter than its Content-Length, or without the empty line after its
 * last header, is still MESSAGE with *ret_short set, so that a request can be answered
 * 400: message_parse() finds the same), KEEPALIVE, SKIP or BROKEN. A Content-Length that is
 * doubled or no number cuts nothing off and is left to message_parse() too.
 */
enum framer_result framer_datagram(const char *data, size_t len, size_t *ret_len,
	bool *ret_short, const char **ret_reason);
