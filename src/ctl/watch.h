/* `tandemctl call show ID --watch`: a call as it goes on. tandemctl's only thread. */
#pragma once

#include "ctl/session.h"

/* Shows the call each second until it ends, and then its record. ARGS: the id, and --watch. Returns what
 * to exit with: API_OK when the call has ended. */
int watch_call(
	const struct session *session, const struct command *command, char *const *args);
