/* `tandemctl events`: what happens, as it happens. tandemctl's only thread. */
#pragma once

#include "ctl/session.h"

/* Prints events until there were as many as wanted, or the server ends. ARGS: matches, and -n N. Returns
 * what to exit with. */
int follow_events(
	const struct session *session, const struct command *command, char *const *args);
