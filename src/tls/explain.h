/*
 * Why a handshake failed, in words: which side refused, which rule, what was expected
 * and presented. The log, tandemctl and reports all use these words. Loop thread.
 */
#pragma once

#include "base/buf.h"
#include "tls/channel.h"

/*
 * Appends `tls refused by=us rule=name expected=... presented=...`, or
 * `tls refused by=them alert="..."`, or `tls failed error="..."`: key=value words for one
 * log line, peers' text escaped.
 */
void explain_channel(const struct channel *channel, struct buf *out);

/* A sentence that says what to do about RULE, e.g. "add the issuer to trust". */
const char *explain_fix(enum peer_rule rule);
/* The same for what CHANNEL met, also for the far end's alert. "" when it is fine. */
const char *explain_advice(const struct channel *channel);
