/* `tandemctl trace`: what passes, as it passes. tandemctl's only thread. */
#pragma once

#include "ctl/session.h"

/* Prints each message until the trace ends, the server does, or nobody reads. Returns what tandemctl exits with. */
int trace_run(
	const struct session *session, const struct command *command, char *const *args);
