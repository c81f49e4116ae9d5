/*
 * Whose calls are refused while the server has more to do than it can: everybody's, but for those of a trunk that
 * asks for little. So one that has gone mad does not take all from the others. Loop thread.
 *
 * What a trunk may always have is half of an equal share, among those who call at all, of the calls that were
 * taken in the last second. Only half, so that all of them together ask for less than what could be done, and
 * the server comes to rest again.
 */
#pragma once

#include "bridge/bridge_priv.h"

/* Whether a call that TRUNK makes now is to be refused, since there is too much to do. */
bool overload_refuses(struct bridge *bridge, const struct trunk *trunk);
/* It made that call, whatever became of it. */
void overload_note(struct bridge *bridge, struct trunk *trunk);
