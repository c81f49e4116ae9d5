/* What the server answered, as it was asked for: for people, as JSON, CSV or a page. tandemctl's only
 * thread. */
#pragma once

#include "ctl/session.h"

#include <jansson.h>

/* Prints ANSWER to COMMAND. Returns what tandemctl exits with. */
int answer_print(const struct session *session, const struct command *command,
	const json_t *answer);
/* Ends what was asked: prints ANSWER, which is taken (NULL: there is no more to say); or, where CODE is not API_OK, WHY nobody
 * answered. Returns what tandemctl exits with. */
int answer_end(const struct session *session, const struct command *command, int code,
	json_t *answer, const char *why);
/* Flushes stdout; CODE, or API_FAILED after it was said that it cannot be written. */
int answer_flush(int code);
