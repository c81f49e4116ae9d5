/*
 * Hiding what the caller of a party wishes to be hidden. Pure: functions from one party to another. Loop
 * thread.
 */
#pragma once

#include "bridge/party.h"

/*
 * PARTY hides what WISHES, a mask of enum privacy, name (RFC 3323 5, RFC 3325 7, RFC 5379 5.1, RFC 7044 10.1.2), and
 * what is marked as private one by one: entries of History-Info, Diversion and Remote-Party-ID. Of header and
 * session (RFC 3323) nothing is left to be done here but identities and history: a B2BUA that relays
 * media hides the rest. With WISHES 0 only what is marked is hidden.
 */
void party_privacy_hide(struct party *party, unsigned wishes);
/* Which of WISHES nobody here can fulfil; 0: none. */
unsigned party_privacy_unknown(unsigned wishes);
