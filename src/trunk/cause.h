/*
 * Which final status crosses the bridge as which. What says something about the callee or
 * the call passes; what is between us and one neighbour becomes ours. Any thread.
 */
#pragma once

/* STATUS as one leg gave it (300-699) -> what the other leg is answered with. */
int cause_map(int status);
