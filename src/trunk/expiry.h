/*
 * Warns in time of certificates and revocation lists that run out: once each at 30, 7 and 1
 * days before, and when they are over. Looked at every hour, and when the owner says that
 * something changed. What was said is remembered while the server runs, by the certificate:
 * one that takes its place is another. Loop thread.
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

/* Looks now: after the start, a reload, changed files, a clock that was set. */
void expiry_check(struct expiry *expiry);
/* Looks within a second: a peer showed another certificate. */
void expiry_check_soon(struct expiry *expiry);
