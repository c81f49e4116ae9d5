/*
 * The options that a request requires (RFC 3261 8.2.2.3). Loop thread.
 */
#pragma once

#include "base/buf.h"
#include "sip/message.h"

/* Appends those of REQUEST that we do not have, as a list of tokens. 100rel, timer and
 * replaces are matters of the trunk. */
void require_unknown(const struct message *request, struct buf *out);
/* Whether there is such an option. */
bool require_has_unknown(const struct message *request);
