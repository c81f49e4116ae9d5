/*
 * Warns of certificates and revocation lists that expire: once each at 30, 7 and 1 days before,
 * and when they have expired. Checked every hour, and when the owner says that something
 * changed. The warnings that were given are remembered while the server runs, by certificate;
 * its successor is another certificate. Loop thread.
 */
#pragma once

#include "base/loop.h"
#include "trunk/seen.h"
#include "trunk/trunk.h"

struct expiry;

/* All are borrowed. 0 or -ENOMEM. */
int expiry_new(struct expiry **ret, struct loop *loop, const struct trunks *trunks,
	struct seen *seen);
void expiry_free(struct expiry *expiry); /* NULL is fine */

/* Checks now: after the start, a reload, changed files, a clock that was set. */
void expiry_check(struct expiry *expiry);
/* Checks within a second: a peer showed another certificate. */
void expiry_check_soon(struct expiry *expiry);
