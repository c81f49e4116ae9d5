/*
 * The subscription that a REFER of ours makes (RFC 3515 2.4.4, RFC 6665 4.1): by NOTIFY the far end of a leg says what
 * became of it. One a leg. Loop thread. Owned by its leg.
 */
#pragma once

#include "bridge/leg.h"

struct subscriber;

/* STATUS of what the REFER asked for, below 200 so far; from 200 on, or 0 where none was said, it is the last. */
typedef void subscriber_h(void *arg, int status);

/* LEG is about to be sent a REFER: what is notified of it goes to H with ARG. EXPIRES_S: as long as it may take; then 408 is
 * the last. 0 or -ENOMEM. */
int subscriber_begin(struct leg *leg, unsigned expires_s, subscriber_h *h, void *arg);
/* The REFER has gone, with CSEQ. */
void subscriber_sent(struct leg *leg, uint32_t cseq);
/* Forgets it; what is notified from then on belongs to no subscription. NULL is fine. */
void subscriber_free(struct subscriber *subscriber);
/* Answers TXN, a NOTIFY to LEG. */
void subscriber_receive(struct leg *leg, struct txn_server *txn);
