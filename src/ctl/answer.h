/* What the server answered, as it was asked for: for people, as JSON, CSV or a page. tandemctl's only
 * thread. */
#pragma once

#include "ctl/session.h"

#include <jansson.h>

/* Prints ANSWER to COMMAND. Returns what tandemctl exits with. */
int answer_print(const struct session *session, const struct command *command,
	const json_t *answer);
/* Flushes stdout; CODE, or API_FAILED after it was said that it cannot be written. */
int answer_flush(int code);
