/*
 * OPTIONS from time to time to each address of each trunk that wants it (options-ping): whether it
 * would take a call is known before a caller finds out. Loop thread.
 *
 * A trunk has one timer, and a turn of it allocates nothing but what the request itself needs. Of
 * all trunks PINGS_MAX requests at most are under way; what is due then waits its turn.
 */
#pragma once

#include "upkeep/upkeep.h"

struct pings;

/* Requests under way at once: as many as ten thousand trunks a minute need while a fifth is silent. */
#define PINGS_MAX 256
/* An address that did not answer, or rests, is asked again so soon. */
#define PING_AGAIN_MS 5000
/* One that answered, and is not up yet, is asked again so soon. */
#define PING_CONFIRM_MS 1000

int pings_new(struct pings **ret, const struct upkeep_params *params); /* 0 or -ENOMEM */
void pings_free(struct pings *pings);                                  /* NULL is fine */
void pings_apply(struct pings *pings); /* as upkeep_apply() */
