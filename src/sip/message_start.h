/*
 * The start line of a SIP message, checked before sofia-sip's parser sees it: that one gives
 * nothing to answer where 400 is due, and accepts lines that must be refused. RFC 3261 7.1, 7.2.
 *
 * Internal to the files of message.h.
 */
#pragma once

#include "base/span.h"
#include "sip/message.h"

struct message_start {
	struct span method; /* requests */
	struct span uri;    /* requests; as received */
	int status;         /* responses; 0 for requests */
	struct message_fault fault;
};

/*
 * Splits LINE (without its CRLF). 0, with a fault in *RET for a line that has a method or
 * is a status line, but may not be served; ERR_FORMAT for one that is neither.
 */
int message_start_parse(struct message_start *ret, struct span line);
