/*
 * The secrets of TLS connections, for somebody who may read what was captured of them on the wire: lines of the NSS key log
 * (draft-ietf-tls-keylogfile). Without a listener none is made. Loop thread.
 */
#pragma once

#include "base/addr.h"
#include "base/span.h"

#include <gnutls/gnutls.h>

/* LINE, with its end, is of a connection with REMOTE, whose len is 0 where that is gone already. It is wiped when H returns.
 * P NULL: there was no room for it, and it is lost. */
typedef void keylog_h(void *arg, const struct addr *remote, struct span line);

/* From now on H is told of connections that begin. NULL: nobody is, of any. */
void keylog_set(keylog_h *h, void *arg);
/* SESSION, over the socket FD, which stays open as long as it, begins. */
void keylog_watch(gnutls_session_t session);
