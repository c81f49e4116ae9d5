/*
 * Whether a trunk or server gets new calls, in the words that the log, records and `route test` have for it. Loop
 * thread.
 */
#pragma once

#include "trunk/trunk.h"

#include <jansson.h>

/* One word: "ready", "drained", "full". Static. */
const char *state_word(const struct trunks *trunks, const struct trunk *trunk);
/* Why it gets none, in words: "full: 30 of 30 calls (max-calls)"; null: it gets calls. */
json_t *state_obstacle(const struct trunks *trunks, const struct trunk *trunk);
