/* What the index has, page by page: `cdr list`, `cdr report`. tandemctl's only thread. */
#pragma once

#include "ctl/session.h"

/* Asks for one page after the other and prints each before the next. Returns the exit code. */
int cdr_list(
	const struct session *session, const struct command *command, char *const *args);
