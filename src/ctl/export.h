/*
 * `capture export`: the bundle that the server gives is written here, with the rights of whoever asks. tandemctl's only thread.
 */
#pragma once

#include "ctl/session.h"

/* Returns the exit code. */
int export_run(
	const struct session *session, const struct command *command, char *const *args);
