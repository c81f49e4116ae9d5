/*
 * Which final status crosses the bridge as which. A status about the callee or the call passes.
 * One about the request that we made to one far end becomes a status of our own. Any thread.
 */
#pragma once

#include "config/config.h"

#include <stdbool.h>

/* STATUS as one leg gave it (300-699) -> what the other leg is answered with. */
int cause_map(int status);
/* Whether STATUS, of a request that brings something of its sender's (MESSAGE, INFO), is about that, though cause_map()
 * takes it for one about our request: its sender gets it as it is. */
bool cause_is_of_content(int status);
/*
 * The same where nobody is left to be asked, and STATUS is what the last one said: an error of its own is
 * 503, which says "another way may lead there" to a caller that has one. 500 and 502 say it to few.
 */
int cause_exhausted(int status);

/*
 * The same by CODES, those of the far end that refused with STATUS and CAUSE, the Q.850 cause of its Reason (0:
 * none), where one of these rules takes it.
 */
int cause_map_by(const struct config_words *codes, int status, unsigned cause);
int cause_exhausted_by(const struct config_words *codes, int status, unsigned cause);
/* STATUS (400-699), which a far end is about to be answered with, by its CODES_OUT: itself where no rule takes it. */
int cause_out(const struct config_words *codes_out, int status, unsigned cause);
