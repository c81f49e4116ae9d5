/* `wire capture`, `capture start --wire`: what passes an interface, with the secrets that open it. tandemctl's only thread. */
#pragma once

#include "ctl/command.h"
#include "ctl/session.h"

/* An exit code. */
int wire_capture(
	const struct session *session, const struct command *command, char *const *args);
