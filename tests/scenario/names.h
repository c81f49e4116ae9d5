/* What the fake resolver answers; the rest of its face is sip/resolve.h. */
#pragma once

#include "base/list.h"
#include "sip/resolve.h"

/* HOST has these addresses; none: it does not exist. */
void names_set(struct resolver *resolver, const char *host, const struct addr *addrs,
	unsigned count);
/* HOST is asked for in vain, until names_answer(). */
void names_hold(struct resolver *resolver, const char *host);
void names_answer(struct resolver *resolver, const char *host);
