/* `tandemctl route replay`: done here, for it asks another configuration than the server has. tandemctl's only
 * thread. */
#pragma once

#include "ctl/session.h"

int replay_calls(
	const struct session *session, const struct command *command, char *const *args);
