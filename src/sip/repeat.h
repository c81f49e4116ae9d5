/*
 * A request that is sent again with what its far end asked for: credentials (RFC 3261 22.2, 22.3), or a longer
 * session interval (RFC 4028 7.3). The same text, with a new branch, the next CSeq number and what was asked for, in
 * a new transaction; whoever sent it hears of the last response alone. Loop thread.
 */
#pragma once

#include "sip/account.h"
#include "sip/dialog.h"
#include "sip/txn.h"

/* Inserts into TEXT, a whole request, the credentials that ACCOUNT has for it, behind its CSeq, in the place of
 * those that it may have. What fails is told by TEXT. */
void repeat_write_credentials(struct account *account, struct buf *text);

/* Credentials of TEXT, whole lines; owned by the caller. NULL: none, or no memory. */
char *repeat_credentials(struct span text);

/* So often a request is sent again with another Min-SE: each proxy on its way may have one of its own. */
#define REPEAT_MIN_SE 4

/* For a transaction of a request within DIALOG, which numbers it, and may end before; ACCOUNT gets a
 * reference. DIALOG may be NULL: nobody else sends in it. ACCOUNT may be NULL: a challenge is its final
 * response; so is a 422 unless it TAKES_422. NULL: out of memory. */
struct txn_again *repeat_new(
	struct account *account, struct dialog *dialog, bool takes_422);
