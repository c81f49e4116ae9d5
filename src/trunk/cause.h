/*
 * Which final status crosses the bridge as which. A status about the callee or the call passes.
 * One about the request that we made to one far end becomes a status of our own. Any thread.
 */
#pragma once

/* STATUS as one leg gave it (300-699) -> what the other leg is answered with. */
int cause_map(int status);
