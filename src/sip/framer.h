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
#define FRAMER_MAX_LIST 500           /* commas in the headers of a message */
#define FRAMER_MAX_SKIP (1024 * 1024) /* a message over a limit that is read past */
#define FRAMER_MAX_CRLF 64            /* bytes of CRLF before a datagram's message */

enum framer_result {
	FRAMER_MORE,    /* no whole message yet */
	FRAMER_MESSAGE, /* ret_len bytes are one message */
	FRAMER_KEEPALIVE, /* ret_len bytes are a CRLFCRLF ping: answer CRLF (RFC 5626 4.4.1) */
	FRAMER_SKIP,      /* ret_len bytes mean nothing (CRLF between messages, a pong) */
	/* ret_len bytes are the headers of a message over a limit, or those of its lines that
	 * stand before the limit: it is owed 513 (RFC 3261 21.5.14). What follows of it comes
	 * as SKIP, so that the next message is found. */
	FRAMER_TOO_BIG,
	FRAMER_BROKEN, /* not SIP, or its end cannot be found: close the connection */
};

enum framer_length { FRAMER_LENGTH_NONE, FRAMER_LENGTH_KNOWN, FRAMER_LENGTH_BAD };

enum framer_phase {
	FRAMER_READING,
	FRAMER_SKIPPING_LINES, /* the headers of a message over a limit */
	FRAMER_SKIPPING_BODY,
};

/* Where a search for the end of headers may go on when more bytes arrive, so that slow
 * senders cost linear work. Zero-initialise; framer_stream() resets it itself whenever a
 * message ends. */
struct framer {
	enum framer_phase phase;
	size_t scanned; /* bytes that need no second look */
	unsigned lines; /* whole lines seen, the start line included */
	size_t line_start;
	unsigned list_elements;    /* commas, quoted or not: quotes hide none */
	size_t headers_len;        /* with the empty line; 0: end not seen yet */
	enum framer_length length; /* what Content-Length said */
	size_t body_len; /* where it is KNOWN; while skipping, what is left of it */
	size_t skipped;  /* bytes of a message over a limit that are done with */
	bool in_line;    /* skipping: the line's beginning is done with */
};

/*
 * Looks at the LEN bytes received and not yet consumed of a stream. Content-Length (or l)
 * is demanded on streams: a message without it, with two that differ, or with one that is
 * no number or over FRAMER_MAX_SKIP, is BROKEN. *ret_reason (static text, for the log) is
 * set when BROKEN or TOO_BIG.
 */
enum framer_result framer_stream(struct framer *framer, const char *data, size_t len,
	size_t *ret_len, const char **ret_reason);

/* What a datagram holds. */
struct framer_datagram {
	size_t at;          /* where the message begins: CRLFs before it mean nothing */
	size_t len;         /* bytes past Content-Length are cut off (RFC 3261 18.3) */
	bool is_short;      /* it ends before its Content-Length or its empty line */
	const char *reason; /* static text, when BROKEN or TOO_BIG */
};

/*
 * One datagram: MESSAGE, TOO_BIG (its lines before the limit), KEEPALIVE, SKIP or BROKEN. A
 * message that is short is still MESSAGE, so that a request can be answered 400: message_parse()
 * finds the same. A Content-Length that is doubled or no number cuts nothing off, and is left to
 * message_parse() too.
 */
enum framer_result framer_datagram(
	const char *data, size_t len, struct framer_datagram *ret);
