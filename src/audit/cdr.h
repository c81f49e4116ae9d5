/*
 * A call's record as one line of JSON: the CDR. Pure; any thread.
 */
#pragma once

#include "base/buf.h"
#include "bridge/record.h"

/*
 * Appends the line without its line end to OUT. Strings become valid UTF-8 whatever a peer
 * sent; times are RFC 3339 UTC; what never happened is null. Errors stick in OUT.
 */
void cdr_format(const struct record *record, struct buf *out);
