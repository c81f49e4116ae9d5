/* Alerts of TLS: what we send for a rule that refuses, and what theirs mean. Any thread. */
#pragma once

#include "tls/peer.h"

#include <gnutls/gnutls.h>
#include <stdbool.h>

/* RFC 6066 8, RFC 8446 6.2: an alert that the library does not name. */
#define ALERT_BAD_STATUS_RESPONSE 113

/* What tells the far end that RULE, none that is PEER_OK, refuses it; TLS_1_3: the version. */
gnutls_alert_description_t alert_for_rule(enum peer_rule rule, bool tls_1_3);
/* Whether ALERT says that our certificate is the trouble. */
bool alert_is_distrust(int alert);
