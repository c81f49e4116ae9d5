/*
 * Who is shown to whom: which identities of a party are believed, and which ones each far end sees (RFC 3323,
 * 3325, draft-ietf-sip-privacy-04, RFC 5806, 7044). Pure: functions from one party to another, by the
 * settings of a trunk or server. Loop thread.
 */
#pragma once

#include "bridge/party.h"
#include "config/config.h"

/* PARTY came from who has SETTINGS: what is not believed is removed. */
void party_identity_in(struct party *party, const struct config_identity *settings);

/*
 * PARTY, a copy for the far end with SETTINGS, becomes what that is shown, numbers apart. An emergency call is shown
 * as it is, whatever its caller wishes to hide. 0; -ENOMEM; ERR_LIMIT where texts of its own grew too long; -EPERM: its caller
 * calls a wish critical that cannot be fulfilled (RFC 3323 4.2), and PARTY may not be shown at all.
 */
int party_identity_out(struct party *party, const struct config_identity *settings);
