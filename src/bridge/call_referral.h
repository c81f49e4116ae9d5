/*
 * A REFER that goes on to the other far end (RFC 3515, 4488, 3891): who is to be called is written as that far end is shown numbers, at
 * our host, or as its own dialog; its answer and what it notifies come back as statuses, and nothing else. Loop thread.
 */
#pragma once

#include "bridge/call.h"

struct referral;

/* TXN, a REFER of FROM, a leg of CALL that talks, goes on to the other leg. False: it is not one that does, and nothing happened. */
bool referral_take(struct call *call, struct leg *from, struct txn_server *txn);
