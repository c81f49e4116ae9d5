/*
 * What a call's record says of the protection of its legs, read from the line that
 * cdr_format() made. Pure; any thread.
 */
#pragma once

#include "base/span.h"

#include <stdbool.h>

/*
 * Strings as they stand in the line: without their quotes, escapes kept, borrowed of it. One that
 * the line does not have has p NULL.
 */
struct cdr_leg {
	struct span party;
	struct span transport, tls_version, tls_cipher, peer_names;
	struct span media;
	struct span signalling_required, media_required; /* not in records of old */
};

struct cdr {
	struct span line; /* all of it */
	struct span id;
	struct span end; /* as clock_text() wrote it: later ones compare greater */
	bool message;    /* of a request that is no call */
	bool answered;
	struct cdr_leg legs[2]; /* as in struct record */
};

/* LINE is without its line end. 0; -ENOMSG: it is a record of no call, of which LINE and END are set alone; or ERR_FORMAT: it
 * is no record. */
int cdr_read(struct cdr *ret, struct span line);
