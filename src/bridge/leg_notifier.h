/*
 * The subscription that a REFER makes (RFC 3515 2.4.4): who sent it hears by NOTIFY what became of
 * it, one NOTIFY at a time, so that the latest is the last. Loop thread. Owned by its leg.
 */
#pragma once

#include "bridge/leg.h"

struct notifier;

/* LEG's peer sent REFER: its subscription begins. Nothing is sent yet. EXPIRES_S: how long it may take. 0 or -ENOMEM. */
int notifier_begin(struct leg *leg, const struct message *refer, unsigned expires_s);
/* STATUS came of it so far, or at last, from 200 on: then the subscription is over, and the leg has none once
 * the NOTIFY is answered. Nothing happens without a subscription. */
void notifier_say(struct leg *leg, int status);
/* Forgets it; a NOTIFY that is under way tells nobody. NULL is fine. */
void notifier_free(struct notifier *notifier);
