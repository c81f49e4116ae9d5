/*
 * Which TLS we speak: 1.3, then 1.2, forward secrecy and AEAD, no resumption, no
 * renegotiation. One place, so that no session can be made with anything else.
 * Read-only after policy_start(), any thread.
 */
#pragma once

#include "base/err.h"

#include <gnutls/gnutls.h>
#include <stdbool.h>

/* Certificates in a peer's chain, and bytes in one of its handshake messages. */
#define POLICY_CHAIN_MAX 8
#define POLICY_HANDSHAKE_BYTES ((size_t)32 * 1024)

/* Initialises GnuTLS, unsets SSLKEYLOGFILE, parses the priorities. 0 or ERR_LIBRARY. */
int policy_start(struct err_text *text);
void policy_stop(void);

/*
 * A session that accepts or connects, with everything below applied: the only way that
 * the rest of Tandem makes one. 0 or ERR_LIBRARY; the caller owns *RET.
 */
int policy_session(gnutls_session_t *ret, bool accept);

/* Applies versions, ciphers, signature rules and handshake bounds to a new session. */
int policy_apply(gnutls_session_t session);
