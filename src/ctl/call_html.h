/* One call as one page. tandemctl's only thread. */
#pragma once

#include "base/buf.h"

#include <jansson.h>

/*
 * CALL is what `call show` answered, best with --messages. A page by itself, well-formed as XML too: no scripts, nothing
 * loaded from elsewhere, fit for printing, light or dark as its reader likes. Whatever peers sent is text in it. Errors
 * stick in OUT.
 */
void call_html(const json_t *call, struct buf *out);
