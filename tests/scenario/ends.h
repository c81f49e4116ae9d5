/* Which end of the relay a step means: "a", that of who called, or "b"; or of the newest call
 * that of its leg on a side, "internal" or "external". */
#pragma once

#include "told.h"

#include "bridge/bridge.h"

enum relay_end ends_find(
	struct bridge *bridge, const struct relay *relay, const char *word);
