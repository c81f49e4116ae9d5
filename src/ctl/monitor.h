/* `tandemctl monitor`: how the server fares, again and again. tandemctl's only thread. */
#pragma once

#include "ctl/session.h"

/* Shows a sample in each interval. ARGS: -n N, so many rounds; -i SECONDS. Returns what to exit with. */
int monitor_run(
	const struct session *session, const struct command *command, char *const *args);
