/*
 * A web server on the loopback that says the same to everybody, one connection at a time.
 * Nothing here returns an error.
 */
#pragma once

#include "base/addr.h"
#include "base/buf.h"
#include "base/loop.h"

struct web {
	struct loop *loop;
	struct addr address;
	struct loop_fd listener, connection;
	struct buf answer;    /* head and body; empty: it is silent */
	struct buf request;   /* all that it read */
	unsigned connections; /* since the start */
};

void web_start(struct web *web, struct loop *loop);
void web_stop(struct web *web);
/* From now on it answers `HTTP/1.1 HEAD`, an empty line, and BODY. */
void web_say(struct web *web, const char *head, const void *body, size_t len);
