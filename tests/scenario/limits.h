/* What ends a long run of flows before its time: who started it, and a flow that never ends. */
#pragma once

#include <stdbool.h>

/* From now on SIGINT and SIGTERM ask for the end, this process and those that it forks. They are to look
 * for it between two flows, so that what was done until then is still told. */
void limits_begin(void);
bool limits_end_asked(void);

/* Ends this process by SIGPROF when it has used SECONDS more of the processor. Whether the machine is busy
 * does not count, for a flow on the virtual clock waits for nothing. Each call begins anew. */
void limits_cpu(unsigned seconds);
