/*
 * The connections of the load generator: TLS toward the server under test, TCP or UDP on
 * the gateways' side. Bytes are cut into SIP messages; what a turn of the loop sends
 * leaves in one write. One thread.
 */
#pragma once

#include "base/addr.h"
#include "base/loop.h"
#include "base/span.h"

#include <stdbool.h>
#include <stdint.h>

enum link_kind { LINK_TLS, LINK_TCP, LINK_UDP };

struct link;
struct links;

struct link_handlers {
	/* One whole message, read at READ_US. It is borrowed. */
	void (*message_h)(
		void *arg, struct link *link, struct span message, uint64_t read_us);
	/* It ended, or never opened. It stays valid until links_free(). */
	void (*closed_h)(void *arg, struct link *link, const char *why);
	void *arg;
};

struct link_files {
	const char *cert; /* PEM */
	const char *key;
	const char *ca; /* NULL: the far end's certificate is not looked at */
};

/* FILES may be all NULL when no TLS is used. 0, or -1 after a line on stderr. */
int links_new(struct links **ret, struct loop *loop, const struct link_files *files,
	const struct link_handlers *handlers);
void links_free(struct links *links);

/* Begins a connection; closed_h says when it fails. NULL after a line on stderr. */
struct link *links_connect(
	struct links *links, enum link_kind kind, const struct addr *remote);
/*
 * TCP: takes connections. UDP: *RET (may be NULL) is the link of the socket, which answers
 * whom it heard last; before that it sends to PEER (may be NULL). 0, or -1.
 */
int links_listen(struct links *links, enum link_kind kind, const struct addr *local,
	const struct addr *peer, struct link **ret);
/* How many are open, and how many are not yet. */
unsigned links_open(const struct links *links);
unsigned links_opening(const struct links *links);

bool link_is_open(const struct link *link);
enum link_kind link_kind(const struct link *link);
void link_send(struct link *link, const char *data, size_t len);
/* *WHEN_US becomes the time at which what was sent so far leaves; it must stay valid. */
void link_stamp(struct link *link, uint64_t *when_us);
