/* `tandemctl report sign --to DIR`: what the server answers becomes files, for tandem-verify(1). tandemctl's only thread. */
#pragma once

#include "ctl/session.h"

int sign_report(
	const struct session *session, const struct command *command, char *const *args);
