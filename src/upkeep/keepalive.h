/*
 * CRLF keep-alives (RFC 5626 4.4.1) of the trunks that want them: over each connection that stands, whoever
 * made it, and over UDP to each address. A connection by which nothing at all comes within
 * KEEPALIVE_WITHIN_MS is cut, and its calls make another one. None is made for this alone. Loop thread.
 */
#pragma once

#include "upkeep/upkeep.h"

struct keepalives;

/* RFC 5626 4.4.1: then a flow counts as failed. */
#define KEEPALIVE_WITHIN_MS 10000

int keepalives_new(struct keepalives **ret, const struct upkeep_params *params);
void keepalives_free(struct keepalives *keepalives);  /* NULL is fine */
void keepalives_apply(struct keepalives *keepalives); /* as upkeep_apply() */
